// SPDX-License-Identifier: GPL-2.0

//! The state that all programs share: the kernel's tasks, and the table.

use crate::check::Home;
use crate::run::{self, Shared};
use crate::scenario::Without;

/// The number of tasks that can ever exist. No number is used twice, so an entry that is
/// left of a task that is gone is seen.
pub(crate) const TASKS: usize = 4;

/// The number of associations that can ever exist.
pub(crate) const ASSOCIATIONS: usize = 5;

/// The phase of a task's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Not yet copied.
    #[default]
    Unborn,
    /// Copied by its maker, on no list.
    Copied,
    /// On the lists, and running.
    Listed,
    /// `PF_EXITING`: still on the lists, but makes no more calls.
    Exiting,
    /// Removed from the lists.
    Unlisted,
    /// `task_free` has returned.
    Gone,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub(crate) phase: Phase,
    pub(crate) process: u8,
    /// The association of its entry in `Members`.
    pub(crate) entry: Option<u8>,
    /// The gate forwards its hooks.
    pub(crate) tagged: bool,
    /// The number of calls that hold a reference to it, and of walks under RCU that see it.
    pub(crate) held: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Association {
    pub(crate) made: bool,
    pub(crate) listed: bool,
    pub(crate) formed: bool,
    pub(crate) users: u8,
    pub(crate) tasks: u8,
    pub(crate) revoked: bool,
    /// A call that ended it has returned: see `check`.
    pub(crate) ended: bool,
    pub(crate) parent: Option<u8>,
    /// Memberships that were removed from the table and wait for a grace period.
    pub(crate) pending: u8,
    /// Memberships that are not in the table yet.
    pub(crate) joining: u8,
    /// The call that makes it still has its own reference.
    pub(crate) first: bool,
    /// How often it was queued to be buried.
    pub(crate) buried: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) tasks: [Task; TASKS],
    pub(crate) associations: [Association; ASSOCIATIONS],
    /// `tasklist_lock` is held, for writing.
    pub(crate) tasklist: bool,
    /// The control lock is held.
    pub(crate) control: bool,
    /// `cred_guard_mutex` of process 0 is held.
    pub(crate) guard: bool,
    /// Where process 0 must be: see `check`.
    pub(crate) home: Home,
    /// The part that process 0 was last narrowed to.
    pub(crate) narrowed: Option<u8>,
    /// Process 0 is being released.
    pub(crate) releasing: bool,
    /// Whether tasks exit.
    pub(crate) exits: bool,
    /// Whether the gate looks at tags.
    pub(crate) tags: bool,
    /// What went wrong in a step, as the program that took it reports.
    pub(crate) complaint: Option<&'static str>,
}

/// One step of a program in this world.
pub(crate) type Run<'a> = run::Run<'a, World>;

impl Shared for World {
    type Part = Without;
}

impl World {
    pub(crate) fn task(&mut self, task: u8) -> &mut Task {
        &mut self.tasks[usize::from(task)]
    }

    pub(crate) fn association(&mut self, id: u8) -> &mut Association {
        &mut self.associations[usize::from(id)]
    }

    /// Takes a reference to each of `tasks`. Only matters if tasks exit.
    pub(crate) fn hold(&mut self, tasks: u8) {
        if self.exits {
            members(tasks).for_each(|t| self.task(t).held += 1);
        }
    }

    fn get(&self, id: u8) -> &Association {
        &self.associations[usize::from(id)]
    }

    pub(crate) fn revoked(&self, id: u8) -> bool {
        self.get(id).revoked
    }

    /// The association that a task is in: that of its entry, unless it was revoked.
    pub(crate) fn effective(&self, task: u8) -> Option<u8> {
        let entry = self.tasks[usize::from(task)].entry;
        entry.filter(|&a| !self.revoked(a))
    }

    /// An association, the one that it is a part of, and so on.
    pub(crate) fn up(&self, id: u8) -> impl Iterator<Item = u8> + '_ {
        std::iter::successors(Some(id), |&id| self.get(id).parent)
    }

    /// `Association::is_within`
    pub(crate) fn is_within(&self, id: u8, other: u8) -> bool {
        self.up(id).any(|up| up == other)
    }

    /// The association at the top of a tenant.
    pub(crate) fn root(&self, id: u8) -> u8 {
        self.up(id).last().unwrap_or(id)
    }

    /// `Tenant::is_formed`
    pub(crate) fn is_formed(&self, id: u8) -> bool {
        self.get(self.root(id)).formed
    }

    /// Whether `other` is a part of `one`, or of one of its parts.
    pub(crate) fn is_wider(&self, one: Option<u8>, other: Option<u8>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => one != other && self.is_within(other, one),
            _ => false,
        }
    }

    pub(crate) fn complain(&mut self, complaint: &'static str) {
        self.complaint.get_or_insert(complaint);
    }

    /// `Tenants::make`. The call that makes it is its first user.
    pub(crate) fn make(&mut self, parent: Option<u8>) -> u8 {
        let id = self.associations.iter().position(|a| !a.made);
        let id = id.expect("enough associations for the calls");
        self.associations[id] = Association {
            made: true,
            users: 1,
            first: true,
            parent,
            ..Default::default()
        };
        id as u8
    }

    /// Drops the reference of the call that made it.
    pub(crate) fn drop_first(&mut self, id: u8) {
        self.association(id).first = false;
        self.remove_user(id);
    }

    /// `User::join`
    pub(crate) fn add_user(&mut self, id: u8) -> bool {
        let association = self.association(id);
        let any = association.users > 0;
        association.users += u8::from(any);
        any
    }

    /// `Membership::join`. Returns whether it made a membership.
    pub(crate) fn join(&mut self, id: u8) -> bool {
        let joined = !self.revoked(id) && self.add_user(id);
        self.association(id).tasks += u8::from(joined);
        self.association(id).joining += u8::from(joined);
        joined
    }

    /// `Association::remove_user`
    pub(crate) fn remove_user(&mut self, id: u8) {
        let association = self.association(id);
        if association.users == 0 {
            return self.complain("more users leave than came");
        }
        association.users -= 1;
        if association.users == 0 {
            association.buried += 1;
            association.listed = false;
            // It is freed, and its `User` of the parent with it.
            if let Some(parent) = association.parent {
                self.remove_user(parent);
            }
        }
    }

    /// `Membership::drop`
    pub(crate) fn drop_membership(&mut self, id: u8) {
        let association = self.association(id);
        match association.tasks.checked_sub(1) {
            Some(tasks) => association.tasks = tasks,
            None => self.complain("more tasks leave than came"),
        }
        self.remove_user(id);
    }

    /// Removes an entry. Readers no longer find it; a grace period later it is dropped.
    pub(crate) fn take_out(&mut self, task: u8) -> bool {
        let Some(entry) = self.task(task).entry.take() else {
            return false;
        };
        self.association(entry).pending += 1;
        true
    }

    /// `RcuMap::insert`. `false`: the task has an entry already.
    pub(crate) fn insert(&mut self, task: u8, id: u8) -> bool {
        self.association(id).joining -= 1;
        if self.task(task).entry.is_some() {
            self.drop_membership(id);
            return false;
        }
        if self.task(task).phase == Phase::Gone {
            self.complain("a task that is gone is associated");
        }
        self.task(task).entry = Some(id);
        true
    }

    /// Replaces the task's entry by one of `id` if it has one and that is `wanted`. Returns
    /// whether it did.
    pub(crate) fn replace_if(&mut self, task: u8, id: u8, wanted: bool) -> bool {
        self.association(id).joining -= 1;
        let old = self.task(task).entry.filter(|_| wanted);
        let Some(old) = old else {
            self.drop_membership(id);
            return false;
        };
        self.task(task).entry = Some(id);
        self.association(old).pending += 1;
        true
    }

    /// A grace period ends: `RcuMap::free` for every entry that was waiting.
    pub(crate) fn end_grace_period(&mut self) -> bool {
        let mut any = false;
        for id in 0..ASSOCIATIONS as u8 {
            while self.association(id).pending > 0 {
                self.association(id).pending -= 1;
                self.drop_membership(id);
                any = true;
            }
        }
        any
    }

    /// The tasks for which `wanted` is true, a bit each.
    pub(crate) fn which(&self, wanted: impl Fn(&Task) -> bool) -> u8 {
        bits(self.tasks.iter().map(wanted))
    }

    /// The associations for which `wanted` is true, a bit each.
    pub(crate) fn which_associations(&self, wanted: impl Fn(u8, &Association) -> bool) -> u8 {
        bits((0_u8..).zip(&self.associations).map(|(i, a)| wanted(i, a)))
    }
}

fn bits(all: impl Iterator<Item = bool>) -> u8 {
    all.enumerate()
        .fold(0, |all, (i, is_one)| all | (u8::from(is_one) << i))
}

/// The numbers of the bits that are set.
pub(crate) fn members(bits: u8) -> impl Iterator<Item = u8> {
    (0..8).filter(move |i| bits & (1 << i) != 0)
}
