// SPDX-License-Identifier: GPL-2.0

//! What was in a set once: connections that were made then go on, until they are
//! reset or the address comes to another association. May sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::sys::rcu_cell::Replaced;

use super::association::Association;
use super::control::Control;
use super::gather::gather;
use super::registry::Registry;
use super::set::AddressSet;

/// Puts in place what an association once had. Gives back what was there before.
/// Does not sleep.
pub(super) fn replace(
    control: &mut Control,
    association: &Association,
    former: KBox<AddressSet>,
) -> Replaced<AddressSet> {
    control.count_former(association.has_former(), !former.is_empty());
    association.replace_former(former, control)
}

/// An association has ended, and with it what it once had. Gives that back.
pub(super) fn bury(
    control: &mut Control,
    association: &Association,
) -> Option<Replaced<AddressSet>> {
    if !association.has_former() {
        return None;
    }
    // Without memory others go on looking for its connections, in vain.
    let nothing = AddressSet::empty().ok()?;
    Some(replace(control, association, nothing))
}

/// What is to be put in place of what associations had once.
pub(super) struct Formers(KVVec<(Arc<Association>, KBox<AddressSet>)>);

impl Formers {
    /// Of `coming`, which `owner` is about to get, other tenants keep nothing: none of
    /// their connections there can go on. `control` is held until that is carried out.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn disinheriting(
        control: &Control,
        registry: &Registry,
        owner: &Association,
        coming: &AddressSet,
    ) -> Result<Self> {
        if !control.any_former() {
            return Ok(Self(KVVec::new()));
        }
        let all: KVVec<Arc<Association>> = gather(|push| {
            registry.each(|other| {
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
        Ok(Self(left))
    }

    /// These associations are to have had nothing.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn nothing_of(all: &[Arc<Association>]) -> Result<Self> {
        let mut nothing = KVVec::with_capacity(all.len(), GFP_KERNEL)?;
        for association in all {
            nothing.push((association.clone(), AddressSet::empty()?), GFP_KERNEL)?;
        }
        Ok(Self(nothing))
    }

    /// How many sets it replaces.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts that in place. Leaves what was there before in `replaced`, which has room.
    /// Does not sleep.
    pub(super) fn carry_out(
        self,
        control: &mut Control,
        replaced: &mut KVec<Replaced<AddressSet>>,
    ) {
        for (other, former) in self.0 {
            let _ = replaced.push_within_capacity(replace(control, &other, former));
        }
    }
}
