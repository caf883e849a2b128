// SPDX-License-Identifier: GPL-2.0

//! Hooks of calls that change a socket, or read what it reports only once.

use core::ffi::{c_int, c_uint};
use core::marker::PhantomData;

use kernel::bindings;
use kernel::prelude::*;

use super::{answer, ask, socket};
use crate::sys::sock::SkRef;

/// The running task changes a socket, or reads its state.
///
/// Context: process, may sleep.
pub(crate) trait ChangeHooks {
    /// `setsockopt()`.
    fn socket_setsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result;
    /// `getsockopt()`. For `TCP_ZEROCOPY_RECEIVE`, which receives data, the gate calls
    /// [`socket_recvmsg`](super::HoldHooks::socket_recvmsg) instead.
    fn socket_getsockopt(sock: SkRef<'_>, level: i32, name: i32) -> Result;
    /// `shutdown()`.
    fn socket_shutdown(sock: SkRef<'_>) -> Result;
    /// `ioctl()` with this request.
    fn socket_ioctl(sock: SkRef<'_>, request: u32) -> Result;
    /// `fcntl()` with this command.
    fn socket_fcntl(sock: SkRef<'_>, command: u32) -> Result;
    /// A command of an io_uring for this socket.
    fn socket_uring_cmd(sock: SkRef<'_>, operation: u32) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Changing<T>(PhantomData<T>);

impl<T: ChangeHooks> Changing<T> {
    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_setsockopt(
        sock: *mut bindings::socket,
        level: c_int,
        name: c_int,
    ) -> c_int {
        // SAFETY: The caller of `do_sock_setsockopt()` holds a reference to the socket's file.
        answer(|| T::socket_setsockopt(unsafe { socket(sock) }?, level, name))
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_getsockopt(
        sock: *mut bindings::socket,
        level: c_int,
        name: c_int,
    ) -> c_int {
        // SAFETY: The caller of `do_sock_getsockopt()` holds a reference to the socket's file.
        unsafe { ask(sock, |sock| T::socket_getsockopt(sock, level, name)) }
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_shutdown(
        sock: *mut bindings::socket,
        _how: c_int,
    ) -> c_int {
        // SAFETY: The caller of `__sys_shutdown_sock()` holds a reference to the socket's file.
        unsafe { ask(sock, T::socket_shutdown) }
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_ioctl(
        sock: *mut bindings::socket,
        request: c_uint,
    ) -> c_int {
        // SAFETY: `sock` is that of a file to which `ioctl()` holds a reference.
        unsafe { ask(sock, |sock| T::socket_ioctl(sock, request)) }
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_fcntl(
        sock: *mut bindings::socket,
        command: c_uint,
    ) -> c_int {
        // SAFETY: `sock` is that of a file to which `fcntl()` holds a reference.
        unsafe { ask(sock, |sock| T::socket_fcntl(sock, command)) }
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_uring_cmd(
        sock: *mut bindings::socket,
        operation: c_uint,
    ) -> c_int {
        // SAFETY: `sock` is that of the file to which the io_uring's request holds a
        // reference.
        unsafe { ask(sock, |sock| T::socket_uring_cmd(sock, operation)) }
    }
}
