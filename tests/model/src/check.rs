// SPDX-License-Identifier: GPL-2.0

//! What must hold in every state, and at the end.

use crate::world::{Phase, World, ASSOCIATIONS};

/// What a control call promised when it returned; it holds until the next one
/// begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Promise {
    /// Nothing: it failed, or there was none yet.
    #[default]
    Nothing,
    /// Every thread of process 0 is in this association.
    In(u8),
    /// No thread of process 0 is in any.
    Out,
    /// Nobody is in one of these.
    Ended(u8),
}

pub(crate) fn wrong(world: &World) -> Option<String> {
    if let Some(complaint) = world.complaint {
        return Some(complaint.into());
    }
    kept(world).or_else(|| balanced(world))
}

/// Whether promises are kept.
fn kept(world: &World) -> Option<String> {
    let listed = |t: &&(u8, &crate::world::Task)| t.1.phase == Phase::Listed;
    let tasks: Vec<_> = (0_u8..).zip(&world.tasks).collect();
    for (i, task) in tasks.iter().filter(listed) {
        let ours = task.process == 0;
        let wrong = match world.promise {
            Promise::Nothing => false,
            Promise::In(id) => ours && world.effective(*i) != Some(id),
            Promise::Out => ours && task.entry.is_some(),
            Promise::Ended(ids) => task.entry.is_some_and(|a| ids & (1 << a) != 0),
        };
        if wrong {
            return Some(format!("task {i} is not where {:?} has it", world.promise));
        }
    }
    None
}

/// Whether all is counted that there is, and nobody is left behind.
fn balanced(world: &World) -> Option<String> {
    let entries = world.tasks.iter().filter(|t| t.entry.is_some()).count();
    if usize::from(world.occupied) < entries {
        return Some("`occupied` is less than there are entries".into());
    }
    let left = |t: &crate::world::Task| t.phase == Phase::Gone && t.entry.is_some();
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
        let users = tasks + parts + u8::from(association.first) + u8::from(association.parting);
        if (association.users, association.tasks) != (users, tasks) {
            return Some(format!("counts of association {id} are wrong"));
        }
        if association.buried > 1 {
            return Some(format!("association {id} is buried twice"));
        }
    }
    None
}

/// Everybody has exited, and nothing can happen any more.
pub(crate) fn wrong_at_the_end(world: &World) -> Option<String> {
    if world
        .tasks
        .iter()
        .any(|t| t.phase != Phase::Gone && t.phase != Phase::Unborn)
    {
        return Some("a task never ends".into());
    }
    if world.occupied != 0 {
        return Some("`occupied` is not zero in the end".into());
    }
    let buried = |id: usize| world.associations[id].buried == 1;
    (0..ASSOCIATIONS)
        .find(|&id| world.associations[id].made && !buried(id))
        .map(|id| format!("association {id} stays for ever"))
}
