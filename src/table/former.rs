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

/// Takes from all other tenants than `owner`'s what they had once of `coming`: none
/// of their connections there can go on. Gives back what was in place before.
///
/// # Errors
///
/// `ENOMEM`, nothing changed.
pub(super) fn disinherit(
    control: &mut Control,
    registry: &Registry,
    owner: &Association,
    coming: &AddressSet,
) -> Result<KVec<Replaced<AddressSet>>> {
    let mut replaced = KVec::new();
    if !control.any_former() {
        return Ok(replaced);
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
    replaced.reserve(left.len(), GFP_KERNEL)?;
    for (other, former) in left {
        // There is room, made above.
        let _ = replaced.push_within_capacity(replace(control, &other, former));
    }
    Ok(replaced)
}
