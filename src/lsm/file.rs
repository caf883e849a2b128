// SPDX-License-Identifier: GPL-2.0

//! Files that are not sockets. An associated task may not access the memory of tasks outside its
//! association and the parts of that, inject packets, or use an io_uring that others made. It may
//! have opened such a file before it was associated, and keep it where no descriptor shows it.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::events::Operation;
use crate::policy::Refusal;
use crate::sys::file::FileRef;
use crate::sys::gate::FileHooks;
use crate::sys::task::MemoryKey;
use crate::table::{self, files};

use super::{current, Call};

/// The rules for files.
pub(crate) enum Files {}

impl FileHooks for Files {
    fn file_use(file: FileRef<'_>) -> Result {
        let Some(association) = current() else {
            return Ok(());
        };
        let is_own = |memory: MemoryKey| {
            memory.is_current()
                || table::get().is_some_and(|t| t.members().has_memory(&association, memory))
        };
        let info = file.info();
        // Sockets are checked by their own hooks.
        match files::bypass(&info, is_own) {
            Some(_) if info.socket.is_none() => {
                Err(Call::new(&association, Operation::Descriptor).refuse(Refusal::Bypass))
            }
            _ => Ok(()),
        }
    }
}
