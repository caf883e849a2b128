// SPDX-License-Identifier: GPL-2.0

//! Hooks of calls that name an address: binding, connecting, sending.

use core::ffi::c_int;
use core::marker::PhantomData;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::prelude::*;

use super::{address_bytes, answer, socket};
use crate::sys::sock::{MessageRef, SkRef};

/// A socket gets an address, a peer or a message.
///
/// Context: process, may sleep.
pub(crate) trait AddressHooks {
    /// `bind()` to `address`.
    fn socket_bind(sock: SkRef<'_>, address: &[u8]) -> Result;
    /// `listen()`.
    fn socket_listen(sock: SkRef<'_>) -> Result;
    /// `connect()` to `address`.
    fn socket_connect(sock: SkRef<'_>, address: &[u8]) -> Result;
    /// A message is about to be sent.
    fn socket_sendmsg(sock: SkRef<'_>, msg: MessageRef<'_>) -> Result;
    /// `getsockname()`.
    fn socket_getsockname(sock: SkRef<'_>);
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Addresses<T>(PhantomData<T>);

impl<T: AddressHooks> Addresses<T> {
    /// # Safety
    ///
    /// Until this returns, nobody releases `sock`, and `address` points to `addrlen`
    /// initialised bytes of kernel memory that nobody else reads or writes.
    pub(super) unsafe extern "C" fn socket_bind(
        sock: *mut bindings::socket,
        address: *mut bindings::sockaddr,
        addrlen: c_int,
    ) -> c_int {
        // SAFETY: `address` is the copy of `__sys_bind()` or of an io_uring's `bind` request,
        // which filled `addrlen` bytes of it (`move_addr_to_kernel()`) and waits for the hook.
        let address = unsafe { address_bytes(address.cast(), addrlen) };
        // SAFETY: The caller of `__sys_bind_socket()` holds a reference to the socket's file.
        answer(|| T::socket_bind(unsafe { socket(sock) }?, address?))
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_listen(
        sock: *mut bindings::socket,
        _backlog: c_int,
    ) -> c_int {
        // SAFETY: The caller of `__sys_listen_socket()` holds a reference to the socket's file.
        answer(|| T::socket_listen(unsafe { socket(sock) }?))
    }

    /// # Safety
    ///
    /// As for [`Self::socket_bind`].
    pub(super) unsafe extern "C" fn socket_connect(
        sock: *mut bindings::socket,
        address: *mut bindings::sockaddr,
        addrlen: c_int,
    ) -> c_int {
        // SAFETY: `address` is the copy of `__sys_connect()`, of an io_uring's `connect`
        // request or of a BPF program's, which filled `addrlen` bytes of it and waits.
        let address = unsafe { address_bytes(address.cast(), addrlen) };
        // SAFETY: The caller of `connect_socket()` holds a reference to the socket's file, or
        // owns the socket (`net/core/bpf_ksock.c`).
        answer(|| T::socket_connect(unsafe { socket(sock) }?, address?))
    }

    /// # Safety
    ///
    /// Until this returns, nobody releases `sock`, and `msg` is null or satisfies the invariants
    /// of [`MessageRef`].
    pub(super) unsafe extern "C" fn socket_sendmsg(
        sock: *mut bindings::socket,
        msg: *mut bindings::msghdr,
        _size: c_int,
    ) -> c_int {
        answer(|| {
            let msg = NonNull::new(msg).ok_or(EINVAL)?;
            // SAFETY: `msg` is that of the caller of `sock_sendmsg()`, which waits. Its name
            // is a copy in the kernel: `move_addr_to_kernel()`, or a sender in the kernel.
            let msg = unsafe { MessageRef::new(msg) };
            // SAFETY: The sender holds a reference to the socket's file, or owns the socket.
            T::socket_sendmsg(unsafe { socket(sock) }?, msg)
        })
    }

    /// # Safety
    ///
    /// Nobody releases `sock` until this returns.
    pub(super) unsafe extern "C" fn socket_getsockname(sock: *mut bindings::socket) -> c_int {
        // SAFETY: The caller of `do_getsockname()` holds a reference to the socket's file.
        if let Ok(sock) = unsafe { socket(sock) } {
            T::socket_getsockname(sock);
        }
        0
    }
}
