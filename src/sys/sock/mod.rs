// SPDX-License-Identifier: GPL-2.0

//! Sockets as the hooks get them: reading their state, and the few changes that hooks make.
//!
//! C headers: `include/linux/net.h`, `include/net/inet_sock.h`

mod info;
mod message;
mod route;
mod traffic;

pub(crate) use info::{SocketInfo, SocketKind};
pub(crate) use message::MessageRef;
pub(crate) use route::ipv4_addresses_in_use;
pub(crate) use traffic::Traffic;

use core::marker::PhantomData;
use core::net::IpAddr;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::to_result;
use kernel::prelude::*;

use super::raw;

/// A socket for the duration of a hook or a visit: the kernel's `struct sock`.
///
/// # Invariants
///
/// The socket is valid during `'a`, and a full one: neither a timewait nor a request socket. It
/// may be kept by RCU or a lock alone, without a reference.
#[derive(Clone, Copy)]
pub(crate) struct SkRef<'a>(NonNull<bindings::sock>, PhantomData<&'a ()>);

/// A socket to which nothing but the `sk_free` hook refers. A [`SkRef`] to it borrows this, and
/// emptying its slot borrows it exclusively.
///
/// # Invariants
///
/// The last reference to the socket is gone, and no lookup returns it.
pub(crate) struct FreedSk<'a>(SkRef<'a>);

impl<'a> FreedSk<'a> {
    /// `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// `sk` is null, or valid during `'a` with the type invariants.
    pub(super) unsafe fn new(sk: *const bindings::sock) -> Option<Self> {
        // SAFETY: The caller promises a full socket: others have no security blob.
        // INVARIANT: The caller promises them.
        unsafe { SkRef::new(sk) }.map(Self)
    }

    pub(super) fn get(&self) -> SkRef<'_> {
        self.0
    }

    /// The kind of the socket. Context: any.
    pub(crate) fn kind(&self) -> SocketKind {
        self.0.kind()
    }
}

impl<'a> SkRef<'a> {
    /// `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// `sk` is null or satisfies the type invariants during `'a`.
    pub(super) unsafe fn new(sk: *const bindings::sock) -> Option<Self> {
        // INVARIANT: The caller promises them for `'a`.
        NonNull::new(sk.cast_mut()).map(|sk| Self(sk, PhantomData))
    }

    pub(super) fn as_ptr(self) -> *mut bindings::sock {
        self.0.as_ptr()
    }

    /// The kind of the socket. Context: any.
    pub(crate) fn kind(self) -> SocketKind {
        let mut raw = raw::acf_sock_kind {
            family: 0,
            type_: 0,
            protocol: 0,
            kern: false,
        };
        // SAFETY: By the type invariants the socket is valid. `raw` is a local variable.
        unsafe { raw::acf_helper_sk_kind(self.as_ptr(), &mut raw) };
        SocketKind {
            family: raw.family.into(),
            kind: raw.type_.into(),
            protocol: raw.protocol.into(),
            kernel: raw.kern,
        }
    }

    /// Whether it is a stream socket whose connection has ended, with all data and errors read. A
    /// socket that was never connected is none. Context: any.
    pub(crate) fn has_ended(self) -> bool {
        // SAFETY: By the type invariants the socket is valid.
        unsafe { raw::acf_helper_sk_has_ended(self.as_ptr()) }
    }

    /// Drops what a raw socket has received so far. The caller holds no lock that receiving takes.
    /// Context: process, may sleep.
    pub(crate) fn drop_input(self) {
        // SAFETY: By the type invariants the socket is valid. As the call may sleep, RCU cannot be
        // what keeps it: `socket_post_create`, the only caller, has it from `__sock_create()`.
        unsafe { raw::acf_helper_sk_drop_input(self.as_ptr()) }
    }

    /// Whether it has the beginning of a datagram that was not sent yet (`UDP_CORK`). Context: any.
    pub(crate) fn is_corked(self) -> bool {
        // SAFETY: By the type invariants the socket is valid.
        unsafe { raw::acf_helper_sk_corked(self.as_ptr()) }
    }

    /// Its addresses and state; `None` when it is neither IPv4 nor IPv6. Context: any.
    pub(crate) fn info(self) -> Option<SocketInfo> {
        // SAFETY: By the type invariants the socket is valid.
        unsafe { SocketInfo::read(self.as_ptr()) }
    }

    /// Sets the address from which a socket that is bound to none sends to destinations of the
    /// same family. The unspecified address leaves the choice to the protocol again. The address
    /// on which it receives does not change. Takes the socket lock. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn set_source(self, source: IpAddr) -> Result {
        let (v4, v6);
        let (family, bytes): (_, &[u8]) = match source {
            IpAddr::V4(a) => {
                v4 = a.octets();
                (bindings::AF_INET, &v4)
            }
            IpAddr::V6(a) => {
                v6 = a.octets();
                (bindings::AF_INET6, &v6)
            }
        };
        // SAFETY: By the type invariants the socket is valid, and a caller that may sleep has it
        // from a system call on an open file. The gate reads as many bytes as an address of the
        // family has.
        to_result(unsafe {
            raw::acf_gate_sock_set_source(self.as_ptr(), family as i32, bytes.as_ptr().cast())
        })
    }

    /// Tells the stack the scope of a socket, and the key under which to index it, which is not
    /// 0; `None` keeps the present key. It also keeps it if the socket has a port. With a key,
    /// the caller holds no lock of the socket. Context: any but hard interrupts, never sleeps.
    pub(crate) fn set_scope(self, scope: u32, key: Option<u32>) {
        // SAFETY: By the type invariants the socket is valid and full.
        unsafe { raw::acf_gate_sock_set_scope(self.as_ptr(), scope, key.unwrap_or(0)) }
    }

    /// Whether [`SkRef::set_scope`] left its key alone because it has a port. Only TCP and UDP
    /// sockets need one. Context: any.
    pub(crate) fn lacks_key(self) -> bool {
        // SAFETY: By the type invariants the socket is valid.
        unsafe { raw::acf_helper_sk_lacks_key(self.as_ptr()) }
    }

    /// Takes a reference to the socket. `None` when it is being freed and only RCU keeps it.
    /// Context: any.
    pub(crate) fn hold(self) -> Option<SkHold> {
        // SAFETY: By the type invariants the socket is valid.
        let is_held = unsafe { raw::acf_helper_sk_hold(self.as_ptr()) };
        // INVARIANT: The reference was taken above.
        is_held.then(|| SkHold(self.0))
    }
}

/// A reference to a socket.
///
/// # Invariants
///
/// Holds a reference to a full socket.
pub(crate) struct SkHold(NonNull<bindings::sock>);

impl SkHold {
    /// The address of the socket. No other socket has it meanwhile.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }

    /// Resets the connection, if the socket is one. `false` when its owner has it locked now.
    /// Never waits for that. Context: process, never sleeps.
    pub(crate) fn try_abort(&self) -> bool {
        // SAFETY: By the type invariants the socket is full, and `self` holds the reference
        // that acf_gate_sock_try_reset() requires.
        unsafe { raw::acf_helper_sk_try_abort(self.0.as_ptr()) }
    }

    /// Gives a socket of an association that has a port the key under which the stack is to index
    /// it, which is not 0. It keeps one that it has, and has none if memory lacks. `false` when its
    /// owner has it locked now. Never waits for that. Context: process, may sleep.
    pub(crate) fn try_set_key(&self, key: u32) -> bool {
        // SAFETY: By the type invariants the socket is full, and `self` holds the reference
        // that acf_gate_sock_try_set_key() requires.
        unsafe { raw::acf_gate_sock_try_set_key(self.0.as_ptr(), key) }
    }
}

impl Drop for SkHold {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to put, and `self` is not used again.
        unsafe { raw::acf_helper_sk_put(self.0.as_ptr()) };
    }
}
