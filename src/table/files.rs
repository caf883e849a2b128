// SPDX-License-Identifier: GPL-2.0

//! What goes around an association, by what open files are. Any context.

use crate::abi::Bypass;
use crate::policy::{self, Memory, OpenFile};
use crate::sys::file::FileInfo;
use crate::sys::task::MemoryKey;

/// What an open file goes around, if it does. `is_own` tells memory of the process
/// that has the file, or of its own kind.
pub(crate) fn bypass(file: &FileInfo, is_own: impl FnOnce(MemoryKey) -> bool) -> Option<Bypass> {
    let file = match file.socket {
        Some(socket) => OpenFile::Socket {
            family: socket.family,
            protocol: socket.protocol,
            state: socket.state,
            redirected: socket.redirected,
        },
        None => OpenFile::Other {
            device: file.device,
            foreign_ring: file.foreign_ring,
            memory: match file.memory {
                None => Memory::None,
                Some(memory) if is_own(memory) => Memory::Own,
                Some(_) if file.pages => Memory::ForeignPages,
                Some(_) => Memory::Foreign,
            },
        },
    };
    policy::bypass(&file)
}
