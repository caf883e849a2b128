// SPDX-License-Identifier: GPL-2.0

//! Making the machine as a policy says. Each association changes at once; rules change together.

use std::time::Duration;

use addrconf_abi::{Change as Update, Target};
use rustix::io::Errno;

use super::rules;
use super::{Change, Failed, Plan, Step};
use crate::client::{Association, CallError, Client, Rule, Wanted};
use crate::error::{ErrorKind, Reason};
use crate::policy_file::{Policy, Tenant};
use crate::refusal::Refusal;
use crate::system::System;

/// How often the rules are compared anew because somebody else changes them.
const ATTEMPTS: u32 = 10;
/// How long it waits between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// How far a policy is carried out.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Associations, rules and grants that the policy does not have are taken away.
    pub prune: bool,
    /// Nothing changes: it is only said what would.
    pub dry_run: bool,
}

/// Makes the machine as `policy` says, and adds what changes to `changes`.
///
/// # Errors
///
/// What the policy says cannot be, and then nothing has changed; or a call failed, and then
/// `changes` has what was done before.
pub fn carry_out(
    system: &dyn System,
    client: &Client<'_>,
    policy: &Policy,
    extent: Extent,
    changes: &mut Vec<Change>,
) -> Result<(), Failed> {
    let refused = |cause| Refusal::new(system, client, cause).reason();
    let users = policy.grants.iter().map(|grant| {
        let unknown = |what| Failed::at(&grant.place, Reason::new(ErrorKind::Malformed, what));
        system.user_id(&grant.user).map_err(unknown)
    });
    let users: Vec<_> = users.collect::<Result<_, _>>()?;
    let there = client
        .list()
        .and_then(|ids| client.describe(&ids))
        .map_err(refused)?;
    let grants = client.grants().map_err(refused)?;
    let plan = Plan::new(policy, &there, &grants, &users, extent.prune)?;
    // Words of rules that mean nothing are found before anything changes.
    for tenant in &policy.tenants {
        rules::look_up(system, tenant, 0)?;
    }
    let machine = Machine {
        system,
        client,
        policy,
        prune: extent.prune,
    };
    if extent.dry_run {
        changes.extend(plan.steps.iter().map(|step| Change::of(step, None)));
        changes.extend(machine.preview_rules(&there)?);
        return Ok(());
    }
    machine.drop_rules(&plan)?;
    for step in &plan.steps {
        changes.push(machine.take(step)?);
    }
    changes.extend(machine.put_rules()?);
    Ok(())
}

struct Machine<'a> {
    system: &'a dyn System,
    client: &'a Client<'a>,
    policy: &'a Policy,
    prune: bool,
}

impl Machine<'_> {
    fn refused(&self, cause: CallError) -> Reason {
        Refusal::new(self.system, self.client, cause).reason()
    }

    /// Takes a step; returns the change that it makes.
    fn take(&self, step: &Step<'_>) -> Result<Change, Reason> {
        let client = self.client;
        let define = |tenant: &Tenant| {
            let terms = tenant.terms.terms(tenant.name);
            client.define(terms, &tenant.addresses).map(Some)
        };
        let done = match step {
            Step::Define(tenant) => define(tenant),
            Step::Replace { tenant, id, .. } => {
                let target = Target::Association(*id);
                client
                    .update(target, Update::Replace, &tenant.addresses, false)
                    .map(|_| None)
            }
            Step::Redefine { tenant, id } => client.undefine(*id).and_then(|_| define(tenant)),
            Step::Undefine { id, .. } => client.undefine(*id).map(|_| None),
            Step::Grant { uid, addresses } => client.grant(*uid, Some(addresses)).map(|()| None),
            Step::Revoke { uid } => client.grant(*uid, None).map(|()| None),
        };
        let made = done.map_err(|cause| {
            let why = self.refused(cause);
            why.at(&Change::of(step, None).to_string())
                .next("what was printed before is done")
        })?;
        Ok(Change::of(step, made))
    }

    /// Removes rules that put tasks into associations that are about to be undefined.
    fn drop_rules(&self, plan: &Plan<'_>) -> Result<(), Reason> {
        let ends = |rule: &Rule| {
            plan.steps.iter().any(|step| match step {
                Step::Redefine { id, .. } | Step::Undefine { id, .. } => *id == rule.association,
                _ => false,
            })
        };
        let changed = self.set_rules(|there| {
            let kept = there.iter().filter(|rule| !ends(rule));
            kept.map(|rule| Wanted::Kept(rule.id)).collect()
        });
        changed.map(drop)
    }

    /// Puts the rules of the policy in force.
    fn put_rules(&self) -> Result<Option<Change>, Failed> {
        let mut known = Vec::new();
        let mut described = Vec::new();
        for tenant in &self.policy.tenants {
            let id = self
                .client
                .find(tenant.name)
                .map_err(|cause| self.refused(cause))?;
            known.extend(rules::look_up(self.system, tenant, id)?);
            described.push(id);
        }
        let stays = |rule: &Rule| !self.prune && !described.contains(&rule.association);
        let set = self.set_rules(|there| rules::wanted(&known, there, stays))?;
        Ok(set.map(|rule_count| Change::SetRules { rule_count }))
    }

    /// Whether the rules would change.
    fn preview_rules(&self, there: &[Association]) -> Result<Option<Change>, Failed> {
        let mut known = Vec::new();
        let mut described = Vec::new();
        for tenant in &self.policy.tenants {
            let found = there.iter().find(|found| found.has_name(tenant.name));
            // One that is not there has no rules yet.
            let id = found.map_or(0, |found| found.id);
            known.extend(rules::look_up(self.system, tenant, id)?);
            described.push(id);
        }
        let in_force = self
            .client
            .rules()
            .map_err(|cause| self.refused(cause))?
            .rules;
        let stays = |rule: &Rule| !self.prune && !described.contains(&rule.association);
        let list = rules::wanted(&known, &in_force, stays);
        let rule_count = list.len();
        let changed = !rules::is_in_force(&list, &in_force);
        Ok(changed.then_some(Change::SetRules { rule_count }))
    }

    /// Puts the list in force that `wanted` makes of the rules there are. Returns how many these
    /// are if it is another.
    fn set_rules<'k>(
        &self,
        wanted: impl Fn(&[Rule]) -> Vec<Wanted<'k>>,
    ) -> Result<Option<usize>, Reason> {
        for _ in 0..ATTEMPTS {
            let there = self.client.rules().map_err(|cause| self.refused(cause))?;
            let list = wanted(&there.rules);
            if rules::is_in_force(&list, &there.rules) {
                return Ok(None);
            }
            match self.client.set_rules(&list, there.generation) {
                Ok(_) => return Ok(Some(list.len())),
                Err(CallError::Refused(Errno::STALE)) => self.system.sleep(PAUSE),
                Err(cause) => return Err(self.refused(cause)),
            }
        }
        let what = "somebody else changes the rules again and again";
        Err(Reason::new(ErrorKind::Outrun, what).next("run it again"))
    }
}
