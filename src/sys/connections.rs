// SPDX-License-Identifier: GPL-2.0

//! The kernel's hash of TCP connections: every one there is, wherever its
//! descriptor is, if it has one. May sleep.
//!
//! C header: `include/net/inet_hashtables.h`

use core::ffi::c_void;

use kernel::bindings;

use super::raw;
use super::sock::{SkRef, SocketInfo};

/// A connection, in any state but listening.
pub(crate) struct Connection<'a> {
    /// The socket, or the listener's as long as it is only asked for. `None` in
    /// its final wait.
    pub(crate) owner: Option<SkRef<'a>>,
    /// What it is.
    pub(crate) info: SocketInfo,
}

/// What a walk did.
pub(crate) struct Ended {
    /// So many full sockets were ended.
    pub(crate) count: u64,
    /// Some that were wanted are locked by their owners.
    pub(crate) is_busy: bool,
}

/// Ends those connections that `wanted` says yes to, as if by a reset. `wanted`
/// runs with spinlocks held and must not sleep. Waits for no socket's owner.
pub(crate) fn end<F: FnMut(&Connection<'_>) -> bool>(mut wanted: F) -> Ended {
    /// # Safety
    ///
    /// `owner` is null or a full socket, `info` was filled in, and `data` is an
    /// exclusive pointer to an `F`.
    unsafe extern "C" fn call<F: FnMut(&Connection<'_>) -> bool>(
        owner: *const bindings::sock,
        info: *const raw::acf_sock_info,
        data: *mut c_void,
    ) -> bool {
        // SAFETY: By the function's contract.
        let wanted = unsafe { &mut *data.cast::<F>() };
        wanted(&Connection {
            // SAFETY: By the function's contract, for this call.
            owner: unsafe { SkRef::new(owner) },
            // SAFETY: By the function's contract.
            info: SocketInfo::from_raw(unsafe { &*info }),
        })
    }

    let mut walk = raw::acf_walk {
        wanted: Some(call::<F>),
        data: core::ptr::addr_of_mut!(wanted).cast(),
        ended: 0,
        busy: false,
    };
    // SAFETY: The helper calls `call::<F>` as it wants to be called, with `wanted`,
    // which nobody else uses meanwhile, and only until it returns.
    unsafe { raw::acf_helper_end_connections(&mut walk) };
    Ended {
        count: walk.ended,
        is_busy: walk.busy,
    }
}

/// Looks at every connection, and ends none. `look` runs with spinlocks held and
/// must not sleep.
pub(crate) fn each(mut look: impl FnMut(&Connection<'_>)) {
    end(|connection| {
        look(connection);
        false
    });
}
