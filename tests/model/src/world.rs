// SPDX-License-Identifier: GPL-2.0

//! What everybody shares: the kernel's tasks, and the table.

use crate::check::Promise;

/// How many tasks there can be, over all time. None is used twice, so what is
/// left of one that is gone is seen.
pub(crate) const TASKS: usize = 4;

/// How many associations there can be, over all time.
pub(crate) const ASSOCIATIONS: usize = 3;

/// How far a task has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// Not yet copied.
    #[default]
    Unborn,
    /// Copied by its maker, on no list.
    Copied,
    /// On the lists; it runs.
    Listed,
    /// `PF_EXITING`: still on the lists, runs no more.
    Exiting,
    /// On no list any more.
    Unlisted,
    /// `task_free` is done.
    Gone,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    pub(crate) phase: Phase,
    pub(crate) process: u8,
    /// Its entry in `Table::members`, by association.
    pub(crate) entry: Option<u8>,
    /// References that control calls hold, and walks under RCU.
    pub(crate) held: u8,
    /// In a control call of its own.
    pub(crate) calling: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Association {
    pub(crate) made: bool,
    pub(crate) users: u8,
    pub(crate) tasks: u8,
    pub(crate) revoked: bool,
    pub(crate) parent: Option<u8>,
    /// Memberships taken out of the table that wait for their grace period.
    pub(crate) pending: u8,
    /// Memberships on their way into the table.
    pub(crate) joining: u8,
    /// A `User` on its way into a part of it.
    pub(crate) parting: bool,
    /// `first` of whoever makes it.
    pub(crate) first: bool,
    /// How often it was queued for burial.
    pub(crate) buried: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) tasks: [Task; TASKS],
    pub(crate) associations: [Association; ASSOCIATIONS],
    pub(crate) occupied: u8,
    /// `tasklist_lock` is held, for writing.
    pub(crate) tasklist: bool,
    pub(crate) promise: Promise,
    /// What went wrong in a step, seen by whoever took it.
    pub(crate) complaint: Option<&'static str>,
}

impl World {
    pub(crate) fn task(&mut self, task: u8) -> &mut Task {
        &mut self.tasks[usize::from(task)]
    }

    pub(crate) fn association(&mut self, id: u8) -> &mut Association {
        &mut self.associations[usize::from(id)]
    }

    pub(crate) fn revoked(&self, id: u8) -> bool {
        self.associations[usize::from(id)].revoked
    }

    /// What holds for a task: its entry, unless that was revoked.
    pub(crate) fn effective(&self, task: u8) -> Option<u8> {
        let entry = self.tasks[usize::from(task)].entry;
        entry.filter(|&a| !self.revoked(a))
    }

    /// Whether the second association is a part of the first, or of a part.
    pub(crate) fn is_wider(&self, one: Option<u8>, other: Option<u8>) -> bool {
        let parent = |id: &u8| self.associations[usize::from(*id)].parent;
        let mut whole = other.as_ref().and_then(parent);
        while whole.is_some() && whole != one {
            whole = whole.as_ref().and_then(parent);
        }
        whole.is_some()
    }

    pub(crate) fn complain(&mut self, complaint: &'static str) {
        self.complaint.get_or_insert(complaint);
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
            // Its memory goes, and with it the `User` of its parent.
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

    /// `RcuMap::remove`: out for readers at once, dropped later.
    pub(crate) fn remove(&mut self, task: u8) -> bool {
        let Some(entry) = self.task(task).entry.take() else {
            return false;
        };
        self.association(entry).pending += 1;
        true
    }

    /// `RcuMap::insert`; `false` when there is an entry already.
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

    /// `RcuMap::replace`; `false` when there is no entry.
    pub(crate) fn replace(&mut self, task: u8, id: u8) -> bool {
        self.association(id).joining -= 1;
        let Some(old) = self.task(task).entry else {
            self.drop_membership(id);
            return false;
        };
        self.task(task).entry = Some(id);
        self.association(old).pending += 1;
        true
    }

    /// A grace period ends: `RcuMap::free` for all that waited.
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

    /// The tasks for which `wanted` holds, a bit each.
    pub(crate) fn which(&self, wanted: impl Fn(&Task) -> bool) -> u8 {
        let bits = self.tasks.iter().enumerate();
        bits.fold(0, |all, (i, t)| all | (u8::from(wanted(t)) << i))
    }
}

/// The tasks of a set of bits.
pub(crate) fn members(bits: u8) -> impl Iterator<Item = u8> {
    (0..TASKS as u8).filter(move |i| bits & (1 << i) != 0)
}
