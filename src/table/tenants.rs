// SPDX-License-Identifier: GPL-2.0

//! The state of the module: the members, what associations hold, and the pointer
//! through which both are found. The calls that change them have files of their own.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc, MutexGuard};

use crate::abi::Terms;
use crate::policy::Uid;
use crate::sys::module::ModuleRef;
use crate::sys::published::Published;
use crate::sys::sysfs::Dir;
use crate::sys::task::TaskKey;

use super::association::{Association, Making, PartOf, User};
use super::control::Control;
use super::holdings::Holdings;
use super::keys::Keys;
use super::known;
use super::leftover::{self, Leftover};
use super::members::Members;
use super::registry::Registry;
use super::set::AddressSet;
use super::switch::PutInForce;
use super::waiting::Waiting;

/// The pointer to the tenants, set while the module is up.
pub(crate) static TENANTS: Published<Tenants> = Published::new();

/// The tenants, while the module is up.
pub(crate) fn get() -> Option<&'static Tenants> {
    TENANTS.get()
}

/// The association of the running task, if any. Context: any.
pub(crate) fn current() -> Option<Arc<Association>> {
    known::current(&get()?.members)
}

/// The state of the module.
pub(crate) struct Tenants {
    pub(super) members: Arc<Members>,
    pub(super) holdings: Arc<Holdings>,
    pub(super) waiting: Waiting,
    module: &'static ThisModule,
}

impl Tenants {
    /// No tenants. Associations appear as files in `by_id`, and keep `module` loaded. As
    /// long as there are any, what `put_in_force` returns is in force.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(
        module: &'static ThisModule,
        by_id: Arc<Dir>,
        put_in_force: PutInForce,
    ) -> Result<Self> {
        let members = Arc::new(Members::new()?, GFP_KERNEL)?;
        let holdings = Holdings::new(by_id, members.clone(), put_in_force)?;
        Ok(Self {
            members,
            holdings,
            waiting: Waiting::new()?,
            module,
        })
    }

    /// Which task is a member of which association.
    pub(crate) fn members(&self) -> &Members {
        &self.members
    }

    /// The list of associations.
    pub(crate) fn registry(&self) -> &Registry {
        &self.holdings.registry
    }

    /// Which tenants have an address.
    pub(crate) fn keys(&self) -> &Keys {
        &self.holdings.keys
    }

    /// Whether wildcard sockets of unassociated processes must leave `addr` alone.
    /// Context: any.
    pub(crate) fn is_reserved(&self, addr: IpAddr) -> bool {
        self.holdings.is_reserved(addr)
    }

    /// The connections of an association on former addresses, counted by address.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn leftovers(&self, association: &Association) -> Result<KVec<Leftover>> {
        leftover::of(&self.holdings, association)
    }

    /// Takes the control lock, with which changes from outside take effect one at a
    /// time, unless the caller is associated. That was checked before, but a call
    /// that held the lock meanwhile may have associated it.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller is associated.
    pub(super) fn control_from_outside(&self) -> Result<MutexGuard<'_, Control>> {
        let guard = self.holdings.control();
        if self.members.association(TaskKey::current()).is_some() {
            return Err(EPERM);
        }
        Ok(guard)
    }

    /// Makes an association with its first user, not listed yet.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOSPC` when all ids are taken, `ENODEV` when the module is being unloaded,
    /// `ENOMEM`.
    pub(super) fn make(
        &self,
        terms: Terms,
        set: AddressSet,
        part_of: Option<PartOf>,
        granted_to: Option<Uid>,
    ) -> Result<(Arc<Association>, User)> {
        let module = ModuleRef::get(self.module)?;
        let id = self.holdings.take_id()?;
        let making = Making {
            id,
            terms,
            granted_to,
            part_of,
            keeper: self.holdings.clone(),
            module,
        };
        // Once made, it gives its id back itself: see `Holdings::bury`.
        Association::new(making, set, self.keys()).inspect_err(|_| self.holdings.leave_id(id))
    }

    /// Waits until tasks that were removed before are no longer counted, and
    /// associations that ended with them are no longer listed, but only for the time
    /// of [`Waiting::soon`]. Context: process, may sleep.
    pub(super) fn settle_soon(&self) {
        let holdings = self.holdings.clone();
        self.waiting.soon(move || settle(&holdings));
    }

    /// Sleeps until tasks that were forgotten or released before are no longer
    /// counted, associations that ended with them are no longer listed, and all work
    /// begun by [`Self::settle_soon`] and for old sets is done.
    pub(crate) fn settle(&self) {
        self.waiting.flush();
        settle(&self.holdings);
    }
}

fn settle(holdings: &Holdings) {
    rcu::rcu_barrier();
    holdings.flush();
}
