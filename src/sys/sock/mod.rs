// SPDX-License-Identifier: GPL-2.0

//! Sockets as the hooks get them: what can be asked of them, and done to them.
//!
//! C headers: `include/linux/net.h`, `include/net/inet_sock.h`

mod info;
mod message;
mod route;

pub(crate) use info::{SocketInfo, SocketKind};
pub(crate) use message::MessageRef;
pub(crate) use route::ipv4_addresses_in_use;

use core::marker::PhantomData;
use core::net::IpAddr;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::to_result;
use kernel::prelude::*;

use super::raw;

/// A socket for the duration of a hook: the kernel's `struct sock`.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and it is a full socket: neither a timewait
/// nor a request socket.
#[derive(Clone, Copy)]
pub(crate) struct SkRef<'a>(NonNull<bindings::sock>, PhantomData<&'a ()>);

impl<'a> SkRef<'a> {
    /// `None` for a null pointer.
    ///
    /// # Safety
    ///
    /// `sk` is null or satisfies the type invariants for `'a`.
    pub(super) unsafe fn new(sk: *const bindings::sock) -> Option<Self> {
        // INVARIANT: By the function's contract.
        NonNull::new(sk.cast_mut()).map(|sk| Self(sk, PhantomData))
    }

    pub(super) fn as_ptr(self) -> *mut bindings::sock {
        self.0.as_ptr()
    }

    /// What the socket was made as.
    pub(crate) fn kind(self) -> SocketKind {
        let mut raw = raw::acf_sock_kind {
            family: 0,
            type_: 0,
            protocol: 0,
            kern: false,
        };
        // SAFETY: The socket is valid by the type invariants; `raw` is ours.
        unsafe { raw::acf_helper_sk_kind(self.as_ptr(), &mut raw) };
        SocketKind {
            family: raw.family.into(),
            kind: raw.type_.into(),
            protocol: raw.protocol.into(),
            kernel: raw.kern,
        }
    }

    /// Whether something that came in was not read yet. Any context.
    pub(crate) fn has_input(self) -> bool {
        // SAFETY: The socket is valid by the type invariants.
        unsafe { raw::acf_helper_sk_has_input(self.as_ptr()) }
    }

    /// Drops what came in so far. Not with a lock that packets need; sleeps.
    pub(crate) fn drop_input(self) {
        // SAFETY: The socket is valid by the type invariants.
        unsafe { raw::acf_helper_sk_drop_input(self.as_ptr()) }
    }

    /// Whether it has the beginning of a datagram that was not sent yet. Any
    /// context.
    pub(crate) fn is_corked(self) -> bool {
        // SAFETY: The socket is valid by the type invariants.
        unsafe { raw::acf_helper_sk_corked(self.as_ptr()) }
    }

    /// What the socket is; `None` when it is neither IPv4 nor IPv6.
    pub(crate) fn info(self) -> Option<SocketInfo> {
        // SAFETY: The socket is valid by the type invariants.
        unsafe { SocketInfo::read(self.as_ptr()) }
    }

    /// Sets the address a socket without one sends from towards destinations
    /// of the same family; the unspecified address leaves the choice to the
    /// protocol again. What it receives on does not change. Takes the socket
    /// lock: sleeps. `ENOMEM`.
    pub(crate) fn set_source(self, source: IpAddr) -> Result {
        let (family, bytes) = match source {
            IpAddr::V4(a) => {
                let [a, b, c, d] = a.octets();
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&[a, b, c, d]);
                (bindings::AF_INET, bytes)
            }
            IpAddr::V6(a) => (bindings::AF_INET6, a.octets()),
        };
        // SAFETY: The socket is valid by the type invariants; the helper reads
        // sixteen bytes at most.
        to_result(unsafe {
            raw::acf_helper_sk_set_source(self.as_ptr(), family as u16, bytes.as_ptr())
        })
    }

    /// A reference that keeps the socket. Any context.
    pub(crate) fn hold(self) -> SkHold {
        // SAFETY: The socket is valid by the type invariants.
        unsafe { raw::acf_helper_sk_hold(self.as_ptr()) };
        // INVARIANT: Taken above.
        SkHold(self.0)
    }

    /// Resets a connection, if it is one. `false` when somebody keeps it locked at
    /// the moment. Sleeps.
    pub(crate) fn try_abort(self) -> bool {
        // SAFETY: The socket is valid by the type invariants.
        unsafe { raw::acf_helper_sk_try_abort(self.as_ptr()) }
    }
}

/// A reference to a socket.
///
/// # Invariants
///
/// Holds a reference count of a full socket.
pub(crate) struct SkHold(NonNull<bindings::sock>);

impl SkHold {
    /// The socket.
    pub(crate) fn get(&self) -> SkRef<'_> {
        // INVARIANT: By the type invariants, as long as it is borrowed.
        SkRef(self.0, PhantomData)
    }

    /// Where it is, which is nobody else's place meanwhile.
    pub(crate) fn address(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

impl Drop for SkHold {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference to let go.
        unsafe { raw::acf_helper_sk_put(self.0.as_ptr()) };
    }
}
