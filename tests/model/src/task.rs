// SPDX-License-Identifier: GPL-2.0

//! Finding tasks: `src/sys/task/mod.rs` and `visit.rs`.

use crate::run::Go;
use crate::world::{members, Phase, Run};

/// `task::wait_for_clones`
pub(crate) fn wait_for_clones(run: &mut Run<'_>) -> Go<()> {
    run.wait("wait_for_clones", |w| (!w.tasklist).then_some(0))?;
    Ok(())
}

/// `TaskRef::threads` of a process. Under RCU, it takes a reference to every thread that
/// was on the list before.
pub(crate) fn threads(run: &mut Run<'_>, process: u8) -> Go<u8> {
    run.step("threads", |w| {
        let found = w.which(|t| t.process == process && t.phase == Phase::Listed);
        w.hold(found);
        found
    })
}

/// Calls `visit` with each of [`threads`] until it fails. Then drops the references.
pub(crate) fn each_thread<'a, T>(
    caller: &mut T,
    process: u8,
    run: impl Fn(&mut T) -> &mut Run<'a>,
    visit: impl FnMut(&mut T, &u8) -> Go<()>,
) -> Go<()> {
    let found = threads(run(caller), process)?;
    visit_held(caller, found, run, visit)
}

/// Calls `visit` with each of `found`, to which the caller holds references, until it fails.
/// Then drops the references.
pub(crate) fn visit_held<'a, T>(
    caller: &mut T,
    found: u8,
    run: impl Fn(&mut T) -> &mut Run<'a>,
    mut visit: impl FnMut(&mut T, &u8) -> Go<()>,
) -> Go<()> {
    let done = members(found).try_for_each(|task| visit(caller, &task));
    let_go(run(caller), found)?;
    done
}

/// Drops the references to `tasks`.
pub(crate) fn let_go(run: &mut Run<'_>, tasks: u8) -> Go<()> {
    if run.world().exits {
        run.act("(references)", |w| {
            members(tasks).for_each(|t| w.task(t).held -= 1)
        })?;
    }
    Ok(())
}

/// `task::each`: a walk under RCU, which keeps the tasks that it sees. Here it passes over
/// other processes than 0. The kernel's walk may also see tasks that are made meanwhile;
/// this one does not.
pub(crate) fn each(run: &mut Run<'_>) -> Go<u8> {
    run.step("each", |w| {
        let seen = w.which(|t| t.process == 0 && matches!(t.phase, Phase::Listed | Phase::Exiting));
        w.hold(seen);
        seen
    })
}
