// SPDX-License-Identifier: GPL-2.0

//! Which kind of bypass an open file is. Context: any.

use crate::abi::Bypass;
use crate::policy::{self, Memory, OpenFile};
use crate::sys::file::FileInfo;
use crate::sys::task::MemoryKey;

/// The kind of bypass that an open file is, if it is one. `is_own`: whether this
/// memory belongs to the process that has the file, or to another inside the
/// association.
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
