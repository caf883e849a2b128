// SPDX-License-Identifier: GPL-2.0

//! What associations hold of the machine and give back when they end: ids, files in
//! sysfs, and addresses that no other association may have meanwhile.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::{new_mutex, Arc, Mutex, MutexGuard};
use kernel::workqueue::Queue;

use crate::events::Happening;
use crate::sys::gate::Counting;
use crate::sys::queue::OwnQueue;
use crate::sys::sysfs::Dir;

use super::association::{Association, Keeper};
use super::control::Control;
use super::former;
use super::grants::Grants;
use super::keys::Keys;
use super::loopback::Loopbacks;
use super::members::Members;
use super::registry::Registry;
use super::reserved::Reserved;
use super::rules::Rules;
use super::switch::{PutInForce, Switch};

/// What associations hold. `docs/locking.md` says what each lock guards, in which
/// order locks are taken, and how long each is held.
#[pin_data]
pub(super) struct Holdings {
    #[pin]
    pub(super) registry: Registry,
    #[pin]
    pub(super) loopbacks: Loopbacks,
    pub(super) reserved: Reserved,
    pub(super) keys: Keys,
    #[pin]
    pub(super) rules: Rules,
    #[pin]
    pub(super) grants: Grants,
    switch: Switch,
    // There while traffic is counted.
    #[pin]
    pub(super) counting: Mutex<Option<Counting>>,
    #[pin]
    control: Mutex<Control>,
    // Buries associations that have ended.
    queue: OwnQueue,
}

impl Holdings {
    /// Nothing is held. Associations appear as files in `by_id`, for tasks that are
    /// not `members` of any. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(
        by_id: Arc<Dir>,
        members: Arc<Members>,
        put_in_force: PutInForce,
    ) -> Result<Arc<Self>> {
        let reserved = Reserved::new();
        let keys = Keys::new()?;
        let switch = Switch::new(put_in_force)?;
        let queue = OwnQueue::new(c"addrconf")?;
        Arc::pin_init(
            try_pin_init!(Self {
                registry <- Registry::new(by_id, members),
                loopbacks <- Loopbacks::new(),
                reserved,
                keys,
                rules <- Rules::new(),
                grants <- Grants::new(),
                switch,
                counting <- new_mutex!(None),
                control <- new_mutex!(Control::new()),
                queue,
            }),
            GFP_KERNEL,
        )
    }

    /// Takes the control lock, with which changes from outside take effect one at a
    /// time. Context: process, may sleep.
    pub(super) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock()
    }

    /// Whether wildcard sockets of unassociated processes must leave `addr` alone.
    /// Context: any.
    pub(super) fn is_reserved(&self, addr: IpAddr) -> bool {
        let dedicated =
            matches!(addr, IpAddr::V4(v4) if v4.is_loopback() && self.loopbacks.is_taken(v4));
        dedicated || self.reserved.contains(addr)
    }

    /// Takes an id for an association that is about to be made.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when all ids are taken, `ENOMEM`.
    pub(super) fn take_id(&self) -> Result<u32> {
        self.switch.add()?;
        self.registry
            .take_id()
            .inspect_err(|_| self.switch.remove())
    }

    /// Gives the id of an association back that was buried, or not made.
    /// Context: process, may sleep.
    pub(super) fn leave_id(&self, id: u32) {
        self.keys.forget(id);
        self.registry.leave_id(id);
        self.switch.remove();
    }

    /// Sleeps until associations that ended before are buried.
    pub(super) fn flush(&self) {
        self.queue.flush();
    }
}

impl Keeper for Holdings {
    fn queue(&self) -> &Queue {
        &self.queue
    }

    fn bury(&self, association: &Association) {
        let listed = self.registry.unlist(association);
        if listed {
            association.subject().has_for(Happening::Ended, None);
        }
        let mut control = self.control();
        // Without memory the host's wildcard sockets keep leaving the addresses
        // alone: more than needed, never less.
        let reserved = (listed && association.reserves())
            .then(|| self.reserved.renew(&mut control, &self.registry, None));
        let former = former::replace(&mut control, association, None);
        drop(control);
        // Dropping them sleeps until no reader has them, so the lock is released
        // first.
        drop((reserved, former));
        if let Some(loopback) = association.loopback() {
            self.loopbacks.leave(loopback);
        }
        self.leave_id(association.id());
    }
}
