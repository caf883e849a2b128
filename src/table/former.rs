// SPDX-License-Identifier: GPL-2.0

//! Former addresses: those that left a set. Connections made on them continue until they
//! are reset, or the address comes to another association.
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::sys::rcu_cell::Replaced;

use super::association::Association;
use super::control::Control;
use super::gather::gather;
use super::registry::Registry;
use super::set::AddressSet;

/// Puts other former addresses of an association in place and returns the old ones.
/// Never sleeps.
pub(super) fn replace(
    control: &mut Control,
    association: &Association,
    former: Option<KBox<AddressSet>>,
) -> Option<Replaced<AddressSet>> {
    control.count_former(association.has_former(), former.is_some());
    association.replace_former(former, control)
}

/// Former addresses to be put in place, for each of several associations.
pub(super) struct Formers(KVVec<(Arc<Association>, Option<KBox<AddressSet>>)>);

impl Formers {
    /// `owner` is about to get the addresses of `coming`: removes these from the
    /// former addresses of other tenants, whose connections there cannot continue. The
    /// caller holds the control lock until [`Self::carry_out`].
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
            left.push((other, former.into_former()?), GFP_KERNEL)?;
        }
        Ok(Self(left))
    }

    /// No former addresses for any of these associations.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn nothing_of(all: &[Arc<Association>]) -> Result<Self> {
        let mut nothing = KVVec::with_capacity(all.len(), GFP_KERNEL)?;
        for association in all {
            nothing.push((association.clone(), None), GFP_KERNEL)?;
        }
        Ok(Self(nothing))
    }

    /// The number of sets that it replaces.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts them in place. Adds the old ones to `replaced`, which must have room.
    /// Never sleeps.
    pub(super) fn carry_out(
        self,
        control: &mut Control,
        replaced: &mut KVec<Replaced<AddressSet>>,
    ) {
        for (other, former) in self.0 {
            Replaced::add_to(replaced, replace(control, &other, former));
        }
    }
}
