// SPDX-License-Identifier: GPL-2.0

//! Step 3: connections of former owners of the addresses end, and the association is
//! put on the list.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::events::Happening;
use crate::sys::rcu_cell::Replaced;
use crate::sys::task::TaskKey;

use crate::table::association::Association;
use crate::table::former::Formers;
use crate::table::leftover;
use crate::table::registry::Listing;
use crate::table::set::AddressSet;
use crate::table::tenants::Tenants;

impl Tenants {
    /// Puts an association on the list.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller has been associated meanwhile, but not with this one;
    /// `ENOTUNIQ` when another has its name; `ENOSPC` when the user that makes it has as many as it
    /// may, and `EPERM` when it has no grant any more that covers its set; `ENOMEM`.
    pub(in crate::table) fn put_in_force(&self, association: &Arc<Association>) -> Result {
        let holdings = &self.holdings;
        let listing = holdings.registry.listing(association)?;
        let set = association.copy_set()?;
        association.record().make_room()?;
        // Now, while these connections can still send a reset.
        leftover::end_predecessors(holdings, association, &set)?;
        let replaced = self
            .take_over(association, listing, &set)
            .inspect_err(|_| {
                holdings.registry.unlist(association);
            })?;
        self.waiting.drop_soon(replaced);
        // Traffic may be counted since room was made. Without memory that of this one is not.
        let _ = association.record().make_room();
        association.subject().has(Happening::Made);
        Ok(())
    }

    /// Lists the association, and makes it the owner of its addresses. Returns the sets
    /// that were in place before. When it fails the association may be listed.
    fn take_over(
        &self,
        association: &Arc<Association>,
        listing: Listing,
        set: &AddressSet,
    ) -> Result<KVec<Replaced<AddressSet>>> {
        let holdings = &self.holdings;
        let mut control = holdings.control();
        self.permit_caller_within(association)?;
        if let Some(uid) = association.granted_to() {
            self.permit_more(uid)?;
            self.permit_set(uid, association, &control)?;
        }
        // Allocate first: then a failure takes no address from any association, and no
        // old set is dropped with the lock held, which would wait.
        let others = Formers::disinheriting(&control, &holdings.registry, association, set)?;
        let mut replaced = KVec::with_capacity(others.len() + 1, GFP_KERNEL)?;
        holdings.registry.list(listing)?;
        if association.reserves() {
            let old = holdings
                .reserved
                .renew(&mut control, &holdings.registry, None)?;
            Replaced::add_to(&mut replaced, old);
        }
        others.carry_out(&mut control, &mut replaced);
        association.tenant().set_formed(&mut control);
        Ok(replaced)
    }

    /// Whether the caller is in no other association than this one. It was in none before.
    ///
    /// # Errors
    ///
    /// `EPERM`.
    pub(super) fn permit_caller_within(&self, association: &Association) -> Result {
        match self.members.association(TaskKey::current()) {
            Some(own) if !own.is_within(association) => Err(EPERM),
            _ => Ok(()),
        }
    }
}
