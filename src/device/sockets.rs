// SPDX-License-Identifier: GPL-2.0

//! Which sockets belong to which associations, as `src/abi/sockets.rs` documents it.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::abi::{SocketEntry, SocketsRequest, Wire, MAX_SOCKETS};
use crate::sys::listed::{self, Listed};
use crate::table::sockets;

use super::calls::authorised;
use super::entries::Bytes;
use super::user::{write_what_fits, Argument};

/// Lists the sockets of associations.
pub(super) fn list(arg: Argument) -> Result {
    authorised()?;
    let mut request: SocketsRequest = arg.read()?;
    if request.room > MAX_SOCKETS {
        return Err(EINVAL);
    }
    let mut found = KVVec::with_capacity(request.room.try_into()?, GFP_KERNEL)?;
    let mut count = 0_usize;
    listed::each(|socket| {
        if let Some(entry) = entry(socket) {
            count += 1;
            // Spinlocks are held. What does not fit is counted.
            let _ = found.push_within_capacity(entry);
        }
    });
    write_what_fits(
        request.sockets,
        request.room,
        SocketEntry::SIZE,
        &found,
        Bytes::of_socket,
    )?;
    request.count = count.try_into()?;
    arg.write(&request)
}

/// The entry of a socket. A socket that belongs to no association has none.
fn entry(socket: &Listed<'_>) -> Option<SocketEntry> {
    let association = match socket.owner {
        Some(owner) => sockets::association_of(owner)?.id(),
        None if socket.scope == 0 => return None,
        None => socket.scope,
    };
    Some(SocketEntry {
        cookie: socket.cookie,
        association: association.into(),
    })
}
