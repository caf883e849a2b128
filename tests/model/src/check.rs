// SPDX-License-Identifier: GPL-2.0

//! What must hold in every state, for every step, and at the end.

use crate::entry::NO_CALL;
use crate::exec::Program;
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
    /// In this association, which is formed, or in a part of it; or in another, as long as a call
    /// moves it.
    In(u8),
    /// Anywhere: no call has put it anywhere, and a rule may.
    Any,
}

/// Stands in [`Home::Leaving`] for a call that does not end exactly one association.
pub(crate) const OTHER: u8 = u8::MAX;

impl World {
    /// Notes that `call` has removed process 0. Does nothing if the process has joined
    /// another association since, or if another call is removing it.
    pub(crate) fn leave_home(&mut self, call: u8) {
        if self.home == Home::Leaving(call) {
            self.home = match self.has_rule() {
                true => Home::Any,
                false => Home::Out,
            };
        }
    }

    /// Notes that a call that has ended this association returns.
    pub(crate) fn note_ended(&mut self, id: u8) {
        let association = self.association(id);
        association.ended = association.epoch;
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
        if at.is_some_and(|id| is_over(world, id)) {
            return Some(format!("task {i} is in an association that has ended"));
        }
        let is_selected = world.exec.program == Program::New && world.parent != Some(i);
        if is_selected && at.is_none() && !world.exec.released {
            return Some(format!("task {i} runs the program outside"));
        }
        if i == 0 && at.is_some() && is_rest(world) {
            return Some("a task is in an association that everybody had to leave".into());
        }
        if task.process != 0 {
            continue;
        }
        let is_home = match (world.home, at) {
            (Home::Leaving(_) | Home::Any, _) | (Home::Out, None) => true,
            (Home::Out, Some(id)) => !world.get(world.root(id)).formed,
            (Home::In(home), at) => at.is_some_and(|id| {
                world.is_within(id, home) || (world.has_moves(home) && world.has_moves(id))
            }),
        };
        if !is_home {
            return Some(format!("task {i} is not where {:?} has it", world.home));
        }
        if let (Some(id), Some(part), false) = (at, world.narrowed, world.releasing) {
            let is_there = !world.get(part).revoked;
            if is_there && world.root(id) == world.root(part) && !world.is_within(id, part) {
                return Some(format!("task {i} is not in part {part}"));
            }
        }
    }
    None
}

/// Whether task 0 entered association 0 although that is not defined any more: those that were in
/// it before were released with it. No call put the task there.
fn is_rest(world: &World) -> bool {
    let entry = world.tasks[0].entry;
    let by_itself = entry.is_some_and(|e| e.call == NO_CALL && world.root(e.id) == 0);
    by_itself && world.has_rule() && world.exec.releases == 0 && !world.get(0).defined
}

/// Whether it is a part of an association whose tasks were released by a call that has returned.
fn is_over(world: &World, id: u8) -> bool {
    world.up(id).any(|up| {
        let part = world.get(up);
        let ended = part.parent.map(|whole| world.get(whole).ended);
        ended.is_some_and(|ended| part.parent_epoch < ended)
    })
}

/// The task that is left in an association that has ended, while no program runs.
fn settled(world: &World) -> Option<String> {
    let is_left = |t: &Task| {
        t.entry
            .is_some_and(|entry| world.has_left(entry) || world.is_ended(entry.id))
    };
    let left = world.tasks.iter().position(is_left)?;
    Some(format!("task {left} is still a member of what has ended"))
}

/// What is wrong with a step: unless a control call removes or moves a task, it must not leave its
/// association, nor move to the whole. One that is moved leaves neither for a moment.
pub(crate) fn wrong_step(from: &World, to: &World) -> Option<&'static str> {
    (0_u8..).zip(&from.tasks).find_map(|(i, task)| {
        let before = from.effective(i)?;
        if task.phase != Phase::Listed || task.entry.is_some_and(|entry| to.has_left(entry)) {
            return None;
        }
        match to.effective(i) {
            None if task.process == 0 && from.releasing => None,
            None => Some("a task leaves that no call released"),
            Some(after) if to.is_within(after, before) => None,
            Some(after) if to.has_moves(before) && to.has_moves(after) => None,
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
        let is_in = |t: &&Task| t.entry.is_some_and(|entry| entry.id == id);
        let entries = world.tasks.iter().filter(is_in).count() as u8;
        let tasks = entries + association.pending + association.coming;
        let parts = world.associations.iter();
        let parts = parts
            .filter(|a| a.parent == Some(id) && a.buried == 0)
            .count() as u8;
        let users = tasks + parts + association.calls + u8::from(association.defined);
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
    let stays = |id: &usize| {
        let association = world.associations[*id];
        let is_rest = association.defined && association.users == 1;
        association.made && association.buried != 1 && !is_rest
    };
    (0..ASSOCIATIONS)
        .find(stays)
        .map(|id| format!("association {id} stays for ever"))
}
