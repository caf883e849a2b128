// SPDX-License-Identifier: GPL-2.0

//! The state that all programs share: the kernel's tasks, and the table.

use crate::association::Association;
use crate::check::Home;
use crate::entry::Entry;
use crate::exec::Exec;
use crate::run::{self, Shared};
use crate::without::Without;

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
    /// Its entry in `Members`.
    pub(crate) entry: Option<Entry>,
    /// The gate forwards its hooks.
    pub(crate) tagged: bool,
    /// The number of calls that hold a reference to it, and of walks under RCU that see it.
    pub(crate) held: u8,
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
    /// Whether calls move process 0.
    pub(crate) moves: bool,
    /// The program that task 0 executes.
    pub(crate) exec: Exec,
    /// The parent of process 0, if there is one, which has no other children.
    pub(crate) parent: Option<u8>,
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

    /// Takes a reference to each of `tasks`. Only matters if tasks exit.
    pub(crate) fn hold(&mut self, tasks: u8) {
        if self.exits {
            members(tasks).for_each(|t| self.task(t).held += 1);
        }
    }

    /// The association that a task is in: that of its entry, if that counts.
    pub(crate) fn effective(&self, task: u8) -> Option<u8> {
        let entry = self.tasks[usize::from(task)].entry;
        entry.filter(|&e| !self.has_left(e)).map(|e| e.id)
    }

    pub(crate) fn complain(&mut self, complaint: &'static str) {
        self.complaint.get_or_insert(complaint);
    }

    /// Removes an entry. Readers no longer find it; a grace period later it is dropped.
    pub(crate) fn take_out(&mut self, task: u8) -> bool {
        let Some(entry) = self.task(task).entry.take() else {
            return false;
        };
        self.association(entry.id).pending += 1;
        true
    }

    /// `RcuMap::insert`. `false`: the task has an entry already.
    pub(crate) fn insert(&mut self, task: u8, entry: Entry) -> bool {
        self.association(entry.id).coming -= 1;
        if self.task(task).entry.is_some() {
            self.drop_membership(entry.id);
            return false;
        }
        if self.task(task).phase == Phase::Gone {
            self.complain("a task that is gone is associated");
        }
        self.task(task).entry = Some(entry);
        true
    }

    /// Replaces the task's entry by this one. `false`: it has none.
    pub(crate) fn replace(&mut self, task: u8, entry: Entry) -> bool {
        let Some(old) = self.task(task).entry else {
            return false;
        };
        self.association(entry.id).coming -= 1;
        self.task(task).entry = Some(entry);
        self.association(old.id).pending += 1;
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
