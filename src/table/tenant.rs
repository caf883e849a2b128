// SPDX-License-Identifier: GPL-2.0

//! A tenant: an association that was made from outside, with its parts, and theirs.
//! What they have in common. Any context.

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::barrier::smp_mb;

use super::control::Control;
use super::limits::{MAX_PARTS, MAX_RAW_SOCKETS};

/// What an association shares with its parts.
pub(super) struct Tenant {
    // Every task that is to be a member at first is one.
    formed: Atomic<bool>,
    // An update goes on. Changed with the registry locked.
    updating: Atomic<bool>,
    parts: Atomic<usize>,
    // Tasks that are being made by members that were not searched.
    unborn: Atomic<usize>,
    // Its tasks are being looked through.
    searching: Atomic<bool>,
    raw_sockets: Atomic<usize>,
    full_ports: Atomic<u64>,
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
            full_ports: Atomic::new(0),
        }
    }

    /// Whether calls of others may change it: every task that is to be a member at
    /// first is one.
    pub(super) fn is_formed(&self) -> bool {
        self.formed.load(ordering::Acquire)
    }

    /// Notes that every task that is to be a member at first is one.
    pub(super) fn set_formed(&self, _control: &mut Control) {
        self.formed.store(true, ordering::Release);
    }

    /// Whether an update goes on. Stable with the registry locked.
    pub(super) fn is_updating(&self) -> bool {
        self.updating.load(ordering::Relaxed)
    }

    /// Notes whether an update goes on. The registry is locked.
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

    /// Counts a task that a member makes which was not searched. A full barrier:
    /// either the caller sees afterwards that the member is searched now, or
    /// [`Self::has_unborn`] sees the task.
    pub(super) fn add_unborn(&self) {
        self.unborn.fetch_add(1_usize, ordering::Full);
    }

    /// One of these is on the list of tasks, or did not come to be.
    pub(super) fn remove_unborn(&self) {
        self.unborn.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// Whether members that were not searched are making tasks. Members that were
    /// marked as searched before this make none that count.
    pub(super) fn has_unborn(&self) -> bool {
        // Pairs with `add_unborn`.
        smp_mb(ordering::Full);
        self.unborn.load(ordering::Relaxed) != 0
    }

    /// Whether its tasks are being looked through.
    pub(super) fn is_searching(&self) -> bool {
        self.searching.load(ordering::Relaxed)
    }

    /// Notes whether its tasks are being looked through: they fork when that is
    /// done.
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

    /// Counts a socket that was refused a port with as many sockets of this tenant
    /// as it may have.
    pub(super) fn note_full_port(&self) {
        self.full_ports.add(1_u64, ordering::Relaxed);
    }

    /// How many of these there were.
    pub(super) fn full_ports(&self) -> u64 {
        self.full_ports.load(ordering::Relaxed)
    }
}
