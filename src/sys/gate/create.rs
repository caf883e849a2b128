// SPDX-License-Identifier: GPL-2.0

//! Hooks of making sockets.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::prelude::*;

use super::{answer, socket};
use crate::sys::sock::SkRef;

/// A program makes a socket.
///
/// Context: process, may sleep.
pub(crate) trait CreateHooks {
    /// `socket()` or `socketpair()`, before the socket is made.
    fn socket_create(family: i32, kind: i32, protocol: i32) -> Result;
    /// The socket was made. An error releases it again.
    fn socket_post_create(sock: SkRef<'_>) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Creating<T>(PhantomData<T>);

impl<T: CreateHooks> Creating<T> {
    pub(super) extern "C" fn socket_create(
        family: c_int,
        kind: c_int,
        protocol: c_int,
        kern: c_int,
    ) -> c_int {
        // A socket that the kernel makes for itself is no program's.
        if kern != 0 {
            return 0;
        }
        answer(|| T::socket_create(family, kind, protocol))
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_post_create(
        sock: *mut bindings::socket,
        _family: c_int,
        _kind: c_int,
        _protocol: c_int,
        kern: c_int,
    ) -> c_int {
        if kern != 0 {
            return 0;
        }
        // SAFETY: `__sock_create()` owns the new socket until the hook has returned.
        answer(|| T::socket_post_create(unsafe { socket(sock) }?))
    }
}
