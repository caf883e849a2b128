// SPDX-License-Identifier: GPL-2.0

//! An association: what a group of tasks and their sockets share.

mod addresses;
mod life;
mod part;
mod users;

use life::Life;
pub(super) use life::{Epoch, Stage};
pub(super) use part::PartOf;
pub(super) use users::{Keeper, User};

use core::mem::offset_of;
use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::atomic::Atomic;
use kernel::sync::Arc;
use kernel::workqueue::{impl_has_work, new_work, Work};

use crate::abi::Terms;
use crate::events::{Record, Subject};
use crate::policy::Uid;
use crate::sys::line::CACHE_LINE;
use crate::sys::map::Group;
use crate::sys::module::ModuleRef;
use crate::sys::rcu_cell::{RcuCell, RcuOption};

use super::keys::Keys;
use super::set::AddressSet;
use super::tenant::Tenant;

/// An association: id, terms, address set, and the number of its tasks and sockets.
///
/// It ends with its last user: a task, a socket, a part, or the call that makes it.
/// From then on it takes no new ones, and its keeper buries it.
//
// In this order in memory. The counts come first, in the cache line of the reference count that
// `Arc` puts before them: each task and socket that comes or goes writes that line. Each packet
// reads `set`, so it is in another line.
#[pin_data]
#[repr(C)]
pub(crate) struct Association {
    // Tasks, sockets, parts, and the call that makes it. Never rises from zero.
    users: Atomic<usize>,
    tasks: Atomic<usize>,
    sockets: Atomic<usize>,
    // The memberships in it.
    #[pin]
    roll: Group,
    #[pin]
    burial: Work<Self>,
    set: RcuCell<AddressSet>,
    // The addresses that updates took out of the set, if any.
    former: RcuOption<AddressSet>,
    tenant: Arc<Tenant>,
    // For a part: its place in its whole, which lives at least as long.
    part_of: Option<PartOf>,
    id: u32,
    // The user that made it under its grant. Of a part, its whole knows.
    granted_to: Option<Uid>,
    terms: Terms,
    life: Life,
    // What was refused to it.
    record: Record,
    keeper: Arc<dyn Keeper>,
    // Dropped last: the module's code must stay as long as sockets refer to this.
    _module: ModuleRef,
}

// The counts are in the first line, and `set` is not. The reference count takes a word of it.
const _: () = assert!(offset_of!(Association, burial) + size_of::<usize>() <= CACHE_LINE);
const _: () = assert!(offset_of!(Association, set) + size_of::<usize>() >= CACHE_LINE);

impl_has_work! {
    impl HasWork<Self> for Association { self.burial }
}

/// What an association is made of, except its set.
pub(super) struct Making {
    /// Its id, which no other association has.
    pub(super) id: u32,
    /// Its terms, with the loopback address that was taken for it.
    pub(super) terms: Terms,
    /// The user that makes it under its grant.
    pub(super) granted_to: Option<Uid>,
    /// For a part: its place in its whole.
    pub(super) part_of: Option<PartOf>,
    /// Buries it.
    pub(super) keeper: Arc<dyn Keeper>,
    /// Keeps the module loaded.
    pub(super) module: ModuleRef,
}

impl Association {
    /// Makes an association with a first user, which keeps it alive until it has a
    /// task. `keys` knows its tenant's key from now on, until the association is buried.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(making: Making, set: AddressSet, keys: &Keys) -> Result<(Arc<Self>, User)> {
        let record = Record::new()?;
        let (tenant, set) = match &making.part_of {
            Some(part_of) => {
                keys.add_part(making.id, part_of.whole().key())?;
                (part_of.whole().tenant.clone(), keys.of_part(set)?)
            }
            None => (
                Arc::new(Tenant::new(), GFP_KERNEL)?,
                keys.of_tenant(set, making.id, making.terms.loopback)?,
            ),
        };
        let set = RcuCell::new(set.into_set());
        let association = Arc::pin_init(
            pin_init!(Self {
                users: Atomic::new(1),
                tasks: Atomic::new(0),
                sockets: Atomic::new(0),
                roll <- Group::new(),
                burial <- new_work!("Association::burial"),
                set,
                former: RcuOption::new(None),
                tenant,
                part_of: making.part_of,
                id: making.id,
                granted_to: making.granted_to,
                terms: making.terms,
                life: Life::new(),
                record,
                keeper: making.keeper,
                _module: making.module,
            }),
            GFP_KERNEL,
        )?;
        // INVARIANT: `users` was initialised to 1 above, which counts this user.
        let first = User::first(association.clone());
        Ok((association, first))
    }

    /// Its id: never 0, and unique as long as it has tasks or sockets.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// The key of its tenant: the id of the association that was made from outside.
    pub(crate) fn key(&self) -> u32 {
        self.up().last().map_or(self.id, |root| root.id)
    }

    /// Whether the stack's index may have sockets of its tenant in places that cannot be told.
    pub(crate) fn has_astray_sockets(&self) -> bool {
        self.tenant.has_astray()
    }

    /// It, as events tell of it.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            id: self.id,
            name: self.terms.name,
            record: &self.record,
        }
    }

    /// What is kept of it.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Its terms.
    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The user that made it, or the association that it is a part of, under its grant. `None` if
    /// an administrator did.
    pub(crate) fn granted_to(&self) -> Option<Uid> {
        self.up().last().and_then(|root| root.granted_to)
    }

    /// Whether `user` may know of it and control it: the one that made it, or no user but an
    /// administrator.
    pub(crate) fn is_under(&self, user: Option<Uid>) -> bool {
        user.is_none() || self.granted_to() == user
    }

    /// Its tenant: what it shares with its parts or, as a part, with its whole.
    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Its dedicated loopback address, unless it is a part of another.
    pub(crate) fn loopback(&self) -> Option<Ipv4Addr> {
        self.terms.loopback
    }

    /// Whether it reserves its addresses: wildcard sockets of unassociated processes
    /// leave them alone. A part does not, as its whole does.
    pub(super) fn reserves(&self) -> bool {
        self.terms.exclusive && self.part_of.is_none()
    }
}
