// SPDX-License-Identifier: GPL-2.0

//! The sockets of the caller's network namespace of which `sock_diag(7)` tells, by their cookies.
//!
//! Context: process, may sleep.
//!
//! C file: `src/sys/c/sockets.c`

use core::ffi::c_void;

use kernel::bindings;

use super::raw;
use super::sock::SkRef;

/// A TCP, UDP or raw socket that has a cookie.
pub(crate) struct Listed<'a> {
    /// The socket, or the listener while the connection is only requested. `None` for a timewait
    /// socket.
    pub(crate) owner: Option<SkRef<'a>>,
    /// Its scope, as [`SkRef::set_scope`] told it; 0 for none.
    pub(crate) scope: u32,
    /// Its cookie, not 0.
    pub(crate) cookie: u64,
}

/// Calls `visit` with every such socket: TCP ones that listen or have a connection, UDP ones with a
/// port, and raw ones. `visit` runs with spinlocks held, or under RCU, and must not sleep.
pub(crate) fn each<F: FnMut(&Listed<'_>)>(mut visit: F) {
    /// # Safety
    ///
    /// Until this returns, `owner` is null or a valid full socket, and `data` points to an `F` that
    /// nothing else uses.
    unsafe extern "C" fn call<F: FnMut(&Listed<'_>)>(
        owner: *const bindings::sock,
        scope: u32,
        cookie: u64,
        data: *mut c_void,
    ) {
        // SAFETY: `data` is that of the call below, which points to the `F` of this `call::<F>`.
        let visit = unsafe { &mut *data.cast::<F>() };
        visit(&Listed {
            // SAFETY: acf_visit_inet() is called with the lock of the table that has the socket, or
            // RCU for a raw one. It leaves the table before it is freed, and is freed a grace period later
            // if it is raw. A request, while it is there, holds a reference to its listener.
            owner: unsafe { SkRef::new(owner) },
            scope,
            cookie,
        });
    }
    let data: *mut F = &mut visit;
    // SAFETY: `visit` is a local variable that nothing else uses until the helper returns. It calls
    // `call::<F>` with `data`, as that requires, and not afterwards.
    unsafe { raw::acf_helper_each_inet_socket(Some(call::<F>), data.cast()) };
}
