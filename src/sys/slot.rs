// SPDX-License-Identifier: GPL-2.0

//! The slot of each socket: a word in its security blob, which the gate reserves for this
//! module. It holds a reference to a `T`, or nothing.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{Arc, ArcBorrow};

use super::ranged::Ranged;
use super::raw;
use super::rcu_cell::RcuCell;
use super::sock::{FreedSk, SkRef};

/// Access to the slots.
///
/// # Invariants
///
/// `T` is the same type in the whole module. Every slot is null, or holds a pointer from
/// [`Arc::into_raw`] of a `T` and owns that reference.
pub(crate) struct Slots<T>(core::marker::PhantomData<T>);

/// A value for slots, which has a set of addresses.
pub(crate) trait HasSet: Send + Sync + 'static {
    /// What it keeps with the addresses.
    type Rest: Send + Sync;

    /// Its present set.
    fn set_cell(&self) -> &RcuCell<Ranged<Self::Rest>>;
}

impl<T: HasSet> Slots<T> {
    /// Access to the slots.
    ///
    /// # Safety
    ///
    /// Every call of this in the module has the same `T`. (`table::sockets` has the only one.)
    pub(crate) const unsafe fn new() -> Self {
        // INVARIANT: The caller promises that `T` is the same everywhere. The gate makes slots
        // null, and only the functions below write them.
        Self(core::marker::PhantomData)
    }

    /// What the slot of the socket holds. Context: any.
    pub(crate) fn get<'a>(&self, sk: SkRef<'a>) -> Option<ArcBorrow<'a, T>> {
        let held = NonNull::new(self.slot(sk)?.load(ordering::Acquire))?;
        // SAFETY: By the type invariants the pointer is that of an `Arc<T>`, whose reference the
        // slot owns. Only `take` empties a slot, of a socket to which nothing else refers and
        // which is borrowed for it exclusively; `sk` is valid during `'a`.
        Some(unsafe { ArcBorrow::from_raw(held.as_ptr()) })
    }

    /// Fills an empty slot. Gives the value back when the socket has no slot, or a full one.
    /// Context: any.
    pub(crate) fn fill(&self, sk: SkRef<'_>, value: Arc<T>) -> core::result::Result<(), Arc<T>> {
        let Some(slot) = self.slot(sk) else {
            return Err(value);
        };
        // It stays there as long as the value, which the slot keeps.
        let set = value.set_cell().as_ptr().cast::<c_void>().cast_mut();
        let raw = Arc::into_raw(value).cast_mut();
        // INVARIANT: If the slot was null, it now owns the reference.
        match slot.cmpxchg(ptr::null_mut(), raw, ordering::Full) {
            Ok(_) => {
                if let Some(shown) = self.set_pointer(sk) {
                    shown.store(set, ordering::Release);
                }
                Ok(())
            }
            // SAFETY: `raw` came from `into_raw` above, and no slot took over its reference.
            Err(_) => Err(unsafe { Arc::from_raw(raw) }),
        }
    }

    /// Empties the slot of a socket that is about to be freed. Context: any but NMI.
    pub(crate) fn take(&self, sk: &mut FreedSk<'_>) -> Option<Arc<T>> {
        let slot = self.slot(sk.get())?;
        if let Some(shown) = self.set_pointer(sk.get()) {
            shown.store(ptr::null_mut(), ordering::Relaxed);
        }
        // INVARIANT: The slot is null after this, and owns nothing.
        let held = NonNull::new(slot.xchg(ptr::null_mut(), ordering::Full))?;
        // SAFETY: By the type invariants the pointer came from `Arc::into_raw`. The exchange
        // took the slot's reference over, so no other call can take it.
        Some(unsafe { Arc::from_raw(held.as_ptr()) })
    }

    fn slot<'a>(&self, sk: SkRef<'a>) -> Option<&'a Atomic<*mut T>> {
        let known = self.known(sk)?;
        // SAFETY: By the contract of `known` it is in the blob, and access to `owner` is atomic.
        Some(unsafe { Atomic::from_ptr(ptr::addr_of_mut!((*known.as_ptr()).owner).cast()) })
    }

    /// Where the gate finds the set of the value in the slot: null, or the cell of a value that
    /// the slot holds.
    fn set_pointer<'a>(&self, sk: SkRef<'a>) -> Option<&'a Atomic<*mut c_void>> {
        let known = self.known(sk)?;
        // SAFETY: By the contract of `known` it is in the blob, and access to `set` is atomic.
        Some(unsafe { Atomic::from_ptr(ptr::addr_of_mut!((*known.as_ptr()).set).cast()) })
    }

    /// What the gate keeps in the security blob of the socket, which the LSM core aligns, and
    /// which security_sk_free() frees with the socket. All accesses are atomic: those of this
    /// file, and READ_ONCE() in the gate.
    fn known(&self, sk: SkRef<'_>) -> Option<NonNull<raw::acf_sock>> {
        // SAFETY: By the invariants of `SkRef` the socket is valid and full, as acf_gate_sock()
        // requires.
        NonNull::new(unsafe { raw::acf_gate_sock(sk.as_ptr()) })
    }
}
