// SPDX-License-Identifier: GPL-2.0

//! A tenant: an association that was made from outside, with its parts and theirs.
//! This is the state that they share. Context: any.

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::barrier::smp_mb;

use super::control::Control;
use super::limits::{MAX_PARTS, MAX_RAW_SOCKETS};

/// What an association shares with its parts.
pub(super) struct Tenant {
    // All tasks that the association was made for are members.
    formed: Atomic<bool>,
    // An update is in progress. Changed with the registry locked.
    updating: Atomic<bool>,
    parts: Atomic<usize>,
    // Number of tasks that members are making which were not searched yet.
    unborn: Atomic<usize>,
    // Its tasks are being searched.
    searching: Atomic<bool>,
    raw_sockets: Atomic<usize>,
}

impl Tenant {
    /// A tenant without parts that is not formed yet.
    pub(super) fn new() -> Self {
        Self {
            formed: Atomic::new(false),
            updating: Atomic::new(false),
            parts: Atomic::new(0),
            unborn: Atomic::new(0),
            searching: Atomic::new(false),
            raw_sockets: Atomic::new(0),
        }
    }

    /// Whether other calls may change it: all tasks that the association was made for
    /// are members.
    pub(super) fn is_formed(&self) -> bool {
        self.formed.load(ordering::Acquire)
    }

    /// Notes that all tasks that the association was made for are members.
    pub(super) fn set_formed(&self, _control: &mut Control) {
        self.formed.store(true, ordering::Release);
    }

    /// Whether an update is in progress. Stable with the registry locked.
    pub(super) fn is_updating(&self) -> bool {
        self.updating.load(ordering::Relaxed)
    }

    /// Notes whether an update is in progress. The caller holds the lock of the
    /// registry.
    pub(super) fn set_updating(&self, updating: bool) {
        self.updating.store(updating, ordering::Relaxed);
    }

    /// Counts one more part. `false` when there are [`MAX_PARTS`].
    pub(super) fn add_part(&self) -> bool {
        let mut count = self.parts.load(ordering::Relaxed);
        while count < MAX_PARTS {
            match self.parts.cmpxchg(count, count + 1, ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => count = now,
            }
        }
        false
    }

    /// Counts one part less.
    pub(super) fn remove_part(&self) {
        self.parts.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// Whether it has no part.
    pub(super) fn has_no_parts(&self) -> bool {
        self.parts.load(ordering::Relaxed) == 0
    }

    /// Counts a task that an unsearched member is making. A full barrier: either the
    /// caller sees afterwards that the member was searched meanwhile, or
    /// [`Self::has_unborn`] sees the task.
    pub(super) fn add_unborn(&self) {
        self.unborn.fetch_add(1_usize, ordering::Full);
    }

    /// Counts one of these less: it is on the list of tasks, or was not made.
    pub(super) fn remove_unborn(&self) {
        self.unborn.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// Whether unsearched members are making tasks. A member that was marked as
    /// searched before this call makes none that count.
    pub(super) fn has_unborn(&self) -> bool {
        // Pairs with `add_unborn`.
        smp_mb(ordering::Full);
        self.unborn.load(ordering::Relaxed) != 0
    }

    /// Whether its tasks are being searched.
    pub(super) fn is_searching(&self) -> bool {
        self.searching.load(ordering::Relaxed)
    }

    /// Notes whether its tasks are being searched. Unsearched members cannot fork
    /// before that is over.
    pub(super) fn set_searching(&self, searching: bool) {
        self.searching.store(searching, ordering::Relaxed);
    }

    /// Counts one more raw or ping socket. `false` when there are
    /// [`MAX_RAW_SOCKETS`].
    pub(super) fn add_raw_socket(&self) -> bool {
        let fits = self.raw_sockets.fetch_add(1_usize, ordering::Relaxed) < MAX_RAW_SOCKETS;
        if !fits {
            self.remove_raw_socket();
        }
        fits
    }

    /// Counts one raw or ping socket less.
    pub(super) fn remove_raw_socket(&self) {
        self.raw_sockets.fetch_sub(1_usize, ordering::Relaxed);
    }
}
