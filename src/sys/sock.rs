// SPDX-License-Identifier: GPL-2.0

//! Sockets as the hooks get them: what they are, what they send from, and the
//! messages that are sent.
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
// include/uapi/linux/in.h, in6.h
const IPPROTO_ICMP: i32 = 1;
const IPPROTO_ICMPV6: i32 = 58;

/// A socket for the duration of a hook: the kernel's `struct sock`.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and it is a full socket: neither a timewait
/// nor a request socket.
#[derive(Clone, Copy)]
pub(crate) struct SkRef<'a>(NonNull<bindings::sock>, PhantomData<&'a ()>);

/// What a socket of family `AF_INET` or `AF_INET6` is.
#[derive(Clone, Copy)]
pub(crate) struct SocketInfo {
    /// It is of family `AF_INET6`.
    pub(crate) is_v6: bool,
    /// It is neither a timewait nor a request socket.
    pub(crate) full: bool,
    /// Of a timewait socket: what [`gate::Hooks::sk_loopback_scope`] said when
    /// it was a connection.
    ///
    /// [`gate::Hooks::sk_loopback_scope`]: super::gate::Hooks::sk_loopback_scope
    pub(crate) timewait: Option<u32>,
    /// `IPV6_V6ONLY` is set.
    pub(crate) v6only: bool,
    /// It is of type `SOCK_STREAM`.
    pub(crate) stream: bool,
    /// It has a local port.
    pub(crate) has_port: bool,
    /// It was bound to that port, and keeps it when it is disconnected.
    pub(crate) port_kept: bool,
    /// It was bound to its address likewise.
    pub(crate) address_kept: bool,
    /// It is a connection, established or on the way.
    pub(crate) connected: bool,
    /// It asks for a connection.
    pub(crate) opening: bool,
    /// It neither is one nor listens.
    pub(crate) closed: bool,
    /// It is of a tunnel: it takes packets out of what it receives (VXLAN, FOU).
    pub(crate) tunnel: bool,
    /// The address it receives on.
    pub(crate) local: IpAddr,
    /// The address it sends from.
    pub(crate) source: IpAddr,
    /// The address it is connected to, or the unspecified one.
    pub(crate) remote: IpAddr,
}

/// What a socket of any family was made as.
#[derive(Clone, Copy)]
pub(crate) struct SocketKind {
    /// `AF_INET` and so on.
    pub(crate) family: i32,
    /// `SOCK_STREAM` and so on.
    pub(crate) kind: i32,
    /// `IPPROTO_TCP` and so on.
    pub(crate) protocol: i32,
    /// It is the kernel's own: of a network file system, say.
    pub(crate) kernel: bool,
}

impl SocketKind {
    /// Whether it is an Internet socket that is raw, or for ICMP echo (ping).
    pub(crate) fn is_raw(&self) -> bool {
        self.is_internet()
            && (self.kind == bindings::sock_type_SOCK_RAW as i32
                || [IPPROTO_ICMP, IPPROTO_ICMPV6].contains(&self.protocol))
    }

    /// Whether it is IPv4 or IPv6.
    pub(crate) fn is_internet(&self) -> bool {
        [bindings::AF_INET, bindings::AF_INET6].contains(&(self.family as u32))
    }
}

impl SocketInfo {
    /// Whether it is a connection, and not only asks for one.
    pub(crate) fn is_established(&self) -> bool {
        self.connected && !self.opening
    }

    /// # Safety
    ///
    /// `sk` is valid; it may be a timewait socket.
    pub(super) unsafe fn read(sk: *const bindings::sock) -> Option<Self> {
        let mut raw = raw::acf_sock_info {
            family: 0,
            full: false,
            timewait: false,
            timewait_scope: 0,
            v6only: false,
            stream: false,
            connected: false,
            opening: false,
            closed: false,
            has_port: false,
            port_kept: false,
            address_kept: false,
            tunnel: false,
            local: [0; 16],
            source: [0; 16],
            remote: [0; 16],
        };
        // SAFETY: By the function's contract; `raw` is ours.
        if !unsafe { raw::acf_helper_sk_info(sk, &mut raw) } {
            return None;
        }
        Some(Self::from_raw(&raw))
    }

    /// What the helper found.
    pub(super) fn from_raw(raw: &raw::acf_sock_info) -> Self {
        let is_v6 = u32::from(raw.family) == bindings::AF_INET6;
        let address = |bytes: [u8; 16]| -> IpAddr {
            if is_v6 {
                Ipv6Addr::from(bytes).into()
            } else {
                let [a, b, c, d, ..] = bytes;
                Ipv4Addr::new(a, b, c, d).into()
            }
        };
        Self {
            is_v6,
            full: raw.full,
            timewait: raw.timewait.then_some(raw.timewait_scope),
            v6only: raw.v6only,
            stream: raw.stream,
            connected: raw.connected,
            opening: raw.opening,
            closed: raw.closed,
            has_port: raw.has_port,
            port_kept: raw.port_kept,
            address_kept: raw.address_kept,
            tunnel: raw.tunnel,
            local: address(raw.local),
            source: address(raw.source),
            remote: address(raw.remote),
        }
    }
}

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

    /// Any IPv4 address from `first` to `last` that the socket's network
    /// namespace has, on the interface with this index or, for 0, on any.
    pub(crate) fn local_v4(
        self,
        interface: i32,
        first: Ipv4Addr,
        last: Ipv4Addr,
    ) -> Option<Ipv4Addr> {
        let mut found = 0;
        // SAFETY: The socket is valid by the type invariants; `found` is ours.
        unsafe {
            raw::acf_helper_local_v4(
                self.as_ptr(),
                interface,
                first.into(),
                last.into(),
                &mut found,
            )
        }
        .then(|| found.into())
    }

    /// As [`Self::local_v4`], for IPv6.
    pub(crate) fn local_v6(
        self,
        interface: i32,
        first: Ipv6Addr,
        last: Ipv6Addr,
    ) -> Option<Ipv6Addr> {
        let (first, last, mut found) = (first.octets(), last.octets(), [0; 16]);
        // SAFETY: The socket is valid by the type invariants; the arrays have
        // the sixteen bytes the helper reads and writes.
        unsafe {
            raw::acf_helper_local_v6(
                self.as_ptr(),
                interface,
                first.as_ptr(),
                last.as_ptr(),
                found.as_mut_ptr(),
            )
        }
        .then(|| found.into())
    }

    /// The source address that the route to `to` prefers, and the index of the
    /// interface it leaves by. `None` when there is no route. May sleep.
    pub(crate) fn route(self, to: IpAddr) -> Option<(IpAddr, i32)> {
        let mut interface = 0;
        match to {
            IpAddr::V4(to) => {
                let mut source = 0;
                // SAFETY: The socket is valid by the type invariants; the
                // results are ours.
                let found = unsafe {
                    raw::acf_helper_route_v4(self.as_ptr(), to.into(), &mut source, &mut interface)
                };
                found.then(|| (Ipv4Addr::from(source).into(), interface))
            }
            IpAddr::V6(to) => {
                let (to, mut source) = (to.octets(), [0; 16]);
                // SAFETY: As above; the arrays have the sixteen bytes the
                // helper reads and writes.
                let found = unsafe {
                    raw::acf_helper_route_v6(
                        self.as_ptr(),
                        to.as_ptr(),
                        source.as_mut_ptr(),
                        &mut interface,
                    )
                };
                found.then(|| (Ipv6Addr::from(source).into(), interface))
            }
        }
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

    /// The control messages that go with it, as the kernel's copy has them.
    pub(crate) fn control(&self) -> &'a [u8] {
        // SAFETY: The message is valid by the type invariants.
        let msg = unsafe { self.0.as_ref() };
        if msg.msg_control_is_user() {
            return &[];
        }
        // SAFETY: Not user memory, so this is the member of the union in use.
        let control = unsafe { msg.__bindgen_anon_1.msg_control };
        let Some(control) = NonNull::new(control.cast::<u8>()) else {
            return &[];
        };
        // SAFETY: The kernel copied as many bytes for the duration of the
        // call (____sys_sendmsg()).
        unsafe { core::slice::from_raw_parts(control.as_ptr(), msg.msg_controllen) }
    }

    /// Whether sending it opens a TCP connection.
    pub(crate) fn opens(&self) -> bool {
        // SAFETY: The message is valid by the type invariants.
        unsafe { self.0.as_ref() }.msg_flags & MSG_FASTOPEN != 0
    }
}

/// The IPv4 addresses from `first` to `last`, in host order, that a TCP or UDP
/// socket is bound to, or that an interface of the caller's network namespace has;
/// one perhaps more than once. May sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn ipv4_addresses_in_use(first: u32, last: u32) -> Result<KVVec<u32>> {
    let mut room = 16_usize;
    loop {
        let mut found = KVVec::<u32>::with_capacity(room, GFP_KERNEL)?;
        // SAFETY: The vector has room for as many numbers, and the helper fills in
        // that many at most.
        let count = unsafe {
            raw::acf_helper_addrs_in_use(first, last, found.as_mut_ptr(), room.try_into()?)
        } as usize;
        // SAFETY: The helper initialised that many.
        unsafe { found.inc_len(count.min(room)) };
        if count <= room {
            return Ok(found);
        }
        room = count.checked_mul(2).ok_or(ENOMEM)?;
    }
}
