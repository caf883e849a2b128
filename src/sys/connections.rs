// SPDX-License-Identifier: GPL-2.0

//! The kernel's hash of TCP connections. It has every connection, wherever its descriptor is,
//! and those without a descriptor.
//!
//! Context: process, may sleep.
//!
//! C header: `include/net/inet_hashtables.h`

use core::ffi::c_void;

use kernel::bindings;

use super::raw;
use super::sock::{SkRef, SocketInfo};

/// A connection, in any state but listening.
pub(crate) struct Connection<'a> {
    /// The socket, or the listener while the connection is only requested. `None` for a timewait
    /// socket.
    pub(crate) owner: Option<SkRef<'a>>,
    /// The addresses and state of the connection.
    pub(crate) info: SocketInfo,
}

/// The result of a walk.
pub(crate) struct Ended {
    /// How many full sockets were reset.
    pub(crate) count: u64,
    /// Some connections were left because their owners keep them locked, or new ones kept coming.
    pub(crate) is_busy: bool,
}

/// Resets the connections for which `wanted` returns `true`. `wanted` runs with spinlocks held
/// and must not sleep. Never waits for the owner of a socket.
pub(crate) fn end<F: FnMut(&Connection<'_>) -> bool>(mut wanted: F) -> Ended {
    /// # Safety
    ///
    /// Until this returns, `owner` is null or a valid full socket, `info` points to a filled
    /// structure that nobody writes, and `data` to an `F` that nothing else uses.
    unsafe extern "C" fn call<F: FnMut(&Connection<'_>) -> bool>(
        owner: *const bindings::sock,
        info: *const raw::acf_sock_info,
        data: *mut c_void,
    ) -> bool {
        // SAFETY: `data` is the `walk.data` below, which points to the `F` of this `call::<F>`.
        let wanted = unsafe { &mut *data.cast::<F>() };
        wanted(&Connection {
            // SAFETY: acf_collect() holds the lock of the bucket. A socket leaves the bucket before
            // it is freed, and a request, while it is there, holds a reference to its listener.
            owner: unsafe { SkRef::new(owner) },
            // SAFETY: `info` is a local variable of acf_collect(), which has just filled it.
            info: SocketInfo::from_raw(unsafe { &*info }),
        })
    }

    let mut walk = raw::acf_walk {
        wanted: Some(call::<F>),
        data: core::ptr::addr_of_mut!(wanted).cast(),
        ended: 0,
        busy: false,
    };
    // SAFETY: `walk` and `wanted` are local variables that nothing else uses until the helper
    // returns. It calls `call::<F>` with `walk.data`, as that requires, and not afterwards.
    unsafe { raw::acf_helper_end_connections(&mut walk) };
    Ended {
        count: walk.ended,
        is_busy: walk.busy,
    }
}

/// Calls `look` with every connection, and resets none. `look` runs with spinlocks held and must
/// not sleep.
pub(crate) fn each(mut look: impl FnMut(&Connection<'_>)) {
    end(|connection| {
        look(connection);
        false
    });
}
