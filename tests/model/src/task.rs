// SPDX-License-Identifier: GPL-2.0

//! Looking for tasks: `src/sys/task/mod.rs`.

use crate::run::{Go, Run};
use crate::world::{members, Phase};

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

pub(crate) fn let_go(run: &mut Run<'_>, tasks: u8) -> Go<()> {
    if run.exits() {
        run.act("(references)", |w| {
            members(tasks).for_each(|t| w.task(t).held -= 1)
        })?;
    }
    Ok(())
}

/// `task::each`: a walk under RCU, which keeps what it sees; tasks of other processes
/// than 0 are passed by. Tasks that come while it goes on may be seen or not: here
/// they are not.
pub(crate) fn each(run: &mut Run<'_>) -> Go<u8> {
    run.step("each", |w| {
        let seen = w.which(|t| t.process == 0 && matches!(t.phase, Phase::Listed | Phase::Exiting));
        w.hold(seen);
        seen
    })
}
