// SPDX-License-Identifier: GPL-2.0

//! What changes a socket, or tells something only once.

use core::ffi::{c_int, c_uint};
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use super::{ask, socket};
use crate::sys::sock::SkRef;

/// The running task changes a socket, or asks it something.
pub(crate) trait ChangeHooks {
    /// `setsockopt()`. May sleep.
    fn socket_setsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result;
    /// `getsockopt()`, but for what receives data. May sleep.
    fn socket_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result;
    /// `shutdown()`. May sleep.
    fn socket_shutdown(sock: SkRef<'_>) -> Result;
    /// `ioctl()` with this request. May sleep.
    fn socket_ioctl(sock: SkRef<'_>, request: u32) -> Result;
    /// `fcntl()` with this command. May sleep.
    fn socket_fcntl(sock: SkRef<'_>, command: u32) -> Result;
    /// A command of an io_uring. May sleep.
    fn socket_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Changing<T>(PhantomData<T>);

impl<T: ChangeHooks> Changing<T> {
    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_setsockopt(
        sock: *mut bindings::socket,
        level: c_int,
        name: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_setsockopt(unsafe { socket(sock) }?, level, name).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_getsockopt(
        sock: *mut bindings::socket,
        level: c_int,
        name: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { ask(sock, |sock| T::socket_getsockopt(sock, level, name)) }
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_shutdown(
        sock: *mut bindings::socket,
        _how: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { ask(sock, T::socket_shutdown) }
    }

    /// # Safety
    ///
    /// Called by the gate: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_ioctl(
        sock: *mut bindings::socket,
        request: c_uint,
    ) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { ask(sock, |sock| T::socket_ioctl(sock, request)) }
    }

    /// # Safety
    ///
    /// Called by the gate: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_fcntl(
        sock: *mut bindings::socket,
        command: c_uint,
    ) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { ask(sock, |sock| T::socket_fcntl(sock, command)) }
    }

    /// # Safety
    ///
    /// Called by the gate: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_uring_cmd(
        sock: *mut bindings::socket,
        operation: c_uint,
    ) -> c_int {
        // SAFETY: By the function's contract.
        unsafe { ask(sock, |sock| T::socket_uring_cmd(sock, operation)) }
    }
}
