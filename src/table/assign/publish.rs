// SPDX-License-Identifier: GPL-2.0

//! Step 3: connections of former owners of the addresses end, and the association is
//! put on the list.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::sys::rcu_cell::Replaced;
use crate::sys::task::TaskKey;

use super::Assignment;
use crate::table::association::Association;
use crate::table::former::Formers;
use crate::table::leftover;
use crate::table::registry::Listing;
use crate::table::set::AddressSet;

impl Assignment<'_> {
    /// Puts the association on the list.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller has been associated meanwhile, but not by this call;
    /// `ENOMEM`.
    pub(super) fn put_in_force(&self) -> Result {
        let holdings = &self.tenants.holdings;
        let listing = holdings.registry.listing(&self.association)?;
        let set = self.association.copy_set()?;
        // Now, while these connections can still send a reset.
        leftover::end_predecessors(holdings, &self.association, &set)?;
        let replaced = self.take_over(listing, &set).inspect_err(|_| {
            holdings.registry.unlist(&self.association);
        })?;
        self.tenants.waiting.drop_soon(replaced);
        Ok(())
    }

    /// Lists the association, and makes it the owner of its addresses. Returns the sets
    /// that were in place before. When it fails the association may be listed.
    fn take_over(&self, listing: Listing, set: &AddressSet) -> Result<KVec<Replaced<AddressSet>>> {
        let (tenants, association) = (self.tenants, &self.association);
        let holdings = &tenants.holdings;
        let mut control = holdings.control();
        let is_other = |own: Arc<Association>| !own.is_within(association);
        let caller = tenants.members.association(TaskKey::current());
        if caller.is_some_and(is_other) {
            return Err(EPERM);
        }
        // Allocate first: then a failure takes no address from any association, and no
        // old set is dropped with the lock held, which would wait.
        let others = Formers::disinheriting(&control, &holdings.registry, association, set)?;
        let mut replaced = KVec::with_capacity(others.len() + 1, GFP_KERNEL)?;
        holdings.registry.list(listing);
        if association.reserves() {
            let old = holdings
                .reserved
                .renew(&mut control, &holdings.registry, None)?;
            // `replaced` has room for it.
            if let Some(old) = old {
                let _ = replaced.push_within_capacity(old);
            }
        }
        others.carry_out(&mut control, &mut replaced);
        association.tenant().set_formed(&mut control);
        Ok(replaced)
    }
}
