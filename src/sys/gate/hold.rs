// SPDX-License-Identifier: GPL-2.0

//! Hooks of receiving data, connections and descriptors.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::prelude::*;

use super::file::{FileHooks, Files};
use super::{answer, socket};
use crate::sys::raw;
use crate::sys::sock::SkRef;

/// The running task receives on a socket, or gets one.
///
/// Context: process, may sleep.
pub(crate) trait HoldHooks {
    /// A connection is about to be accepted on `sock`.
    fn socket_accept(sock: SkRef<'_>) -> Result;
    /// A message is about to be received on `sock`.
    fn socket_recvmsg(sock: SkRef<'_>) -> Result;
    /// The running task is about to receive a descriptor of `sock` from another process, or
    /// to map it.
    fn socket_receive(sock: SkRef<'_>) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Holding<T>(PhantomData<T>);

impl<T: HoldHooks> Holding<T> {
    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_accept(
        sock: *mut bindings::socket,
        _newsock: *mut bindings::socket,
    ) -> c_int {
        // SAFETY: The caller of `do_accept()` holds a reference to the listener's file.
        answer(|| T::socket_accept(unsafe { socket(sock) }?))
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_recvmsg(
        sock: *mut bindings::socket,
        _msg: *mut bindings::msghdr,
        _size: c_int,
        _flags: c_int,
    ) -> c_int {
        // SAFETY: The receiver holds a reference to the socket's file, or owns the socket.
        answer(|| T::socket_recvmsg(unsafe { socket(sock) }?))
    }

    /// The running task receives a descriptor, or maps a file: a socket or another one.
    ///
    /// # Safety
    ///
    /// A reference to `file` is held until this returns.
    pub(super) unsafe extern "C" fn file_receive<F: FileHooks>(file: *mut bindings::file) -> c_int {
        // SAFETY: receive_fd(), receive_fd_replace(), scm_detach_fds() and the callers of
        // security_mmap_file() hold a reference to `file`.
        let sk = unsafe { raw::acf_helper_file_sk(file) };
        // SAFETY: `sk` is null or a full socket, as it is that of a `struct socket`. The
        // reference to `file` keeps the socket from being released until this returns.
        match unsafe { SkRef::new(sk) } {
            Some(sk) => answer(|| T::socket_receive(sk)),
            // SAFETY: The same reference to `file` is held until this returns.
            None => unsafe { Files::<F>::file_permission(file) },
        }
    }
}
