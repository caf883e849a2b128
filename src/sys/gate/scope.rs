// SPDX-License-Identifier: GPL-2.0

//! Questions of the stack's index of sockets: who may have a socket for an address, and whom a
//! wildcard socket competes with.

use core::ffi::{c_int, c_uint, c_void};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::ptr::NonNull;

use kernel::bindings;
use kernel::error::from_result;
use kernel::prelude::*;

use crate::sys::index::Room;
use crate::sys::packet::{address, mark, v6_bytes, Mark};
use crate::sys::raw;
use crate::sys::sock::SkRef;

/// Questions of the index. None may sleep.
pub(crate) trait ScopeHooks {
    /// Puts the keys of those that may have a wildcard socket which takes a packet to `addr` into
    /// `room`. Context: any but hard interrupts, under RCU or with a spinlock held.
    fn addr_scopes(addr: IpAddr, mark: Mark, room: &mut Room<'_>);
    /// Tells where `sk` competes with others if it is bound to the wildcard. The slot of `sk` is
    /// full. `E2BIG` when that is more than there is room for.
    /// Context: bottom halves off, spinlocks held.
    fn sk_reach(sk: SkRef<'_>, reach: &mut Reach<'_>) -> Result;
}

/// Where a wildcard socket competes with others: `struct sk_reach` (`include/net/inet_scope.h`
/// of the patched kernel).
///
/// # Invariants
///
/// The structure is valid during `'a`, and used by this alone. The first `addrs` addresses and
/// the first `keys` keys are initialised.
pub(crate) struct Reach<'a> {
    at: NonNull<raw::sk_reach>,
    addrs: usize,
    keys: usize,
    _borrowed: PhantomData<&'a mut raw::sk_reach>,
}

impl Reach<'_> {
    /// Tells the key of the socket's own tenant.
    pub(crate) fn set_own(&mut self, key: u32) {
        // SAFETY: By the type invariants the structure is valid, and used by this alone.
        unsafe { (*self.at.as_ptr()).own = key };
    }

    /// Adds an address that the socket stands for. `E2BIG` when there is no room.
    pub(crate) fn add_address(&mut self, addr: IpAddr) -> Result {
        // SAFETY: By the type invariants the structure is valid, and used by this alone.
        let addrs = unsafe { slots(&raw mut (*self.at.as_ptr()).addrs) };
        let free = addrs.get_mut(self.addrs).ok_or(E2BIG)?;
        // SAFETY: An address is sixteen bytes, and any sixteen are one.
        unsafe { free.as_mut_ptr().cast::<[u8; 16]>().write(v6_bytes(addr)) };
        // INVARIANT: Written above.
        self.addrs += 1;
        Ok(())
    }

    /// Adds the key of others that have one of the addresses, unless it was added before.
    /// `E2BIG` when there is no room.
    pub(crate) fn add_key(&mut self, key: u32) -> Result {
        // SAFETY: By the type invariants the structure is valid, and used by this alone.
        let keys = unsafe { slots(&raw mut (*self.at.as_ptr()).keys) };
        let (known, free) = keys.split_at_mut(self.keys);
        // SAFETY: By the type invariants these are initialised.
        if known.iter().any(|k| unsafe { k.assume_init() } == key) {
            return Ok(());
        }
        free.first_mut().ok_or(E2BIG)?.write(key);
        // INVARIANT: Written above.
        self.keys += 1;
        Ok(())
    }

    /// Notes how much there is.
    fn finish(self) {
        // SAFETY: By the type invariants the structure is valid, and used by this alone.
        unsafe {
            (*self.at.as_ptr()).addr_count = self.addrs as c_uint;
            (*self.at.as_ptr()).key_count = self.keys as c_uint;
        }
    }
}

/// The elements of an array, not all of which are initialised.
///
/// # Safety
///
/// `at` is valid during `'a`, and nothing else uses it.
unsafe fn slots<'a, T, const N: usize>(at: *mut [T; N]) -> &'a mut [MaybeUninit<T>] {
    // SAFETY: The caller promises a valid array. `MaybeUninit` has the layout of what it may be.
    unsafe { &mut *at.cast::<[MaybeUninit<T>; N]>() }
}

/// The hooks of `T` as the gate calls them.
pub(super) struct Scopes<T>(PhantomData<T>);

impl<T: ScopeHooks> Scopes<T> {
    /// # Safety
    ///
    /// Until this returns, `skb` is null or a valid packet, `laddr` points to an address of
    /// `family`, if that is `AF_INET` or `AF_INET6`, and `keys` to `room` numbers, which may be
    /// uninitialised and which nobody else uses.
    pub(super) unsafe extern "C" fn addr_scopes(
        skb: *const bindings::sk_buff,
        family: c_int,
        laddr: *const c_void,
        keys: *mut u32,
        room: c_uint,
        skip: c_uint,
    ) -> c_uint {
        // SAFETY: `laddr` is the caller's, and `skb`, if any, the packet that it is looking a
        // socket up for: see security_addr_scopes().
        let (addr, mark) = unsafe { (address(family, laddr), mark(skb)) };
        let (Some(addr), Some(keys)) = (addr, NonNull::new(keys)) else {
            return 0;
        };
        // SAFETY: `keys` is an array of the caller of security_addr_scopes().
        let keys = unsafe { core::slice::from_raw_parts_mut(keys.as_ptr().cast(), room as usize) };
        let mut room = Room::new(keys, skip);
        T::addr_scopes(addr, mark, &mut room);
        room.found().len() as c_uint
    }

    /// # Safety
    ///
    /// Until this returns, `sk` is a valid full socket, and `reach` null or a structure, which may
    /// be uninitialised and which nobody else uses.
    pub(super) unsafe extern "C" fn sk_reach(
        sk: *const bindings::sock,
        reach: *mut raw::sk_reach,
    ) -> c_int {
        // SAFETY: `sk` is being bound, or has just been, by the caller of security_sk_reach(),
        // which keeps it by a reference.
        let (Some(sk), Some(at)) = (unsafe { SkRef::new(sk) }, NonNull::new(reach)) else {
            return E2BIG.to_errno();
        };
        // INVARIANT: `reach` is a local variable of that caller, and counts nothing yet.
        let mut reach = Reach {
            at,
            addrs: 0,
            keys: 0,
            _borrowed: PhantomData,
        };
        from_result(|| {
            T::sk_reach(sk, &mut reach)?;
            reach.finish();
            Ok(0)
        })
    }
}
