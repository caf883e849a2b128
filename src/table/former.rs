// SPDX-License-Identifier: GPL-2.0

//! What was in a set once: connections that were made then go on, until they are
//! reset or the address comes to another association. May sleep.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::{rcu, Arc};

use crate::policy::{subtract, Number, Range};
use crate::sys::connections::{self, Connection, Ended};
use crate::sys::rcu_cell::Replaced;

use super::gather::gather;
use super::limits::MAX_FORMER;
use super::{sockets, AddressSet, Association, Table};

/// A connection on an address that left its association's set.
#[derive(Clone, Copy)]
pub(crate) struct Leftover {
    /// Its local address.
    pub(crate) addr: IpAddr,
    /// How many there are on it.
    pub(crate) count: u64,
}

/// What is left of `ranges` without `others`.
fn difference<T: Number>(ranges: &[Range<T>], others: &[Range<T>]) -> Result<KVec<Range<T>>> {
    let mut left = KVec::new();
    subtract(ranges, others, |range| {
        left.push(range, GFP_KERNEL).map_err(Error::from)
    })?;
    Ok(left)
}

impl AddressSet {
    /// What was in a set that held `former` before, and holds this now.
    pub(super) fn with_former(&self, former: &Self) -> Result<Self> {
        let count = self.ranges() + former.ranges();
        let (mut v4, mut v6) = (KVec::new(), KVec::new());
        v4.extend_from_slice(self.v4(), GFP_KERNEL)?;
        v6.extend_from_slice(self.v6(), GFP_KERNEL)?;
        if count <= MAX_FORMER {
            v4.extend_from_slice(former.v4(), GFP_KERNEL)?;
            v6.extend_from_slice(former.v6(), GFP_KERNEL)?;
        }
        Ok(Self::of_ranges(v4, v6))
    }

    /// What of this is not in `other`.
    pub(super) fn without(&self, other: &Self) -> Result<Self> {
        Ok(Self::of_ranges(
            difference(self.v4(), other.v4())?,
            difference(self.v6(), other.v6())?,
        ))
    }
}

/// Ends the connections that are `wanted`. Some may stay locked by their owners for
/// long; these are left, and what they send and receive is refused. Returns how many
/// full ones it ended, and whether some are left.
fn end(wanted: impl Fn(&Connection<'_>) -> bool) -> Ended {
    let mut count = 0;
    let is_busy = sockets::while_locked(|| {
        let ended = connections::end(&wanted);
        count += ended.count;
        ended.is_busy
    });
    Ended { count, is_busy }
}

impl Table {
    /// Whether any association has lost addresses on which it may have connections.
    fn has_formers(&self) -> bool {
        self.formers.load(ordering::Relaxed) != 0 || self.any_left.load(ordering::Relaxed)
    }

    /// Puts in place what an association once had. Gives back what was there before.
    /// `control` is held. Does not sleep.
    pub(super) fn replace_former(
        &self,
        association: &Association,
        former: KBox<AddressSet>,
    ) -> Replaced<AddressSet> {
        let (had, has) = (association.has_former(), !former.is_empty());
        if has && !had {
            self.formers.add(1_usize, ordering::Relaxed);
        }
        let old = association.replace_former(former);
        if had && !has {
            self.formers.fetch_sub(1_usize, ordering::Relaxed);
        }
        old
    }

    /// An association has ended, and with it what it once had.
    pub(super) fn bury_former(&self, association: &Association) {
        if !association.has_former() {
            return;
        }
        // Without memory others go on looking for its connections, in vain.
        if let Ok(nothing) = AddressSet::empty() {
            let one_at_a_time = self.control.lock();
            let old = self.replace_former(association, nothing);
            drop(one_at_a_time);
            // Sleeps until no reader has it.
            drop(old);
        }
    }

    /// Ends the connections of `association` and its parts, whose ids are `ids`, on
    /// addresses that are in their sets no more. Returns how many full ones there
    /// were.
    pub(super) fn end_leftovers(&self, association: &Association, ids: &[u32]) -> u64 {
        self.note_left(end(|connection| match connection.info.timewait {
            // It has no owner any more, but is in the way of the association
            // that has the address now.
            Some(scope) => {
                let guard = rcu::read_lock();
                ids.contains(&scope) && !association.owner(&guard).owns(connection.info.local)
            }
            None => sockets::is_leftover(connection, |owner| owner.is_within(association)),
        }))
    }

    /// Ends the connections of other tenants on addresses that are not in their
    /// sets any more, and that are to be `owner`'s.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, nothing ended.
    pub(super) fn end_predecessors(&self, owner: &Association, coming: &AddressSet) -> Result {
        if !self.has_formers() || coming.is_empty() {
            return Ok(());
        }
        // Whose final waits are to be left alone: those that have an address, too.
        let present: KVVec<u32> = gather(|push| {
            self.each_listed(|other| {
                if other.is_same_tenant(owner) || other.has_any_of(coming) {
                    push(other.id());
                }
            });
        })?;
        self.note_left(end(|connection| {
            coming.view().contains(connection.info.local)
                && match connection.info.timewait {
                    Some(scope) => scope != 0 && present.binary_search(&scope).is_err(),
                    None => sockets::is_leftover(connection, |other| !other.is_same_tenant(owner)),
                }
        }));
        Ok(())
    }

    /// Remembers that connections are left which their owners keep locked: they are
    /// shown, and looked for whenever an address comes to somebody. Returns how many
    /// were ended.
    fn note_left(&self, ended: Ended) -> u64 {
        if ended.is_busy && !self.any_left.load(ordering::Relaxed) {
            self.any_left.store(true, ordering::Relaxed);
        }
        ended.count
    }

    /// Takes from all other tenants than `owner`'s what they had once of `coming`: none
    /// of their connections there can go on. Gives back what was in place before.
    /// `control` is held.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, nothing changed.
    pub(super) fn disinherit(
        &self,
        owner: &Association,
        coming: &AddressSet,
    ) -> Result<KVec<Replaced<AddressSet>>> {
        let mut replaced = KVec::new();
        if !self.has_formers() {
            return Ok(replaced);
        }
        let all: KVVec<Arc<Association>> = gather(|push| {
            self.each_listed(|other| {
                if !other.is_same_tenant(owner) && other.had_any_of(coming) {
                    push(other.clone());
                }
            });
        })?;
        let mut left = KVVec::with_capacity(all.len(), GFP_KERNEL)?;
        for other in all {
            let former = other.copy_former()?.without(coming)?;
            left.push((other, KBox::new(former, GFP_KERNEL)?), GFP_KERNEL)?;
        }
        replaced.reserve(left.len(), GFP_KERNEL)?;
        for (other, former) in left {
            // There is room, made above.
            let _ = replaced.push_within_capacity(self.replace_former(&other, former));
        }
        Ok(replaced)
    }

    /// The connections of an association, by the address which left its set that
    /// each is on.
    pub(crate) fn leftovers(&self, association: &Association) -> Result<KVec<Leftover>> {
        let mut found: KVVec<IpAddr> = KVVec::new();
        if association.has_former() || self.any_left.load(ordering::Relaxed) {
            found = gather(|push| {
                connections::each(|connection| {
                    if sockets::is_leftover(connection, |owner| owner.id() == association.id()) {
                        push(connection.info.local.to_canonical());
                    }
                });
            })?;
        }
        found.sort_unstable();
        let mut leftovers = KVec::<Leftover>::new();
        for addr in found {
            match leftovers.last_mut() {
                Some(last) if last.addr == addr => last.count += 1,
                _ => leftovers.push(Leftover { addr, count: 1 }, GFP_KERNEL)?,
            }
        }
        Ok(leftovers)
    }
}

impl Association {
    /// Whether it has lost addresses on which it may have connections. Any context.
    pub(super) fn has_former(&self) -> bool {
        !self.former(&rcu::read_lock()).is_empty()
    }

    /// Whether it has any of these addresses. Any context.
    fn has_any_of(&self, set: &AddressSet) -> bool {
        let guard = rcu::read_lock();
        self.set(&guard).view().intersects(&set.view(), true, true)
    }

    /// Whether it once had any of these addresses, and has it no more. Any context.
    fn had_any_of(&self, set: &AddressSet) -> bool {
        let guard = rcu::read_lock();
        self.former(&guard)
            .view()
            .intersects(&set.view(), true, true)
    }

    /// A copy of what it once had.
    pub(super) fn copy_former(&self) -> Result<AddressSet> {
        AddressSet::copy(|visit| visit(self.former(&rcu::read_lock())))
    }

    /// A copy of the addresses of its set.
    pub(super) fn copy_set(&self) -> Result<AddressSet> {
        AddressSet::copy(|visit| visit(self.set(&rcu::read_lock())))
    }
}
