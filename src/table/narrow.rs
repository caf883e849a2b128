// SPDX-License-Identifier: GPL-2.0

//! A process takes a part of its own association's set: the steps of
//! [`protocol::Narrow`] on the table. Context: process, may sleep.
//!
//! Nobody needs a right for it, so `limits.rs` limits how many parts there can be. A
//! tenant chooses for how many threads there is work, and how fast it gets a
//! processor, so no lock that sleeps is held: the part is listed with the registry locked,
//! which is short, and the threads are moved one by one.

use kernel::prelude::*;
use kernel::sync::atomic::ordering;
use kernel::sync::barrier::smp_mb;
use kernel::sync::Arc;

use crate::abi::Name;
use crate::events::Happening;
use crate::protocol::{self, Narrow, Width};
use crate::sys::creds;
use crate::sys::map::Entry;
use crate::sys::task::{self, TaskKey, TaskRef};

use super::association::{Association, Epoch, PartOf, User};
use super::known;
use super::membership::Membership;
use super::patience;
use super::registry::Listing;
use super::rights;
use super::set::AddressSet;
use super::tenants::Tenants;

impl Tenants {
    /// Moves all threads of the running process to a new association with a smaller
    /// set. This is a part of the present one: it shrinks and ends with it. It has a private loopback
    /// of its own, or keeps that of the present one. From then on the process gains no rights by
    /// executing programs, unless it has `CAP_SYS_ADMIN` in its user namespace.
    ///
    /// # Errors
    ///
    /// * `ENOENT`: the process is not associated, or no longer is;
    /// * `EAGAIN`: it is being moved to another association;
    /// * `EPERM`: the set is not within the present one;
    /// * `ENOSPC`: the tenant has as many parts as it may, the process has narrowed itself as often
    ///   as it may, or no ids are left;
    /// * `ERESTARTNOINTR`: a signal came while an administrator's call about the association is in
    ///   progress;
    /// * `ENODEV`: the module is being unloaded;
    /// * `ENOMEM`.
    pub(crate) fn narrow(&self, name: Name, set: AddressSet, keep_loopback: bool) -> Result {
        protocol::narrow(&mut SelfNarrowing {
            tenants: self,
            process: TaskRef::current_process(),
            asked: Some((name, set, keep_loopback)),
        })
    }
}

/// The running process narrows itself.
struct SelfNarrowing<'a> {
    tenants: &'a Tenants,
    process: TaskRef,
    // What it asks for, until the part is made.
    asked: Option<(Name, AddressSet, bool)>,
}

/// What the running process narrows.
struct Present {
    association: Arc<Association>,
    // Of the membership of the running task.
    epoch: Epoch,
}

/// The part that is being made.
struct Part {
    // Until it is listed. Dropped first: its file must be gone before the id is free.
    listing: Option<Listing>,
    association: Arc<Association>,
    // Its first user.
    _first: User,
}

impl Narrow for SelfNarrowing<'_> {
    type Association = Present;
    type Part = Part;
    type Entry = KBox<Entry<Membership>>;
    type Task = TaskRef;
    type Stop = Error;

    fn present(&mut self) -> Result<Option<Present>> {
        let members = &self.tenants.members;
        let present = members.with_membership(TaskKey::current(), |membership| {
            membership.association().map(|association| Present {
                association,
                epoch: membership.epoch(),
            })
        });
        Ok(present.flatten())
    }

    fn make(&mut self, present: &Present) -> Result<Part> {
        let (name, set, keep_loopback) = self.asked.take().ok_or(EINVAL)?;
        let terms = present.association.terms().narrowed(name);
        let part_of = PartOf::join(present.association.clone(), present.epoch, keep_loopback)?;
        let (association, first) = self.tenants.make(terms, set, Some(part_of), None)?;
        Ok(Part {
            listing: Some(self.tenants.registry().listing(&association)?),
            association,
            _first: first,
        })
    }

    fn entry(&mut self, part: &Part) -> Result<KBox<Entry<Membership>>> {
        let association = part.association.clone();
        let stage = association.stage();
        let membership = Membership::join(association, stage).ok_or(ENOENT)?;
        Entry::new(membership, GFP_KERNEL_ACCOUNT)
    }

    fn list(&mut self, present: &Present, part: &mut Part) -> Result<protocol::Listing> {
        let members = &self.tenants.members;
        if members.is_moving(TaskKey::current()) {
            // That call needs `cred_guard_mutex`, which the kernel holds for this one.
            return Err(EAGAIN);
        }
        // As before the tenant is formed: the call that puts the caller into the association may
        // fail, and takes out those whom it put there.
        if members.has_such(TaskKey::current(), Membership::is_joining) {
            return Ok(protocol::Listing::Later);
        }
        let registry = self.tenants.registry();
        registry.permit_part(&present.association, &part.association)?;
        if !creds::administers_namespace() {
            // The kernel holds `cred_guard_mutex` for the call.
            rights::renounce(&self.process, |_| Ok(()))?;
        }
        let listing =
            registry.list_part(&present.association, &part.association, &mut part.listing)?;
        if listing == protocol::Listing::Listed {
            // Traffic may be counted since the part was made. Without memory that of the part is
            // not.
            let _ = part.association.record().make_room();
            part.association.subject().has(Happening::Made);
        }
        Ok(listing)
    }

    fn pause(&mut self) -> Result {
        patience::pause()
    }

    fn caller(&mut self) -> TaskRef {
        self.process.clone()
    }

    fn each_thread(&mut self, mut visit: impl FnMut(&mut Self, &TaskRef) -> Result) -> Result {
        self.process
            .threads()?
            .iter()
            .try_for_each(|thread| visit(self, thread))
    }

    fn width(&mut self, task: &TaskRef, part: &Part) -> Result<Width> {
        // The caller was moved first. If it was released and put back since, it stays where it is.
        Ok(match task.key() == TaskKey::current() {
            true => Width::Other,
            false => self.tenants.members.width(task.key(), &part.association),
        })
    }

    fn wait(&mut self) -> Result {
        patience::wait();
        Ok(())
    }

    fn replace_wider(
        &mut self,
        task: &TaskRef,
        part: &Part,
        entry: KBox<Entry<Membership>>,
    ) -> Result<bool> {
        let members = &self.tenants.members;
        let is_caller = task.key() == TaskKey::current();
        known::change_member(task, || {
            Ok(members.replace_if(task.key(), entry, |old, new| {
                // The caller stays where it is while a call is putting it there, which may fail.
                let stays = is_caller && old.is_joining();
                let is_wider = !old.is_revoked() && !stays && old.is_wider_than(&part.association);
                new.set_process(old.process());
                if is_wider && old.is_searched() {
                    new.set_searched();
                }
                is_wider
            }))
        })
    }

    fn has_ended(&mut self, part: &Part) -> Result<bool> {
        // Pairs with the barrier in `Association::revoke`.
        smp_mb(ordering::Full);
        Ok(part.association.is_revoked())
    }

    fn remove_ended(&mut self, task: &TaskRef) -> Result {
        let members = &self.tenants.members;
        members.remove_if(task.key(), Membership::is_revoked);
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Result {
        task::wait_for_clones();
        Ok(())
    }

    fn drop_part(&mut self, part: Part) -> Result {
        drop(part);
        Ok(())
    }
}
