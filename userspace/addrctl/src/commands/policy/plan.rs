// SPDX-License-Identifier: GPL-2.0

//! What has to be done so that the machine is as the policy says.

use addrconf_abi::Name;

use super::Failed;
use crate::address::AddressSet;
use crate::client::{Association, Grant};
use crate::error::{ErrorKind, Reason};
use crate::policy_file::{Policy, Tenant};

/// What is to be done, in this order.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Changes of associations.
    pub steps: Vec<Step<'a>>,
}

/// A change.
#[derive(Debug)]
pub enum Step<'a> {
    /// Define an association.
    Define(&'a Tenant),
    /// Replace the set of an association.
    Replace {
        tenant: &'a Tenant,
        id: u64,
        before: AddressSet,
    },
    /// Define an association anew, which nothing uses, as its terms are others.
    Redefine { tenant: &'a Tenant, id: u64 },
    /// Undefine an association that the policy does not have.
    Undefine { id: u64, name: Name },
    /// Grant a user a set.
    Grant { uid: u32, addresses: &'a AddressSet },
    /// Take a grant back.
    Revoke { uid: u32 },
}

impl<'a> Plan<'a> {
    /// Compares the policy with what there is. `users` are the numbers of the users of its grants,
    /// in their order.
    ///
    /// # Errors
    ///
    /// What cannot be made as the policy says.
    pub fn new(
        policy: &'a Policy,
        there: &[Association],
        grants: &[Grant],
        users: &[u32],
        prune: bool,
    ) -> Result<Self, Failed> {
        let mut steps = Vec::new();
        for tenant in &policy.tenants {
            let found = there.iter().find(|found| found.has_name(tenant.name));
            match found {
                Some(found) => steps.extend(change(tenant, found)?),
                None => steps.push(Step::Define(tenant)),
            }
        }
        if prune {
            let wanted = |found: &Association| {
                let mut tenants = policy.tenants.iter();
                tenants.any(|tenant| found.has_name(tenant.name))
            };
            let gone = there.iter().filter(|found| found.defined && !wanted(found));
            steps.extend(gone.map(|found| Step::Undefine {
                id: found.id,
                name: found.terms.name,
            }));
        }
        for (grant, &uid) in policy.grants.iter().zip(users) {
            let has = grants
                .iter()
                .any(|has| has.uid == uid && has.addresses == grant.addresses);
            if !has {
                steps.push(Step::Grant {
                    uid,
                    addresses: &grant.addresses,
                });
            }
        }
        if prune {
            let gone = grants.iter().filter(|grant| !users.contains(&grant.uid));
            steps.extend(gone.map(|grant| Step::Revoke { uid: grant.uid }));
        }
        Ok(Self { steps })
    }
}

/// What has to be done so that an association is as the policy says.
fn change<'a>(tenant: &'a Tenant, found: &Association) -> Result<Option<Step<'a>>, Failed> {
    let (name, id) = (tenant.name.as_str(), found.id);
    if !found.defined {
        let what = format!("association {id} has the name {name}, and is not a defined one");
        let why = Reason::new(ErrorKind::NotDefined, what)
            .next("release it, or wait for its end; nothing was changed");
        return Err(Failed::at(&tenant.place, why));
    }
    if !tenant.terms.is_met_by(&found.terms) {
        if found.task_count > 0 || found.socket_count > 0 {
            let what = format!("{name} is in use with other terms, and terms do not change");
            let why = Reason::new(ErrorKind::Left, what)
                .next("stop its processes first; nothing was changed");
            return Err(Failed::at(&tenant.place, why));
        }
        return Ok(Some(Step::Redefine { tenant, id }));
    }
    Ok(
        (found.addresses != tenant.addresses).then(|| Step::Replace {
            tenant,
            id,
            before: found.addresses.clone(),
        }),
    )
}
