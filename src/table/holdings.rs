// SPDX-License-Identifier: GPL-2.0

//! What associations hold of the machine, and give back when they end: their ids,
//! their files, and addresses that nobody else has meanwhile.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::{new_mutex, Arc, Mutex, MutexGuard};
use kernel::workqueue::Queue;

use crate::sys::queue::OwnQueue;
use crate::sys::sysfs::Dir;

use super::association::{Association, Keeper};
use super::control::Control;
use super::former;
use super::loopback::Loopbacks;
use super::members::Members;
use super::registry::Registry;
use super::reserved::Reserved;

/// What associations hold. Which lock is for what, in which order, and for how long:
/// `docs/locking.md`.
#[pin_data]
pub(super) struct Holdings {
    #[pin]
    pub(super) registry: Registry,
    #[pin]
    pub(super) loopbacks: Loopbacks,
    pub(super) reserved: Reserved,
    #[pin]
    control: Mutex<Control>,
    // Buries associations that have ended.
    queue: OwnQueue,
}

impl Holdings {
    /// Nothing is held. Associations show up as files in `by_id`, for those that are
    /// not `members` of any. May sleep. `ENOMEM`.
    pub(super) fn new(by_id: Arc<Dir>, members: Arc<Members>) -> Result<Arc<Self>> {
        let reserved = Reserved::new()?;
        let queue = OwnQueue::new(c"addrconf")?;
        Arc::pin_init(
            try_pin_init!(Self {
                registry <- Registry::new(by_id, members),
                loopbacks <- Loopbacks::new(),
                reserved,
                control <- new_mutex!(Control::new()),
                queue,
            }),
            GFP_KERNEL,
        )
    }

    /// Has changes from outside take effect one at a time. May sleep.
    pub(super) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock()
    }

    /// Whether wildcard sockets of unassociated processes are to leave `addr`
    /// alone. Any context; never sleeps.
    pub(super) fn is_reserved(&self, addr: IpAddr) -> bool {
        let dedicated =
            matches!(addr, IpAddr::V4(v4) if v4.is_loopback() && self.loopbacks.is_taken(v4));
        dedicated || self.reserved.contains(addr)
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
        let mut control = self.control();
        // Without memory, wildcards of the host go on leaving the addresses alone:
        // more than needed, never less.
        let reserved = (listed && association.reserves())
            .then(|| self.reserved.renew(&mut control, &self.registry, None));
        let former = former::bury(&mut control, association);
        drop(control);
        // Sleeps until no reader has them.
        drop((reserved, former));
        if let Some(loopback) = association.loopback() {
            self.loopbacks.leave(loopback);
        }
        self.registry.leave_id(association.id());
    }
}
