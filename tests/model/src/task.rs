// SPDX-License-Identifier: GPL-2.0

//! Looking for tasks: `src/sys/task/mod.rs`.

use crate::run::Go;
use crate::world::{members, Phase, Run};

/// `task::wait_for_clones`
pub(crate) fn wait_for_clones(run: &mut Run<'_>) -> Go<()> {
    run.wait("wait_for_clones", |w| (!w.tasklist).then_some(0))?;
    Ok(())
}

/// `TaskRef::threads` of process 0: a look under RCU, which sees all that were
/// on the list before and takes a reference to each.
pub(crate) fn threads(run: &mut Run<'_>) -> Go<u8> {
    run.step("threads", |w| {
        let found = w.which(|t| t.process == 0 && t.phase == Phase::Listed);
        w.hold(found);
        found
    })
}

/// Calls `visit` with each of [`threads`], until it fails; then drops the references.
pub(crate) fn each_thread<'a, T>(
    caller: &mut T,
    run: impl Fn(&mut T) -> &mut Run<'a>,
    mut visit: impl FnMut(&mut T, &u8) -> Go<()>,
) -> Go<()> {
    let found = threads(run(caller))?;
    let done = members(found).try_for_each(|thread| visit(caller, &thread));
    let_go(run(caller), found)?;
    done
}

/// Drops the references to these.
pub(crate) fn let_go(run: &mut Run<'_>, tasks: u8) -> Go<()> {
    if run.world().exits {
        run.act("(references)", |w| {
            members(tasks).for_each(|t| w.task(t).held -= 1)
        })?;
    }
    Ok(())
}

/// `task::each`: a walk under RCU, which keeps what it sees. It passes by tasks of other
/// processes than 0. It may see tasks that come while it goes on; here it does
/// not.
pub(crate) fn each(run: &mut Run<'_>) -> Go<u8> {
    run.step("each", |w| {
        let seen = w.which(|t| t.process == 0 && matches!(t.phase, Phase::Listed | Phase::Exiting));
        w.hold(seen);
        seen
    })
}
