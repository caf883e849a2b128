// SPDX-License-Identifier: GPL-2.0

//! Receiving, and getting descriptors from others.

use core::ffi::c_int;
use core::marker::PhantomData;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use super::file::{FileHooks, Files};
use super::socket;
use crate::sys::raw;
use crate::sys::sock::SkRef;

/// The running task receives by a socket, or gets one.
pub(crate) trait HoldHooks {
    /// A connection is about to be accepted. May sleep.
    fn socket_accept(sock: SkRef<'_>) -> Result;
    /// A message is about to be received. May sleep.
    fn socket_recvmsg(sock: SkRef<'_>) -> Result;
    /// The running task is about to get a descriptor of `sock` from another
    /// process, or to map it. May sleep.
    fn socket_receive(sock: SkRef<'_>) -> Result;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Holding<T>(PhantomData<T>);

impl<T: HoldHooks> Holding<T> {
    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_accept(
        sock: *mut bindings::socket,
        _newsock: *mut bindings::socket,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_accept(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_recvmsg(
        sock: *mut bindings::socket,
        _msg: *mut bindings::msghdr,
        _size: c_int,
        _flags: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_recvmsg(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// The running task gets a descriptor, of a socket or of another file.
    ///
    /// # Safety
    ///
    /// Called by the LSM core: `file` is valid.
    pub(super) unsafe extern "C" fn file_receive<F: FileHooks>(file: *mut bindings::file) -> c_int {
        // SAFETY: By the function's contract.
        let sk = unsafe { raw::acf_helper_file_sk(file) };
        // SAFETY: The socket of a file is a full one, and stays as long.
        match unsafe { SkRef::new(sk) } {
            Some(sk) => from_result(|| T::socket_receive(sk).map(|()| 0)),
            // SAFETY: By the function's contract.
            None => unsafe { Files::<F>::file_permission(file) },
        }
    }
}
