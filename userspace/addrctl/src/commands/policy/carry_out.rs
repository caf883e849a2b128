// SPDX-License-Identifier: GPL-2.0

//! Making the machine as a policy says. Each association changes at once; rules change together.

use std::io::Write;
use std::time::Duration;

use addrconf_abi::{Change, Target};
use rustix::io::Errno;

use super::rules;
use super::{Plan, Step};
use crate::client::{Association, CallError, Client, Rule, Wanted};
use crate::error::{Ended, ErrorKind, Reason};
use crate::policy_file::{Policy, Tenant};
use crate::refusal::Refusal;
use crate::system::System;

/// How often the rules are compared anew because somebody else changes them.
const ATTEMPTS: u32 = 10;
/// How long it waits between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// Makes the machine as `policy` says, and writes what changes to `out`, a line each. With
/// `dry_run` nothing changes. Without `prune` other associations, rules and grants stay.
pub fn carry_out(
    system: &dyn System,
    client: &Client<'_>,
    policy: &Policy,
    prune: bool,
    dry_run: bool,
    out: &mut dyn Write,
) -> Result<(), Ended> {
    let refused = |cause| Refusal::new(system, client, cause).reason();
    let users = policy.grants.iter().map(|grant| {
        let unknown = |what| Reason::new(ErrorKind::Malformed, what).at(&grant.place.to_string());
        system.user_id(&grant.user).map_err(unknown)
    });
    let users: Vec<_> = users.collect::<Result<_, _>>()?;
    let there = client
        .list()
        .and_then(|ids| client.describe(&ids))
        .map_err(refused)?;
    let grants = client.grants().map_err(refused)?;
    let plan = Plan::new(policy, &there, &grants, &users, prune)?;
    // Words of rules that mean nothing are found before anything changes.
    for tenant in &policy.tenants {
        rules::look_up(system, tenant, 0)?;
    }
    let machine = Machine {
        system,
        client,
        policy,
        prune,
    };
    if dry_run {
        for step in &plan.steps {
            writeln!(out, "would {step}")?;
        }
        return machine.preview_rules(&there, out);
    }
    machine.drop_rules(&plan)?;
    for step in &plan.steps {
        machine.take(step)?;
        writeln!(out, "{step}")?;
    }
    machine.put_rules(out)
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

    fn take(&self, step: &Step<'_>) -> Result<(), Reason> {
        let client = self.client;
        let define = |tenant: &Tenant| {
            let terms = tenant.terms.terms(tenant.name);
            client.define(terms, &tenant.addresses).map(drop)
        };
        let done = match step {
            Step::Define(tenant) => define(tenant),
            Step::Replace { tenant, id, .. } => {
                let target = Target::Association(*id);
                client
                    .update(target, Change::Replace, &tenant.addresses, false)
                    .map(drop)
            }
            Step::Redefine { tenant, id } => client.undefine(*id).and_then(|_| define(tenant)),
            Step::Undefine { id, .. } => client.undefine(*id).map(drop),
            Step::Grant { uid, addresses } => client.grant(*uid, Some(addresses)),
            Step::Revoke { uid } => client.grant(*uid, None),
        };
        done.map_err(|cause| {
            let why = self.refused(cause);
            why.at(&step.to_string())
                .next("what was printed before is done")
        })
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
    fn put_rules(&self, out: &mut dyn Write) -> Result<(), Ended> {
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
        if self.set_rules(|there| rules::wanted(&known, there, stays))? {
            writeln!(out, "put the rules in force")?;
        }
        Ok(())
    }

    /// Writes whether the rules would change.
    fn preview_rules(&self, there: &[Association], out: &mut dyn Write) -> Result<(), Ended> {
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
        if !rules::is_in_force(&list, &in_force) {
            writeln!(out, "would put the rules in force")?;
        }
        Ok(())
    }

    /// Puts the list in force that `wanted` makes of the rules there are. Returns whether it is
    /// another.
    fn set_rules<'k>(&self, wanted: impl Fn(&[Rule]) -> Vec<Wanted<'k>>) -> Result<bool, Reason> {
        for _ in 0..ATTEMPTS {
            let there = self.client.rules().map_err(|cause| self.refused(cause))?;
            let list = wanted(&there.rules);
            if rules::is_in_force(&list, &there.rules) {
                return Ok(false);
            }
            match self.client.set_rules(&list, there.generation) {
                Ok(_) => return Ok(true),
                Err(CallError::Refused(Errno::STALE)) => self.system.sleep(PAUSE),
                Err(cause) => return Err(self.refused(cause)),
            }
        }
        let what = "somebody else changes the rules again and again";
        Err(Reason::new(ErrorKind::Outrun, what).next("run it again"))
    }
}
