// SPDX-License-Identifier: GPL-2.0

//! What must hold in every state, for every step, and at the end.

use crate::world::{Phase, Task, World, ASSOCIATIONS};

/// Where the threads of process 0 must be. Control calls change this while they hold
/// the control lock, so it follows one order of the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Home {
    /// In no association that is formed.
    #[default]
    Out,
    /// This call removes them: the id of the association that it ends, or [`OTHER`].
    Leaving(u8),
    /// In this association, which is formed, or in a part of it.
    In(u8),
}

/// Stands in [`Home::Leaving`] for a call that does not end exactly one association.
pub(crate) const OTHER: u8 = u8::MAX;

impl World {
    /// Notes that `call` has removed process 0. Does nothing if the process has joined
    /// another association since, or if another call is removing it.
    pub(crate) fn leave_home(&mut self, call: u8) {
        if self.home == Home::Leaving(call) {
            self.home = Home::Out;
        }
    }

    /// Notes that a call that has ended this association returns.
    pub(crate) fn note_ended(&mut self, id: u8) {
        self.association(id).ended = true;
        self.leave_home(id);
    }
}

pub(crate) fn wrong(world: &World, idle: bool) -> Option<String> {
    if let Some(complaint) = world.complaint {
        return Some(complaint.into());
    }
    kept(world)
        .or_else(|| idle.then(|| settled(world)).flatten())
        .or_else(|| balanced(world))
}

/// What is wrong with the place of a task that runs.
fn kept(world: &World) -> Option<String> {
    for (i, task) in (0_u8..).zip(&world.tasks) {
        if world.tags && task.entry.is_some() && !task.tagged {
            return Some(format!("task {i} is a member without a tag"));
        }
        if task.phase != Phase::Listed {
            continue;
        }
        let at = world.effective(i);
        let ended = |id: &u8| world.associations[usize::from(*id)].ended;
        if at.is_some_and(|id| world.up(id).any(|id| ended(&id))) {
            return Some(format!("task {i} is in an association that has ended"));
        }
        if task.process != 0 {
            continue;
        }
        let is_home = match (world.home, at) {
            (Home::Leaving(_), _) | (Home::Out, None) => true,
            (Home::Out, Some(id)) => !world.is_formed(id),
            (Home::In(home), at) => at.is_some_and(|id| world.is_within(id, home)),
        };
        if !is_home {
            return Some(format!("task {i} is not where {:?} has it", world.home));
        }
        if let (Some(id), Some(part), false) = (at, world.narrowed, world.releasing) {
            if world.root(id) == world.root(part) && !world.is_within(id, part) {
                return Some(format!("task {i} is not in part {part}"));
            }
        }
    }
    None
}

/// The task that is left in an association that has ended, while no program runs.
fn settled(world: &World) -> Option<String> {
    let is_left = |t: &Task| {
        t.entry
            .is_some_and(|id| world.up(id).any(|id| world.revoked(id)))
    };
    let left = world.tasks.iter().position(is_left)?;
    Some(format!("task {left} is still a member of what has ended"))
}

/// What is wrong with a step: unless a control call removes a task, it must not leave its
/// association, nor move to the whole.
pub(crate) fn wrong_step(from: &World, to: &World) -> Option<&'static str> {
    (0_u8..).zip(&from.tasks).find_map(|(i, task)| {
        let before = from.effective(i)?;
        if task.phase != Phase::Listed || to.revoked(before) {
            return None;
        }
        match to.effective(i) {
            None if task.process == 0 && from.releasing => None,
            None => Some("a task leaves that no call released"),
            Some(after) if to.is_within(after, before) => None,
            Some(_) => Some("a task moves to an association that is no part of its own"),
        }
    })
}

/// What is wrong with the counts of associations, or with the entries of tasks that are
/// gone.
fn balanced(world: &World) -> Option<String> {
    let left = |t: &Task| t.phase == Phase::Gone && t.entry.is_some();
    if world.tasks.iter().any(left) {
        return Some("an entry is left of a task that is gone".into());
    }
    for (id, association) in (0_u8..).zip(&world.associations) {
        let entries = world.tasks.iter().filter(|t| t.entry == Some(id)).count() as u8;
        let tasks = entries + association.pending + association.joining;
        let parts = world.associations.iter();
        let parts = parts
            .filter(|a| a.parent == Some(id) && a.buried == 0)
            .count() as u8;
        let users = tasks + parts + u8::from(association.first);
        if (association.users, association.tasks) != (users, tasks) {
            return Some(format!("counts of association {id} are wrong"));
        }
        if association.buried > 1 {
            return Some(format!("association {id} is buried twice"));
        }
    }
    None
}

/// What is wrong when every task has exited and no step is possible.
pub(crate) fn wrong_at_the_end(world: &World) -> Option<String> {
    if world
        .tasks
        .iter()
        .any(|t| t.phase != Phase::Gone && t.phase != Phase::Unborn)
    {
        return Some("a task never ends".into());
    }
    let buried = |id: usize| world.associations[id].buried == 1;
    (0..ASSOCIATIONS)
        .find(|&id| world.associations[id].made && !buried(id))
        .map(|id| format!("association {id} stays for ever"))
}
