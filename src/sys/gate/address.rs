// SPDX-License-Identifier: GPL-2.0

//! What names an address: binding, connecting, sending.

use core::ffi::c_int;
use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use super::{address_bytes, socket};
use crate::sys::sock::{MessageRef, SkRef};

/// A socket gets an address, a peer or a message.
pub(crate) trait AddressHooks {
    /// `bind()` to `address`. May sleep.
    fn socket_bind(sock: SkRef<'_>, address: &[u8]) -> Result;
    /// `listen()`. May sleep.
    fn socket_listen(sock: SkRef<'_>) -> Result;
    /// `connect()` to `address`. May sleep.
    fn socket_connect(sock: SkRef<'_>, address: &[u8]) -> Result;
    /// A message is about to be sent. May sleep.
    fn socket_sendmsg(sock: SkRef<'_>, msg: MessageRef<'_>) -> Result;
    /// `getsockname()`. May sleep.
    fn socket_getsockname(sock: SkRef<'_>);
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Addresses<T>(PhantomData<T>);

impl<T: AddressHooks> Addresses<T> {
    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid, and `address` points to
    /// `addrlen` bytes of kernel memory that nobody else uses meanwhile.
    pub(super) unsafe extern "C" fn socket_bind(
        sock: *mut bindings::socket,
        address: *mut bindings::sockaddr,
        addrlen: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract, for the duration of the hook.
        let address = unsafe { address_bytes(address.cast(), addrlen) };
        // SAFETY: By the function's contract.
        from_result(|| T::socket_bind(unsafe { socket(sock) }?, address?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_listen(
        sock: *mut bindings::socket,
        _backlog: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract.
        from_result(|| T::socket_listen(unsafe { socket(sock) }?).map(|()| 0))
    }

    /// # Safety
    ///
    /// As for `socket_bind`.
    pub(super) unsafe extern "C" fn socket_connect(
        sock: *mut bindings::socket,
        address: *mut bindings::sockaddr,
        addrlen: c_int,
    ) -> c_int {
        // SAFETY: By the function's contract, for the duration of the hook.
        let address = unsafe { address_bytes(address.cast(), addrlen) };
        // SAFETY: By the function's contract.
        from_result(|| T::socket_connect(unsafe { socket(sock) }?, address?).map(|()| 0))
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` and `msg` are valid, and the message's
    /// name, if any, was copied into the kernel.
    pub(super) unsafe extern "C" fn socket_sendmsg(
        sock: *mut bindings::socket,
        msg: *mut bindings::msghdr,
        _size: c_int,
    ) -> c_int {
        from_result(|| {
            let msg = NonNull::new(msg).ok_or(EINVAL)?;
            // SAFETY: By the function's contract.
            let msg = unsafe { MessageRef::new(msg) };
            // SAFETY: By the function's contract.
            T::socket_sendmsg(unsafe { socket(sock) }?, msg).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sock` is valid.
    pub(super) unsafe extern "C" fn socket_getsockname(sock: *mut bindings::socket) -> c_int {
        // SAFETY: By the function's contract.
        if let Ok(sock) = unsafe { socket(sock) } {
            T::socket_getsockname(sock);
        }
        0
    }
}
