// SPDX-License-Identifier: GPL-2.0

//! Which tenants have an address. A tenant's key is the id of the association that was made
//! from outside; its parts have nothing outside their whole's set, so they are not in the index.
//! A set is in the index as long as it exists, that is, as long as any reader may see it.

use core::net::{IpAddr, Ipv4Addr};
use core::ops::Deref;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{rcu, Arc};

use crate::policy;
use crate::sys::index::{Entries, Index, Room};
use crate::sys::map::{Entry, InsertError, MapKey, RcuMap, Value};

use super::set::AddressSet;

/// The id of a part.
#[derive(Clone, Copy)]
struct PartId(u32);

impl MapKey for PartId {
    fn word(self) -> usize {
        self.0 as usize
    }
}

/// The key of a part's tenant.
struct Key(u32);

impl Value for Key {}

/// The index from addresses to keys, and the keys of parts.
pub(crate) struct Keys {
    index: Arc<Index>,
    parts: RcuMap<PartId, Key>,
    // Number of parts in the map, for moments more. Zero means that no look-up is needed.
    part_count: Atomic<usize>,
}

/// A set that an association may have: others find it by its addresses.
pub(super) struct Findable(KBox<AddressSet>);

impl Deref for Findable {
    type Target = AddressSet;

    fn deref(&self) -> &AddressSet {
        &self.0
    }
}

impl Findable {
    /// The set.
    pub(super) fn into_set(self) -> KBox<AddressSet> {
        self.0
    }
}

impl Keys {
    /// No addresses and no parts. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            index: Arc::new(Index::new()?, GFP_KERNEL)?,
            parts: RcuMap::new()?,
            part_count: Atomic::new(0),
        })
    }

    /// A set for a tenant: `key` is found by its addresses and by `loopback` as long as the set
    /// exists. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn of_tenant(
        &self,
        mut set: AddressSet,
        key: u32,
        loopback: Option<Ipv4Addr>,
    ) -> Result<Findable> {
        let room = set.entries().len() + 1;
        let mut entries = Entries::new(self.index.clone(), room)?;
        for (addr, len) in policy::places(set.entries(), loopback) {
            entries.add(addr, len, key)?;
        }
        set.keep(entries);
        Ok(Findable(KBox::new(set, GFP_KERNEL)?))
    }

    /// A set for a part. It is within the set of its whole, by which its tenant is found.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn of_part(&self, set: AddressSet) -> Result<Findable> {
        Ok(Findable(KBox::new(set, GFP_KERNEL)?))
    }

    /// Notes the key of a part, before it has any socket. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn add_part(&self, id: u32, key: u32) -> Result {
        let entry = Entry::new(Key(key), GFP_KERNEL_ACCOUNT)?;
        self.part_count.add(1_usize, ordering::Relaxed);
        self.parts.insert(PartId(id), entry).map_err(|error| {
            self.part_count.fetch_sub(1_usize, ordering::Relaxed);
            match error {
                // Ids are unique.
                InsertError::Occupied => EEXIST,
                InsertError::Table(error) => error,
            }
        })
    }

    /// Forgets the key of an association, if it was a part. Context: any but NMI.
    pub(super) fn forget(&self, id: u32) {
        if self.has_parts() && self.parts.remove(PartId(id)) {
            self.part_count.fetch_sub(1_usize, ordering::Relaxed);
        }
    }

    fn has_parts(&self) -> bool {
        self.part_count.load(ordering::Relaxed) != 0
    }

    /// The key of the association with this id. If there is none, nobody has the key.
    /// Context: any.
    pub(crate) fn of(&self, id: u32) -> u32 {
        // Who has the id of a part got it from a socket of the part, which was counted before.
        if !self.has_parts() {
            return id;
        }
        let guard = rcu::read_lock();
        self.parts.get(PartId(id), &guard).map_or(id, |key| key.0)
    }

    /// Looks up the keys of the tenants that have `addr`, those that `room` is for; a few that
    /// have just lost it may be among them. Context: any but hard interrupts.
    pub(crate) fn having(&self, addr: IpAddr, room: &mut Room<'_>) {
        self.index.find(addr, room);
    }

    /// Calls `visit` with each of these keys until it fails. `visit` must not sleep.
    /// Context: any but hard interrupts.
    pub(crate) fn each_having(&self, addr: IpAddr, visit: impl FnMut(u32) -> Result) -> Result {
        self.index.each(addr, visit)
    }
}
