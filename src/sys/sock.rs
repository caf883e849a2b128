// SPDX-License-Identifier: GPL-2.0

//! Sockets as the hooks get them: what they are, the address a program gave,
//! the message it sends, and binding them on its behalf.
//!
//! C headers: `include/linux/net.h`, `include/net/inet_sock.h`

use core::marker::PhantomData;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::to_result;
use kernel::prelude::*;

use super::raw;

const MSG_FASTOPEN: u32 = 0x2000_0000;

/// A socket for the duration of a hook.
///
/// # Invariants
///
/// The pointer is valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct SocketRef<'a>(NonNull<bindings::socket>, PhantomData<&'a ()>);

/// What a socket of family `AF_INET` or `AF_INET6` is.
pub(crate) struct SocketInfo {
    /// It is of family `AF_INET6`.
    pub(crate) is_v6: bool,
    /// `IPV6_V6ONLY` is set.
    pub(crate) v6only: bool,
    /// It is of type `SOCK_STREAM`.
    pub(crate) stream: bool,
    /// It has a local port.
    pub(crate) has_port: bool,
    /// The address it receives on.
    pub(crate) local: IpAddr,
    /// The address it sends from.
    pub(crate) source: IpAddr,
}

impl<'a> SocketRef<'a> {
    /// # Safety
    ///
    /// `sock` is valid for `'a`.
    pub(super) unsafe fn new(sock: NonNull<bindings::socket>) -> Self {
        // INVARIANT: By the function's contract.
        Self(sock, PhantomData)
    }

    /// What the socket is; `None` when it is neither IPv4 nor IPv6.
    pub(crate) fn info(self) -> Option<SocketInfo> {
        let mut raw = raw::acf_sock_info {
            family: 0,
            v6only: false,
            stream: false,
            has_port: false,
            local: [0; 16],
            source: [0; 16],
        };
        // SAFETY: The socket is valid by the type invariants; `raw` is ours.
        if !unsafe { raw::acf_helper_sock_info(self.0.as_ptr(), &mut raw) } {
            return None;
        }
        let is_v6 = u32::from(raw.family) == bindings::AF_INET6;
        let address = |bytes: [u8; 16]| -> IpAddr {
            if is_v6 {
                Ipv6Addr::from(bytes).into()
            } else {
                let [a, b, c, d, ..] = bytes;
                Ipv4Addr::new(a, b, c, d).into()
            }
        };
        Some(SocketInfo {
            is_v6,
            v6only: raw.v6only,
            stream: raw.stream,
            has_port: raw.has_port,
            local: address(raw.local),
            source: address(raw.source),
        })
    }

    /// Binds the socket without asking the security modules again. `no_port`
    /// leaves the choice of a port to the protocol's next step. May sleep; the
    /// socket is not locked.
    pub(crate) fn bind(self, address: &[u8], no_port: bool) -> Result {
        // SAFETY: The socket is valid by the type invariants, and the address
        // is copied from as many bytes as it has.
        to_result(unsafe {
            raw::acf_helper_sock_bind(
                self.0.as_ptr(),
                address.as_ptr().cast(),
                address.len().try_into()?,
                no_port,
            )
        })
    }

    /// Any IPv4 address from `first` to `last` that the socket's network
    /// namespace has.
    pub(crate) fn local_v4(self, first: Ipv4Addr, last: Ipv4Addr) -> Option<Ipv4Addr> {
        let mut found = 0;
        // SAFETY: The socket is valid by the type invariants; `found` is ours.
        unsafe { raw::acf_helper_local_v4(self.0.as_ptr(), first.into(), last.into(), &mut found) }
            .then(|| found.into())
    }

    /// Any IPv6 address from `first` to `last` that the socket's network
    /// namespace has.
    pub(crate) fn local_v6(self, first: Ipv6Addr, last: Ipv6Addr) -> Option<Ipv6Addr> {
        let (first, last, mut found) = (first.octets(), last.octets(), [0; 16]);
        // SAFETY: The socket is valid by the type invariants; the arrays have
        // the sixteen bytes the helper reads and writes.
        unsafe {
            raw::acf_helper_local_v6(
                self.0.as_ptr(),
                first.as_ptr(),
                last.as_ptr(),
                found.as_mut_ptr(),
            )
        }
        .then(|| found.into())
    }
}

/// A message for the duration of a hook.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and `msg_name`, unless null, points to
/// `msg_namelen` bytes of kernel memory.
pub(crate) struct MessageRef<'a>(NonNull<bindings::msghdr>, PhantomData<&'a ()>);

impl<'a> MessageRef<'a> {
    /// # Safety
    ///
    /// `msg` satisfies the type invariants for `'a`.
    pub(super) unsafe fn new(msg: NonNull<bindings::msghdr>) -> Self {
        // INVARIANT: By the function's contract.
        Self(msg, PhantomData)
    }

    /// The destination the program gave, as bytes.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        // SAFETY: The message is valid by the type invariants.
        let msg = unsafe { self.0.as_ref() };
        let len = usize::try_from(msg.msg_namelen).ok()?;
        let name = NonNull::new(msg.msg_name.cast::<u8>())?;
        // SAFETY: By the type invariants there are as many bytes.
        Some(unsafe { core::slice::from_raw_parts(name.as_ptr(), len) })
    }

    /// Whether sending it opens a TCP connection.
    pub(crate) fn opens(&self) -> bool {
        // SAFETY: The message is valid by the type invariants.
        unsafe { self.0.as_ref() }.msg_flags & MSG_FASTOPEN != 0
    }
}
