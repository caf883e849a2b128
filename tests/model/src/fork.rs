// SPDX-License-Identifier: GPL-2.0

//! Tasks are made and exit: `copy_process()` with the hooks of `src/lsm/task.rs`, which
//! take the steps of [`protocol::Fork`].

use addrconf_protocol::{self as protocol, Fork};

use crate::entry::Entry;
use crate::map::{forget, insert, place};
use crate::run::{Go, Stop};
use crate::without::Without;
use crate::world::{Phase, Run, World};

/// `copy_process()`: `maker`, a task that runs, makes a thread or a process.
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
    if run.has(Without::TaskAlloc) && is_forwarded(run, maker, child)? {
        let hook = &mut Forking::new(run, maker, child, Without::RecheckInInherit);
        if protocol::inherit(hook).is_err() {
            return free(run, child);
        }
    }
    // The maker's association at this moment.
    let before = run.wait("write_lock_irq(&tasklist_lock)", |w| {
        (!std::mem::replace(&mut w.tasklist, true))
            .then(|| of(w, maker).map_or(0, |entry| entry.pack() + 1))
    })?;
    let before = before.checked_sub(1).map(Entry::unpack);
    // security_task_publish()
    let again = run.has(Without::TaskPublish) && run.has(Without::TaggingAgain);
    if again && is_forwarded(run, maker, child)? {
        let hook = &mut Forking::new(run, maker, child, Without::RecheckInCatchUp);
        if protocol::catch_up(hook).is_err() {
            run.act("write_unlock_irq(&tasklist_lock)", |w| w.tasklist = false)?;
            return free(run, child);
        }
    }
    run.act("list_add_tail_rcu, write_unlock_irq", |w| {
        w.task(child).phase = Phase::Listed;
        w.tasklist = false;
        // If the maker stayed in one association, or in none, the child must be in the same
        // one, or in none. `check` compares threads with what the calls promise instead.
        let (after, of_child) = (of(w, maker), of(w, child));
        let id = |entry: Option<Entry>| entry.map(|entry| entry.id);
        if of_child != after && w.is_wider(id(of_child), id(before)) {
            w.complain("the child has more than its maker had");
        }
        // Unless a call moves it: it may have gone to and fro.
        let is_moving = after.is_some_and(|after| w.has_moves(after.id));
        if !thread && before == after && of_child != after && !is_moving {
            w.complain(match after {
                Some(_) => "the child is not where its maker is",
                None => "the child of a free maker is not free",
            });
        }
    })
}

/// The entry of a task if it counts, without its mark, which goes when a call has succeeded.
fn of(w: &World, task: u8) -> Option<Entry> {
    let Entry { id, epoch, .. } = w.tasks[usize::from(task)].entry?;
    w.effective(task).map(|_| Entry::new(id, epoch))
}

/// Whether the gate forwards a hook of a fork: `hook_task_alloc()` and
/// `hook_task_publish()`, which also tag the child.
fn is_forwarded(run: &mut Run<'_>, maker: u8, child: u8) -> Go<bool> {
    if !run.world().tags {
        return Ok(true);
    }
    run.ask("acf_tagged(current)", |w| {
        let tagged = w.task(maker).tagged;
        w.task(child).tagged |= tagged;
        tagged
    })
}

/// A task exits: `do_exit()`, `release_task()`, and `task_free` when the last reference
/// is dropped.
pub(crate) fn exit(run: &mut Run<'_>, task: u8) -> Go<()> {
    run.act("exit_signals: PF_EXITING", |w| {
        w.task(task).phase = Phase::Exiting
    })?;
    run.wait("release_task", |w| {
        // The first thread of a process stays on the list until it is the only one.
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

/// `Tasks::task_free`
fn free(run: &mut Run<'_>, task: u8) -> Go<()> {
    forget(run, task)?;
    run.act("(gone)", |w| w.task(task).phase = Phase::Gone)
}

/// One hook of a fork.
struct Forking<'r, 'a> {
    run: &'r mut Run<'a>,
    maker: u8,
    child: u8,
    // The part of this hook that a test may leave out: checking again for the end.
    recheck: Without,
    // Where the maker is, as `of_maker` found it.
    of_maker: Option<Entry>,
    joined: bool,
}

impl<'r, 'a> Forking<'r, 'a> {
    fn new(run: &'r mut Run<'a>, maker: u8, child: u8, recheck: Without) -> Self {
        Self {
            run,
            maker,
            child,
            recheck,
            of_maker: None,
            joined: false,
        }
    }
}

impl Fork for Forking<'_, '_> {
    type Association = Entry;
    type Membership = Entry;
    type Stop = Stop;

    fn of_maker(&mut self) -> Go<Option<Entry>> {
        self.of_maker = place(self.run, self.maker)?;
        Ok(self.of_maker)
    }

    fn of_child(&mut self) -> Go<Option<Entry>> {
        let found = place(self.run, self.child)?;
        // Without `Replacing`, a child that is a member counts as one of its maker's
        // association.
        if found.is_some() && !self.run.has(Without::Replacing) {
            return Ok(self.of_maker);
        }
        Ok(found)
    }

    fn are_same(one: &Entry, other: &Entry) -> bool {
        (one.id, one.mark()) == (other.id, other.mark())
    }

    fn forget_child(&mut self) -> Go<()> {
        let is_before_joining = self.of_maker.is_some() && !self.joined;
        if is_before_joining && !self.run.has(Without::Forgetting) {
            return Ok(());
        }
        forget(self.run, self.child)
    }

    fn join(&mut self) -> Go<Option<Entry>> {
        self.joined = true;
        let maker = self.maker;
        // One step for some of the kernel's: the result is that of a maker that changed before
        // all, or after all.
        let joined = self.run.find("Membership::of_child", |w| {
            let entry = w.task(maker).entry?;
            let entry = Entry::marked(entry.id, entry.epoch, w.joining(entry));
            w.join(entry).then(|| entry.pack())
        })?;
        Ok(joined.map(Entry::unpack))
    }

    fn insert(&mut self, membership: Entry) -> Go<Entry> {
        if !insert(self.run, self.child, membership)? {
            // The model never runs out of memory, so no fork has a reason to fail.
            let complain = "a fork fails without cause";
            self.run.act("(EEXIST)", |w| w.complain(complain))?;
            return Err(Stop::Denied);
        }
        Ok(membership)
    }

    fn has_ended(&mut self, _: &Entry) -> Go<bool> {
        if !self.run.has(self.recheck) {
            return Ok(false);
        }
        let child = self.child;
        self.run.ask("is_revoked, again", |w| {
            let entry = w.task(child).entry;
            entry.is_some_and(|entry| w.has_left(entry))
        })
    }

    fn set_born(&mut self) -> Go<()> {
        // Only the search uses this: `search` models it.
        Ok(())
    }
}
