// SPDX-License-Identifier: GPL-2.0

//! Tasks come and go: `copy_process()` with the hooks of `src/lsm/task.rs`, and
//! what `src/table/fork.rs` does there.

use crate::map::{association, forget, insert};
use crate::run::{Go, Run};
use crate::scenario::Without;
use crate::world::Phase;

/// Why a fork fails.
struct Failed;

/// `copy_process()`: `maker`, which runs, makes a thread or a process.
pub(crate) fn copy_process(run: &mut Run<'_>, maker: u8, thread: bool) -> Go<()> {
    let child = run.step("copy_process", |w| {
        let child = w.which(|t| t.phase == Phase::Unborn).trailing_zeros() as u8;
        let process = w.task(maker).process;
        *w.task(child) = crate::world::Task {
            phase: Phase::Copied,
            process: if thread { process } else { child },
            ..Default::default()
        };
        child
    })?;
    // security_task_alloc()
    if run.has(Without::TaskAlloc) && inherit(run, maker, child)?.is_err() {
        return free(run, child);
    }
    // Where the maker is then.
    let before = run.wait("write_lock_irq(&tasklist_lock)", |w| {
        (!std::mem::replace(&mut w.tasklist, true))
            .then(|| w.effective(maker).map_or(0, |id| id + 1))
    })?;
    let before = before.checked_sub(1);
    // security_task_publish()
    if run.has(Without::TaskPublish) && catch_up(run, maker, child)?.is_err() {
        run.act("write_unlock_irq(&tasklist_lock)", |w| w.tasklist = false)?;
        return free(run, child);
    }
    run.act("list_add_tail_rcu, write_unlock_irq", |w| {
        w.task(child).phase = Phase::Listed;
        w.tasklist = false;
        // Whoever was in all the while has its child in, and nobody else. For
        // threads there is what the calls promise.
        let (after, of_child) = (w.effective(maker), w.effective(child));
        if w.is_wider(of_child, before) {
            w.complain("the child has more than its maker had");
        }
        if !thread && before == after && of_child != after {
            w.complain(match after {
                Some(_) => "the child is not where its maker is",
                None => "the child of a free maker is not free",
            });
        }
    })
}

/// A task ends: `do_exit()`, `release_task()`, and `task_free` after the last
/// reference.
pub(crate) fn exit(run: &mut Run<'_>, task: u8) -> Go<()> {
    run.act("exit_signals: PF_EXITING", |w| {
        w.task(task).phase = Phase::Exiting
    })?;
    run.wait("release_task", |w| {
        // The first thread of a process stays until it is the last.
        let others =
            w.which(|t| t.process == task && matches!(t.phase, Phase::Listed | Phase::Exiting));
        let free = !w.tasklist && others & !(1 << task) == 0;
        free.then(|| {
            w.task(task).phase = Phase::Unlisted;
            0
        })
    })?;
    run.wait("put_task_struct", |w| (w.task(task).held == 0).then_some(0))?;
    if !run.has(Without::TaskFree) {
        return run.act("(gone)", |w| w.task(task).phase = Phase::Gone);
    }
    free(run, task)
}

/// `lsm::task::free`
fn free(run: &mut Run<'_>, task: u8) -> Go<()> {
    forget(run, task)?;
    run.act("(gone)", |w| w.task(task).phase = Phase::Gone)
}

/// `Table::inherit`
fn inherit(run: &mut Run<'_>, maker: u8, child: u8) -> Go<Result<(), Failed>> {
    take_after_maker(run, maker, child, Without::RecheckInInherit)
}

/// `Table::catch_up`
fn catch_up(run: &mut Run<'_>, maker: u8, child: u8) -> Go<Result<(), Failed>> {
    let Some(id) = association(run, maker)? else {
        forget(run, child)?;
        return Ok(Ok(()));
    };
    match association(run, child)? {
        Some(present) if present == id || !run.has(Without::Replacing) => Ok(Ok(())),
        _ => {
            if run.has(Without::Forgetting) {
                forget(run, child)?;
            }
            take_after_maker(run, maker, child, Without::RecheckInCatchUp)
        }
    }
}

/// `Table::take_after_maker`
fn take_after_maker(
    run: &mut Run<'_>,
    maker: u8,
    child: u8,
    recheck: Without,
) -> Go<Result<(), Failed>> {
    // A step between sees the maker either as it was before or as it is after.
    let joined = run.find("Membership::of_child", |w| {
        w.task(maker).entry.filter(|&id| w.join(id))
    })?;
    let Some(id) = joined else {
        return Ok(Ok(()));
    };
    if !insert(run, child, id)? {
        // There is no want of memory in the model, so no fork has to fail.
        run.act("(EEXIST)", |w| w.complain("a fork fails for nothing"))?;
        return Ok(Err(Failed));
    }
    if run.has(recheck) && run.ask("is_revoked, again", |w| w.revoked(id))? {
        forget(run, child)?;
    }
    Ok(Ok(()))
}
