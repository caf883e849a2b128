// SPDX-License-Identifier: GPL-2.0

//! Hooks of the protocol stack: checks of sockets and packets.

use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::net::IpAddr;

use kernel::bindings;
use kernel::prelude::*;

use crate::policy::{Refusal, Relation};
use crate::sys::packet::{address, ends, is_led, mark, size, Mark, Size};
use crate::sys::raw;
use crate::sys::sock::{FreedSk, SkRef, SocketInfo};

/// One of two sockets on a port.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'a> {
    /// The socket; `None` for a timewait socket.
    pub(crate) sk: Option<SkRef<'a>>,
    /// Its addresses and state.
    pub(crate) info: SocketInfo,
}

/// A packet that a socket sends.
#[derive(Clone, Copy)]
pub(crate) struct Sent {
    /// Its source.
    pub(crate) source: IpAddr,
    /// Its destination.
    pub(crate) destination: IpAddr,
    /// Whether it leaves through the loopback interface or that of a VRF.
    pub(crate) loops: bool,
    /// Whether headers lead it elsewhere, or it is of a kind that a raw socket may not send.
    pub(crate) is_led: bool,
}

/// Checks of sockets and packets. None may sleep.
pub(crate) trait StackHooks {
    /// Whether `sk`, for which a packet from `source` to `addr` was found to be, may get it. The
    /// slot of `sk` is full. Context: softirq, or process with the socket locked; never sleeps.
    fn sock_rcv_skb(sk: SkRef<'_>, source: IpAddr, addr: IpAddr, mark: Mark) -> bool;
    /// `sk` is about to be freed. Its slot may be empty. Context: any but NMI, never sleeps.
    fn sk_free(sk: FreedSk<'_>);
    /// `new` is a connection of `listener`, with an empty slot.
    /// Context: softirq for TCP, process for some other families; never sleeps.
    fn sk_clone(listener: SkRef<'_>, new: SkRef<'_>);
    /// How `a`, which asks for a port, relates to `b`, which has it.
    /// Context: bottom halves off, spinlocks held, never sleeps.
    fn sk_bind_compare(a: Compared<'_>, b: Compared<'_>) -> Relation;
    /// Whether `sk` takes a packet to `addr`, or may open a connection from there.
    /// Context: any but hard interrupts, never sleeps.
    fn sk_match_local(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool;
    /// `sk` sends this packet. An error is a refusal, and the packet is dropped.
    /// Context: any but hard interrupts, never sleeps.
    fn sk_output(sk: SkRef<'_>, packet: Sent) -> core::result::Result<(), Refusal>;
    /// `sk` sends a packet of this size or, unless it is `sent`, gets one. Called only while a
    /// [`Counting`] lives. Context: any but hard interrupts, never sleeps.
    fn sk_traffic(sk: SkRef<'_>, size: Size, sent: bool);
}

/// Makes the gate tell of packets as long as it lives.
pub(crate) struct Counting(());

impl Counting {
    /// Begins. There must be no other. Context: process, may sleep.
    pub(crate) fn new() -> Self {
        // SAFETY: It has no requirements but process context: it turns a static key on.
        unsafe { raw::acf_gate_count(true) };
        Self(())
    }
}

impl Drop for Counting {
    /// Ends. Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: It has no requirements but process context: it turns a static key off.
        unsafe { raw::acf_gate_count(false) };
    }
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Stack<T>(PhantomData<T>);

impl<T: StackHooks> Stack<T> {
    /// # Safety
    ///
    /// Until this returns, `sk` is a valid full socket, and `skb` a valid packet whose network
    /// header is set and in linear memory.
    pub(super) unsafe extern "C" fn sock_rcv_skb(
        sk: *mut bindings::sock,
        skb: *mut bindings::sk_buff,
    ) -> c_int {
        // SAFETY: The protocol that calls sk_filter_trim_cap() looked up `sk` for `skb`, and
        // keeps it by a reference, by its lock or by RCU. It owns `skb`, which IP delivered to
        // it: only Internet sockets have a full slot.
        let (sk, ends) = unsafe { (SkRef::new(sk), ends(skb)) };
        // SAFETY: The same protocol owns `skb` until this returns.
        let mark = unsafe { mark(skb) };
        match (sk, ends) {
            (Some(sk), Some((source, addr))) if T::sock_rcv_skb(sk, source, addr, mark) => 0,
            // Neither IPv4 nor IPv6, on an Internet socket: unexpected, so it is dropped.
            _ => EPERM.to_errno(),
        }
    }

    /// # Safety
    ///
    /// `sk` is valid until this returns, and nothing else reads its slot. If it was never
    /// handed out, only `sk_security` is initialised, and the slot is empty.
    pub(super) unsafe extern "C" fn sk_free(sk: *mut bindings::sock) {
        // SAFETY: sk_prot_free() frees `sk` after this. The last reference is gone, and a grace
        // period has passed if the socket is looked up without one (`SOCK_RCU_FREE`). In
        // sk_prot_alloc(), `sk` was never handed out: `T` then sees an empty slot, and reads
        // nothing else.
        if let Some(sk) = unsafe { FreedSk::new(sk) } {
            T::sk_free(sk);
        }
    }

    /// # Safety
    ///
    /// Until this returns, both are valid full sockets.
    pub(super) unsafe extern "C" fn sk_clone(
        sk: *const bindings::sock,
        newsk: *mut bindings::sock,
    ) {
        // SAFETY: The caller of security_sk_clone() keeps the listener `sk` (TCP by a reference,
        // or by RCU), and has just made `newsk`, which nobody else has yet.
        if let (Some(sk), Some(new)) = unsafe { (SkRef::new(sk), SkRef::new(newsk)) } {
            T::sk_clone(sk, new);
        }
    }

    /// # Safety
    ///
    /// Until this returns, both are valid full or timewait sockets.
    pub(super) unsafe extern "C" fn sk_bind_compare(
        sk: *const bindings::sock,
        sk2: *const bindings::sock,
    ) -> c_int {
        // SAFETY: `sk` is being bound by its holder. `sk2` is in a table of bound sockets, whose
        // lock the caller holds (see security_sk_bind_compare()): it leaves the table before
        // it is freed.
        let relation = match unsafe { (compared(sk), compared(sk2)) } {
            (Some(a), Some(b)) => T::sk_bind_compare(a, b),
            _ => Relation::Compete,
        };
        number(relation)
    }

    /// # Safety
    ///
    /// Until this returns, `sk` is a valid full socket, `skb` is null or a valid packet, and
    /// `laddr` points to an address of `family`, if that is `AF_INET` or `AF_INET6`.
    pub(super) unsafe extern "C" fn sk_match_local(
        sk: *const bindings::sock,
        skb: *const bindings::sk_buff,
        family: c_int,
        laddr: *const c_void,
    ) -> c_int {
        // SAFETY: A lookup holds RCU, and the sockets that it finds without a reference are
        // freed a grace period later (`SOCK_RCU_FREE`); all others hold a reference or a lock
        // that keeps `sk`: see security_sk_match_local(). `laddr` is the caller's.
        let (sk, addr) = unsafe { (SkRef::new(sk), address(family, laddr)) };
        // SAFETY: `skb`, if any, is the packet that the caller is looking a socket up for.
        let mark = unsafe { mark(skb) };
        match (sk, addr) {
            (Some(sk), Some(addr)) => (!T::sk_match_local(sk, addr, mark)).into(),
            _ => 0,
        }
    }

    /// # Safety
    ///
    /// Until this returns, `sk` is a valid full socket, `skb` a valid packet of `family`, which is
    /// `AF_INET` or `AF_INET6`, and `source` and `destination` point to addresses of it.
    pub(super) unsafe extern "C" fn sk_output(
        sk: *const bindings::sock,
        skb: *const bindings::sk_buff,
        family: c_int,
        source: *const c_void,
        destination: *const c_void,
        loops: bool,
    ) -> c_int {
        // SAFETY: acf_check_output() has a packet of this family, which the stack owns until it
        // returns.
        let is_led = unsafe { is_led(sk, skb, family) };
        // SAFETY: acf_check_output() passes a full socket. It is the sender of the packet, which
        // the stack keeps meanwhile, or the listener that its request refers to.
        let sk = unsafe { SkRef::new(sk) };
        // SAFETY: It passes pointers into the IP header of the packet.
        let ends = unsafe { (address(family, source), address(family, destination)) };
        let (Some(sk), (Some(source), Some(destination))) = (sk, ends) else {
            return EADDRNOTAVAIL.to_errno();
        };
        let sent = Sent {
            source,
            destination,
            loops,
            is_led,
        };
        match T::sk_output(sk, sent) {
            Ok(()) => 0,
            Err(refusal) => -refusal.errno(),
        }
    }

    /// # Safety
    ///
    /// Until this returns, `sk` is a valid full socket, and `skb` a valid packet whose network and
    /// transport headers are set.
    pub(super) unsafe extern "C" fn sk_traffic(
        sk: *const bindings::sock,
        skb: *const bindings::sk_buff,
        sent: bool,
    ) {
        // SAFETY: acf_count() passes what sock_rcv_skb() or sk_output() would get, which is valid
        // until it returns. IP sets both headers when it delivers a packet, and a protocol that
        // sends has set its own.
        if let (Some(sk), size) = unsafe { (SkRef::new(sk), size(skb)) } {
            T::sk_traffic(sk, size, sent);
        }
    }
}

/// A relation as the kernel has it: `enum sk_bind_relation` (`include/linux/security.h` of the
/// patched kernel).
fn number(relation: Relation) -> c_int {
    let number = match relation {
        Relation::Compete => bindings::sk_bind_relation_SK_BIND_COMPETE,
        Relation::Exclude => bindings::sk_bind_relation_SK_BIND_EXCLUDE,
        Relation::Apart => bindings::sk_bind_relation_SK_BIND_APART,
    };
    number as c_int
}

/// What is known of `sk`; `None` when it is neither IPv4 nor IPv6.
///
/// # Safety
///
/// `sk` is a valid full or timewait socket during `'a`.
unsafe fn compared<'a>(sk: *const bindings::sock) -> Option<Compared<'a>> {
    // SAFETY: The caller promises that `sk` is valid.
    let info = unsafe { SocketInfo::read(sk) }?;
    let sk = if info.full {
        // SAFETY: The caller promises that `sk` is valid during `'a`. It is a full socket, and
        // stays one: a timewait socket is another object.
        unsafe { SkRef::new(sk) }
    } else {
        None
    };
    Some(Compared { sk, info })
}
