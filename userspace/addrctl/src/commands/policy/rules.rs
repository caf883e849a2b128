// SPDX-License-Identifier: GPL-2.0

//! The rules that a policy asks for, compared with those that there are.

use std::path::Path;

use super::Failed;
use crate::client::{NewRule, Rule, Wanted};
use crate::commands::args::GivenCgroup;
use crate::commands::criteria::{self, Criteria};
use crate::policy_file::Tenant;
use crate::system::System;

/// A rule of the policy, with what the machine knows of its words.
pub struct Known {
    rule: NewRule,
    exe: Option<String>,
}

/// Looks the rules of a tenant up, which put tasks into this association.
pub fn look_up(
    system: &dyn System,
    tenant: &Tenant,
    association: u64,
) -> Result<Vec<Known>, Failed> {
    let known = |rule: &crate::policy_file::Rule| {
        let cgroup = rule
            .cgroup
            .as_ref()
            .map(|path| GivenCgroup::Path(Path::new(path)));
        let unit = rule.unit.as_deref().map(GivenCgroup::Unit);
        let wanted = Criteria {
            exe: rule.exe.as_deref().map(Path::new),
            user: rule.uid.as_deref(),
            group: rule.gid.as_deref(),
            cgroup: cgroup.or(unit),
        };
        criteria::rule(system, &wanted, association)
            .map(|new| Known {
                rule: new,
                exe: rule.exe.clone(),
            })
            .map_err(|why| Failed::at(&rule.place, why))
    };
    tenant.rules.iter().map(known).collect()
}

impl Known {
    fn is(&self, rule: &Rule) -> bool {
        let exe = rule.program.as_deref().map(Path::to_string_lossy);
        self.exe.as_deref() == exe.as_deref()
            && self.rule.uid == rule.uid
            && self.rule.gid == rule.gid
            && self.rule.cgroup == rule.cgroup
            && self.rule.association == rule.association
    }
}

/// The list that is wanted: the rules of the policy, then those others that stay.
pub fn wanted<'a>(
    known: &'a [Known],
    there: &[Rule],
    stays: impl Fn(&Rule) -> bool,
) -> Vec<Wanted<'a>> {
    let mut used = Vec::new();
    let mut list = Vec::new();
    for known in known {
        let same = there
            .iter()
            .find(|rule| !used.contains(&rule.id) && known.is(rule));
        match same {
            Some(rule) => {
                used.push(rule.id);
                list.push(Wanted::Kept(rule.id));
            }
            None => list.push(Wanted::New(&known.rule)),
        }
    }
    let others = there
        .iter()
        .filter(|rule| !used.contains(&rule.id) && stays(rule));
    list.extend(others.map(|rule| Wanted::Kept(rule.id)));
    list
}

/// Whether a list is the one that there is.
pub fn is_in_force(list: &[Wanted<'_>], there: &[Rule]) -> bool {
    list.len() == there.len()
        && list.iter().zip(there).all(|(wanted, rule)| match wanted {
            Wanted::Kept(id) => *id == rule.id,
            Wanted::New(_) => false,
        })
}
