// SPDX-License-Identifier: GPL-2.0

//! The word of each socket that is ours, in the security blob that the gate
//! reserves: a reference to a `T`, or nothing.
//!
//! C header: `include/linux/addrconf_gate.h` (`kernel/patches/`)

use core::ptr::NonNull;

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{Arc, ArcBorrow};

use super::raw;
use super::sock::SkRef;

/// Access to the slots, which all hold a `T`.
///
/// # Invariants
///
/// There is one such type parameter for the whole module: every slot is empty
/// or holds a pointer from [`Arc::into_raw`] of a `T`, with its reference.
pub(crate) struct Slots<T>(core::marker::PhantomData<T>);

impl<T: Send + Sync + 'static> Slots<T> {
    /// The access to slots.
    ///
    /// # Safety
    ///
    /// `T` is the same wherever this is called.
    pub(crate) const unsafe fn new() -> Self {
        // INVARIANT: By the function's contract.
        Self(core::marker::PhantomData)
    }

    /// What the socket's slot holds. Any context.
    pub(crate) fn get<'a>(&self, sk: SkRef<'a>) -> Option<ArcBorrow<'a, T>> {
        let held = NonNull::new(self.slot(sk)?.load(ordering::Acquire))?;
        // SAFETY: By the type invariants it is an `Arc<T>`'s. A slot is only
        // emptied when its socket goes, and the socket is there for `'a`.
        Some(unsafe { ArcBorrow::from_raw(held.as_ptr()) })
    }

    /// Fills an empty slot. Gives the value back when the socket has no slot
    /// or it is taken. Any context.
    pub(crate) fn fill(&self, sk: SkRef<'_>, value: Arc<T>) -> core::result::Result<(), Arc<T>> {
        let Some(slot) = self.slot(sk) else {
            return Err(value);
        };
        let raw = Arc::into_raw(value).cast_mut();
        // INVARIANT: The slot takes over the reference, if it was empty.
        match slot.cmpxchg(core::ptr::null_mut(), raw, ordering::Full) {
            Ok(_) => Ok(()),
            // SAFETY: It came from `into_raw` above and was not handed on.
            Err(_) => Err(unsafe { Arc::from_raw(raw) }),
        }
    }

    /// Empties the slot of a socket that goes. Any context but NMI.
    pub(crate) fn take(&self, sk: SkRef<'_>) -> Option<Arc<T>> {
        let slot = self.slot(sk)?;
        // INVARIANT: The slot is empty after this.
        let held = NonNull::new(slot.xchg(core::ptr::null_mut(), ordering::Full))?;
        // SAFETY: By the type invariants it came from `Arc::into_raw`, and its
        // reference was the slot's.
        Some(unsafe { Arc::from_raw(held.as_ptr()) })
    }

    fn slot<'a>(&self, sk: SkRef<'a>) -> Option<&'a Atomic<*mut T>> {
        // SAFETY: The socket is valid, and a full one, by the invariants of
        // `SkRef`.
        let slot = NonNull::new(unsafe { raw::acf_gate_sock_slot(sk.as_ptr()) })?;
        // SAFETY: The slot is a pointer-sized, aligned word that lives as long
        // as the socket and is only ever accessed atomically here, and by one
        // `READ_ONCE` in packet.c.
        Some(unsafe { Atomic::from_ptr(slot.as_ptr().cast::<*mut T>()) })
    }
}
