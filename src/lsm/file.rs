// SPDX-License-Identifier: GPL-2.0

//! Files that are no sockets: an associated task may write no memory but that of its
//! own kind, inject no packets, and use no ring that others made. It may have come
//! by such a file before it was associated, and where no descriptor shows it. Context:
//! process, may sleep.

use kernel::prelude::*;

use crate::sys::file::FileRef;
use crate::sys::gate::FileHooks;
use crate::sys::task::MemoryKey;
use crate::table::{self, files};

use super::current;

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
        // Sockets are asked about by their own hooks.
        match files::bypass(&info, is_own) {
            Some(_) if info.socket.is_none() => Err(EACCES),
            _ => Ok(()),
        }
    }
}
