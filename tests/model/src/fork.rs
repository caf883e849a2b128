// SPDX-License-Identifier: GPL-2.0

//! Tasks come and go: `copy_process()` with the hooks of `src/lsm/task.rs`, and
//! what `src/table/mod.rs` does there.

use crate::run::{Go, Run};
use crate::scenario::Without;
use crate::world::{Phase, World};

/// Why a fork fails.
struct Failed;

/// `copy_process()`: `maker`, which runs, makes a thread or a process.
pub(crate) fn copy_process(
    run: &mut Run<'_>,
    without: Option<Without>,
    maker: u8,
    thread: bool,
) -> Go<()> {
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
    if without != Some(Without::TaskAlloc) && inherit(run, maker, child)?.is_err() {
        return free(run, child);
    }
    run.wait("write_lock_irq(&tasklist_lock)", take_tasklist)?;
    // security_task_publish()
    let before = run.find("(the maker, as the child is published)", |w| {
        w.effective(maker)
    })?;
    if without != Some(Without::TaskPublish) && catch_up(run, without, maker, child)?.is_err() {
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

fn take_tasklist(world: &mut World) -> Option<u8> {
    (!world.tasklist).then(|| {
        world.tasklist = true;
        0
    })
}

/// A task ends: `do_exit()`, `release_task()`, and `task_free` after the last
/// reference.
pub(crate) fn exit(run: &mut Run<'_>, without: Option<Without>, task: u8) -> Go<()> {
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
    if without == Some(Without::TaskFree) {
        return run.act("(gone)", |w| w.task(task).phase = Phase::Gone);
    }
    free(run, task)
}

/// `lsm::task::free`
fn free(run: &mut Run<'_>, task: u8) -> Go<()> {
    forget(run, task)?;
    run.act("(gone)", |w| w.task(task).phase = Phase::Gone)
}

/// `Table::association`
pub(crate) fn association(run: &mut Run<'_>, task: u8) -> Go<Option<u8>> {
    if run.step("association: occupied.load", |w| w.occupied)? == 0 {
        return Ok(None);
    }
    let Some(id) = run.find("association: members.get", |w| w.task(task).entry)? else {
        return Ok(None);
    };
    let revoked = run.ask("association: is_revoked", |w| w.revoked(id))?;
    Ok((!revoked).then_some(id))
}

/// `Membership::join`; whether there is one.
pub(crate) fn join(run: &mut Run<'_>, id: u8) -> Go<bool> {
    if run.ask("join: is_revoked", |w| w.revoked(id))? {
        return Ok(false);
    }
    run.ask("join: add_user, tasks.add", |w| {
        let association = w.association(id);
        if association.users == 0 {
            return false;
        }
        association.users += 1;
        association.tasks += 1;
        association.joining += 1;
        true
    })
}

/// `Table::insert`; `false` is `Occupied`.
pub(crate) fn insert(run: &mut Run<'_>, task: u8, id: u8) -> Go<bool> {
    run.act("insert: occupied.add", |w| w.occupied += 1)?;
    let inserted = run.ask("insert: members.insert", |w| w.insert(task, id))?;
    if !inserted {
        run.act("insert: occupied.fetch_sub", |w| w.occupied -= 1)?;
    }
    Ok(inserted)
}

/// `Table::remove`
pub(crate) fn remove(run: &mut Run<'_>, task: u8) -> Go<bool> {
    let removed = run.ask("remove: members.remove", |w| w.remove(task))?;
    if removed {
        run.act("remove: occupied.fetch_sub", |w| w.occupied -= 1)?;
    }
    Ok(removed)
}

/// `Table::inherit`
fn inherit(run: &mut Run<'_>, maker: u8, child: u8) -> Go<Result<(), Failed>> {
    take_after_maker(run, maker, child)
}

/// `Table::catch_up`
fn catch_up(
    run: &mut Run<'_>,
    without: Option<Without>,
    maker: u8,
    child: u8,
) -> Go<Result<(), Failed>> {
    let Some(id) = association(run, maker)? else {
        forget(run, child)?;
        return Ok(Ok(()));
    };
    match association(run, child)? {
        None => {
            // What it has may be of an association that has ended.
            if without != Some(Without::ForgettingTheEnded) {
                forget(run, child)?;
            }
            take_after_maker(run, maker, child)
        }
        Some(other) if other != id && without != Some(Without::Replacing) => {
            if join(run, id)? {
                run.ask("catch_up: members.replace", |w| w.replace(child, id))?;
            } else if without != Some(Without::ForgettingTheReleased) {
                // Its maker was released this moment; then so is the child.
                forget(run, child)?;
            }
            Ok(Ok(()))
        }
        Some(_) => Ok(Ok(())),
    }
}

/// `Table::take_after_maker`
fn take_after_maker(run: &mut Run<'_>, maker: u8, child: u8) -> Go<Result<(), Failed>> {
    let Some(id) = association(run, maker)? else {
        return Ok(Ok(()));
    };
    if !join(run, id)? {
        return Ok(Ok(()));
    }
    if insert(run, child, id)? {
        return Ok(Ok(()));
    }
    // There is no want of memory in the model, so no fork has to fail.
    run.act("(EEXIST)", |w| w.complain("a fork fails for nothing"))?;
    Ok(Err(Failed))
}

/// `Table::forget`
fn forget(run: &mut Run<'_>, task: u8) -> Go<()> {
    if run.step("forget: occupied.load", |w| w.occupied)? != 0 {
        remove(run, task)?;
    }
    Ok(())
}
