// SPDX-License-Identifier: GPL-2.0

//! What the stack asks about sockets.

use core::ffi::{c_int, c_uint, c_void};
use core::marker::PhantomData;
use core::net::IpAddr;

use kernel::bindings;
use kernel::prelude::*;

use crate::sys::packet::{address, destination, mark, Mark};
use crate::sys::sock::{SkRef, SocketInfo};

/// One of two sockets on a port.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'a> {
    /// The socket, unless it is in its final wait.
    pub(crate) sk: Option<SkRef<'a>>,
    /// What it is.
    pub(crate) info: SocketInfo,
}

/// What two sockets on one port mean to each other: `enum sk_bind_relation`
/// (`include/linux/security.h` of the patched kernel).
#[derive(Clone, Copy)]
#[repr(i32)]
pub(crate) enum Relation {
    /// The ordinary rules apply.
    Compete = 0,
    /// They compete and may not share.
    Exclude = 1,
    /// They never receive the same packet.
    Apart = 2,
    /// The first may not have the port, as there are enough of its own on it.
    Full = 3,
}

/// The stack asks about sockets. None of this sleeps.
pub(crate) trait StackHooks {
    /// A packet to `addr` was found to be for `sk`, whose slot is full. Softirq,
    /// or with the socket locked; must not sleep.
    fn sock_rcv_skb(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool;
    /// A socket goes. Any context but NMI; must not sleep.
    fn sk_free(sk: SkRef<'_>);
    /// `new` is a connection that `listener` accepts. Softirq; must not sleep.
    fn sk_clone(listener: SkRef<'_>, new: SkRef<'_>);
    /// Two sockets are on one port. `None` stands for one that is not full,
    /// and of which only `info` is known. `met` counts the sockets of its own that
    /// `a`, which is to have the port, was compared with so far; `None` where
    /// that is not decided. Spinlocks are held.
    fn sk_bind_compare(a: Compared<'_>, b: Compared<'_>, met: Option<&mut u32>) -> Relation;
    /// Whose loopback `sk` is on, whose slot is full: the mark of its packets.
    /// Any context but hard interrupts; must not sleep.
    fn sk_loopback_scope(sk: SkRef<'_>) -> u32;
    /// Whether `sk` takes a packet to `addr`, or may ask for a connection from
    /// there. Any context but hard interrupts; must not sleep.
    fn sk_match_local(sk: SkRef<'_>, addr: IpAddr, mark: Mark) -> bool;
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Stack<T>(PhantomData<T>);

impl<T: StackHooks> Stack<T> {
    /// # Safety
    ///
    /// Called by the stack: `sk` is valid and full, `skb` is a packet for it.
    pub(super) unsafe extern "C" fn sock_rcv_skb(
        sk: *mut bindings::sock,
        skb: *mut bindings::sk_buff,
    ) -> c_int {
        // SAFETY: By the function's contract.
        let (sk, addr) = unsafe { (SkRef::new(sk), destination(skb)) };
        // SAFETY: By the function's contract.
        let mark = unsafe { mark(skb) };
        match (sk, addr) {
            (Some(sk), Some(addr)) if T::sock_rcv_skb(sk, addr, mark) => 0,
            // Neither IPv4 nor IPv6, on a socket that is: not as it should be.
            _ => EPERM.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by the LSM core: `sk` is valid and nobody else uses it.
    pub(super) unsafe extern "C" fn sk_free(sk: *mut bindings::sock) {
        // SAFETY: By the function's contract.
        if let Some(sk) = unsafe { SkRef::new(sk) } {
            T::sk_free(sk);
        }
    }

    /// # Safety
    ///
    /// Called by the LSM core: both are valid and full.
    pub(super) unsafe extern "C" fn sk_clone(
        sk: *const bindings::sock,
        newsk: *mut bindings::sock,
    ) {
        // SAFETY: By the function's contract.
        if let (Some(sk), Some(new)) = unsafe { (SkRef::new(sk), SkRef::new(newsk)) } {
            T::sk_clone(sk, new);
        }
    }

    /// # Safety
    ///
    /// Called by the stack: both are valid, and may be timewait sockets.
    /// `met` is null or ours alone for the call.
    pub(super) unsafe extern "C" fn sk_bind_compare(
        sk: *const bindings::sock,
        sk2: *const bindings::sock,
        met: *mut c_uint,
    ) -> c_int {
        // SAFETY: By the function's contract.
        let met = unsafe { met.as_mut() };
        // SAFETY: By the function's contract.
        match unsafe { (compared(sk), compared(sk2)) } {
            (Some(a), Some(b)) => T::sk_bind_compare(a, b, met) as c_int,
            _ => Relation::Compete as c_int,
        }
    }

    /// # Safety
    ///
    /// Called by the stack: `sk` is valid and full.
    pub(super) unsafe extern "C" fn sk_loopback_scope(sk: *const bindings::sock) -> u32 {
        // SAFETY: By the function's contract.
        unsafe { SkRef::new(sk) }.map_or(0, T::sk_loopback_scope)
    }

    /// # Safety
    ///
    /// Called by the stack: `sk` is valid and full, `skb` is null or valid,
    /// and `laddr` points to an address of `family`.
    pub(super) unsafe extern "C" fn sk_match_local(
        sk: *const bindings::sock,
        skb: *const bindings::sk_buff,
        family: c_int,
        laddr: *const c_void,
    ) -> c_int {
        // SAFETY: By the function's contract.
        let (sk, addr) = unsafe { (SkRef::new(sk), address(family, laddr)) };
        // SAFETY: By the function's contract.
        let mark = unsafe { mark(skb) };
        match (sk, addr) {
            (Some(sk), Some(addr)) => (!T::sk_match_local(sk, addr, mark)).into(),
            _ => 0,
        }
    }
}

/// # Safety
///
/// `sk` is valid for `'a`; it may be a timewait socket.
unsafe fn compared<'a>(sk: *const bindings::sock) -> Option<Compared<'a>> {
    // SAFETY: By the function's contract.
    let info = unsafe { SocketInfo::read(sk) }?;
    let sk = if info.full {
        // SAFETY: By the function's contract, and it is a full one.
        unsafe { SkRef::new(sk) }
    } else {
        None
    };
    Some(Compared { sk, info })
}
