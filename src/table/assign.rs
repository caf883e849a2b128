// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside. May sleep.

use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};
use kernel::time::{delay::fsleep, Delta, Instant, Monotonic};

use crate::sys::map::InsertError;
use crate::sys::module::ModuleRef;
use crate::sys::sock::SkHold;
use crate::sys::task::{self, TaskKey, TaskRef};

use super::association::{Membership, Terms, User};
use super::part::PartOf;
use super::{sockets, AddressSet, Association, Table};

/// How long is waited for tasks, which on a busy machine have to wait for a
/// processor: in all for what is done with others kept waiting; again for their
/// calls to end; and for what is looked for then.
const PATIENCE: Delta = Delta::from_secs(10);
/// The pauses between looks at what others do meanwhile, which double: a caller
/// that goes before all others would keep them from doing it. In microseconds.
const FIRST_PAUSE: i64 = 20;
const LAST_PAUSE: i64 = 5_000;
/// Between looks for descendants, once there were so many.
const LOOKS_PAUSE: Delta = Delta::from_micros(1_000);
const QUICK_LOOKS: usize = 100;

/// [`PATIENCE`] that began when this was made.
struct Patience(Instant<Monotonic>);

impl Patience {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn is_over(&self) -> bool {
        self.0.elapsed() > PATIENCE
    }
}

/// Pauses that double.
struct Pauses(i64);

impl Pauses {
    fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    fn sleep(&mut self) {
        fsleep(Delta::from_micros(self.0));
        self.0 = LAST_PAUSE.min(2 * self.0);
    }
}

/// Whom an association is made for.
pub(crate) struct Whom<'a> {
    /// The process.
    pub(crate) process: &'a TaskRef,
    /// Its descendants as well.
    pub(crate) tree: bool,
    /// End connections that are bound outside the set.
    pub(crate) reset: bool,
}

/// Has every call end that one of `tasks` began before it was in `association`,
/// and that was not asked about: one that waits for data on a socket that was
/// left alone would get it. It is begun anew, as after `SIGSTOP` and `SIGCONT`,
/// and then asked about. Not a call that waits on a socket of the association's,
/// or that gets no data: programs may not expect it to end. Sleeps until that is
/// so.
///
/// # Errors
///
/// `ETIMEDOUT` when it takes too long: its owner may keep a call from ending.
fn recall(tasks: &[TaskRef], association: &Association) -> Result {
    let others = || tasks.iter().filter(|t| t.key() != TaskKey::current());
    others()
        .filter(|t| !t.only_waits() && !sockets::waits_on_its_own(t, association))
        .for_each(TaskRef::recall);
    let (patience, mut pauses) = (Patience::new(), Pauses::new());
    while others().any(TaskRef::is_recalled) {
        if patience.is_over() {
            return Err(ETIMEDOUT);
        }
        pauses.sleep();
    }
    Ok(())
}

/// Whether a task has a way out in its memory that no hook is asked about, or that
/// cannot be told in time: it may keep its memory locked with the help of a file
/// system that does not answer.
fn maps_way_out(task: &TaskRef, patience: &Patience) -> bool {
    let mut pauses = Pauses::new();
    loop {
        if let Ok(found) = task.maps_way_out() {
            return found;
        }
        if patience.is_over() {
            return true;
        }
        pauses.sleep();
    }
}

impl Table {
    /// Makes an association and puts all threads of a process into it, with
    /// their sockets, and its descendants if asked. All or nothing.
    ///
    /// # Errors
    ///
    /// `EEXIST` when a task is associated already, `ESRCH` when the process
    /// has exited, `EINVAL` for a kernel thread, `EADDRINUSE` when the
    /// loopback address is taken, `EBUSY` when a process holds a way out
    /// ([`Self::hold_no_way_out`]) or half of a datagram from another address,
    /// or traces somebody who is not to be associated, `EPERM` when the caller
    /// is associated by now, `EAGAIN` when the processes of a tree exit, and leave
    /// children to others of it, faster than can be followed, `ENOMEM`. Nothing
    /// changed. `ETIMEDOUT` when a
    /// thread does not come back from a call: then the association is ended, and
    /// sockets keep its scope, as after a release; and so with `EBUSY` when one
    /// makes a way out in that moment, or `ENOMEM` when there is no memory to see
    /// whether one did.
    pub(crate) fn assign(
        &self,
        whom: &Whom<'_>,
        terms: Terms,
        set: AddressSet,
        loopback: Option<Ipv4Addr>,
    ) -> Result<Arc<Association>> {
        if whom.process.is_kernel_thread() {
            return Err(EINVAL);
        }
        let one_at_a_time = self.control_from_outside()?;
        let patience = Patience::new();
        let (association, first) = self.make(terms, set, loopback, None)?;
        let done = self
            .take_in_all(whom, &association, &patience)
            .and_then(|all| {
                let tasks = self.threads_of(&all, &association)?;
                // Nothing can be made any more that was not allowed; what there
                // is already could be used without a call. Forks keep memory
                // locked.
                association.set_searching(true);
                let looked = self.hold_no_way_out(&tasks, &association, &patience);
                association.set_searching(false);
                looked?;
                self.list(&association)?;
                let strangers = Self::strangers(&all, &association, whom.reset)?;
                Ok((all, tasks, strangers))
            });
        let (all, tasks, strangers) = match done {
            Ok(done) => done,
            Err(error) => {
                self.end(&association);
                return Err(error);
            }
        };
        drop(first);
        // New sockets are the association's from birth; now for those there
        // were.
        self.adopt(&all, &association);
        // Whom we wait for may want to make a control call, or keep a socket
        // locked.
        drop(one_at_a_time);
        let settled = recall(&tasks, &association).and_then(|()| self.search(&all, &association));
        if let Err(error) = settled {
            let _one_at_a_time = self.control.lock();
            self.end_with_parts(&association);
            return Err(error);
        }
        sockets::abort(&strangers);
        Ok(association)
    }

    /// The tasks of `association`, which was made for these processes, and of its
    /// parts.
    fn threads_of(&self, all: &[TaskRef], association: &Association) -> Result<KVVec<TaskRef>> {
        // As in `adopt`. Who narrows is not counted any more, and who is released
        // is not one.
        if let [process] = all {
            let threads = process.threads()?;
            if threads.len() == association.tasks()
                && association.has_no_parts()
                && threads.iter().all(|t| self.is_member(t.key(), association))
            {
                return Ok(threads);
            }
        }
        self.tasks_within(association)
    }

    /// Looks through everybody who is in `association`, which was made for these
    /// processes, or in a part of it, once nobody is in a call any more that began
    /// before: what such a call made, and what was handed on from child to child
    /// while others were looked at. Whoever has no way out comes by none, as it
    /// may neither make, receive nor map one, nor do the children that it makes
    /// afterwards; and until then it makes none. So there is an end to it.
    ///
    /// # Errors
    ///
    /// `EBUSY` when one has a way out, or they cannot be looked through in time;
    /// `ENOMEM`.
    fn search(&self, all: &[TaskRef], association: &Association) -> Result {
        association.set_searching(true);
        let outcome = self.search_until_nobody_is_new(all, association);
        association.set_searching(false);
        outcome
    }

    fn search_until_nobody_is_new(&self, all: &[TaskRef], association: &Association) -> Result {
        let patience = Patience::new();
        loop {
            // They are not found yet, and may have what their makers have not any
            // more. Who was being made before the association is there by now: its
            // maker had to come back from a call.
            let others_come = association.has_unborn();
            task::wait_for_clones();
            let mut tasks = self.threads_of(all, association)?;
            tasks.retain(|t| !self.has_such(t.key(), Membership::is_searched));
            self.hold_no_way_out(&tasks, association, &patience)?;
            for task in &tasks {
                self.with_membership(task.key(), |membership| {
                    if membership.is_within(association) {
                        membership.set_searched();
                    }
                });
            }
            if tasks.is_empty() && !others_come {
                return Ok(());
            }
            if patience.is_over() {
                return Err(EBUSY);
            }
            if tasks.is_empty() {
                // Children that did not come to be are counted for so long, which may
                // be longer than our patience.
                rcu::rcu_barrier();
            }
        }
    }

    /// Fails with `EBUSY` when one of `tasks`, which are those of
    /// `association`, has something that goes around it.
    fn hold_no_way_out(
        &self,
        tasks: &[TaskRef],
        association: &Association,
        patience: &Patience,
    ) -> Result {
        let holds = |(nr, task): (usize, &TaskRef)| {
            // Threads of a process follow one another.
            let last = nr.checked_sub(1).map(|nr| &tasks[nr]);
            let same_memory = last.is_some_and(|last| task.shares_memory(last));
            let same_files = last.is_some_and(|last| task.files() == last.files());
            if same_memory && same_files {
                return false;
            }
            // What nobody can finish is not to go on for long either.
            (last.is_some() && patience.is_over())
                || task.opens_way_out()
                || (!same_memory && maps_way_out(task, patience))
                || (!same_files && sockets::holds_half_a_message(task, association))
        };
        // Whom somebody traces cannot be read from here: that takes a look at
        // every task there is, which few need.
        let traces = || tasks.iter().any(TaskRef::traces) && self.traces_others(association);
        if tasks.iter().enumerate().any(holds) || traces() {
            return Err(EBUSY);
        }
        Ok(())
    }

    /// Takes in the sockets of every task of `association`, which was made for
    /// these processes. Needs no memory. What it does not get to in time, of very
    /// many descriptors, can be used as little as what does not fit.
    fn adopt(&self, all: &[TaskRef], association: &Arc<Association>) {
        let patience = Patience::new();
        // Most often it is one process that made no other meanwhile; then there
        // is no need to look at every task there is. As its threads are held,
        // those that exit go on being counted.
        if let [process] = all {
            if let Ok(threads) = process.threads() {
                let looked = sockets::each_table(&threads, |task| match patience.is_over() {
                    false => Ok(sockets::adopt(task, association)),
                    true => Err(ETIMEDOUT),
                });
                if looked.is_ok() && threads.len() == association.tasks() {
                    return;
                }
            }
        }
        let mut last = None;
        task::each(|task| {
            let files = task.files();
            if self.is_member(task.key(), association) && (files.is_none() || files != last) {
                last = sockets::adopt(&task.hold(), association);
            }
            !patience.is_over()
        });
    }

    /// Whether a task of `association`, or of a part of it, traces one that is
    /// of neither.
    fn traces_others(&self, association: &Association) -> bool {
        let mut found = false;
        task::each(|task| {
            found = !self.is_within(task.key(), association)
                && task
                    .tracer()
                    .is_some_and(|t| self.is_within(t, association));
            !found
        });
        found
    }

    /// The connections of `processes` that are to be ended: none unless `reset`.
    fn strangers(
        processes: &[TaskRef],
        association: &Association,
        reset: bool,
    ) -> Result<KVVec<SkHold>> {
        if !reset {
            return Ok(KVVec::new());
        }
        let mut threads = KVVec::new();
        for process in processes {
            for thread in process.threads()? {
                threads.push(thread, GFP_KERNEL)?;
            }
        }
        sockets::strangers(&threads, association)
    }

    /// An association with its first user, not yet on the list.
    pub(super) fn make(
        &self,
        terms: Terms,
        set: AddressSet,
        loopback: Option<Ipv4Addr>,
        part_of: Option<PartOf>,
    ) -> Result<(Arc<Association>, User)> {
        let module = ModuleRef::get(self.module)?;
        let loopback = self.take_loopback(loopback)?;
        let id = self
            .take_id()
            .inspect_err(|_| self.leave_loopback(loopback))?;
        // Once it is there it gives back what is its own: see `bury`.
        Association::new(id, terms, set, loopback, part_of, module).inspect_err(|_| {
            self.leave_id(id);
            self.leave_loopback(loopback);
        })
    }

    /// Puts the tasks that are asked for into `association`, and returns their
    /// processes.
    fn take_in_all(
        &self,
        whom: &Whom<'_>,
        association: &Arc<Association>,
        patience: &Patience,
    ) -> Result<KVVec<TaskRef>> {
        self.take_in(whom.process, association)?;
        let mut processes = KVVec::new();
        processes.push(whom.process.clone(), GFP_KERNEL)?;
        if whom.tree {
            let (mut exiting, mut looks) = (KVVec::new(), 0);
            while self.take_in_descendants(&mut processes, &mut exiting, association)? {
                if patience.is_over() {
                    return Err(EAGAIN);
                }
                looks += 1;
                if looks > QUICK_LOOKS {
                    fsleep(LOOKS_PAUSE);
                }
            }
        }
        Ok(processes)
    }

    /// Puts the descendants of the first of `processes` into `association`, which
    /// are added. Whether any was not in, or exits, and was not known to: it may have
    /// made children since they were collected. Who is in has its later children in
    /// as well, so when all are, nobody is left out. `exiting` are those that were
    /// seen to exit before.
    fn take_in_descendants(
        &self,
        processes: &mut KVVec<TaskRef>,
        exiting: &mut KVVec<TaskRef>,
        association: &Arc<Association>,
    ) -> Result<bool> {
        let is_among = |all: &[TaskRef], one: &TaskRef| all.iter().any(|p| p.key() == one.key());
        let mut found = false;
        for process in processes[0].descendants()? {
            match self.take_in(&process, association) {
                Ok(false) => {}
                Ok(true) => {
                    found = true;
                    if !is_among(processes, &process) {
                        processes.push(process, GFP_KERNEL)?;
                    }
                }
                Err(error) if error == ESRCH => {
                    if !self.is_within(process.key(), association) && !is_among(exiting, &process) {
                        found = true;
                        exiting.push(process, GFP_KERNEL)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Puts every thread of `process` into `association`, until a look finds
    /// none that is not. Whether any was not. `ESRCH` when all have begun to exit.
    fn take_in(&self, process: &TaskRef, association: &Arc<Association>) -> Result<bool> {
        let (mut found_any, mut added_any) = (false, false);
        loop {
            let mut added = false;
            for thread in process.threads()? {
                found_any = true;
                match self.association(thread.key()) {
                    // Or in a part of it, if it narrowed itself.
                    Some(other) if other.is_within(association) => continue,
                    Some(_) => return Err(EEXIST),
                    None => {}
                }
                added = true;
                let membership = Membership::join(association.clone()).ok_or(ESRCH)?;
                match self.insert(thread.key(), membership, GFP_KERNEL) {
                    Ok(()) => {}
                    // It inherited this moment, which the next look tells, or
                    // is still down for an association that was ended.
                    Err(InsertError::Occupied) => {
                        if self.association(thread.key()).is_none() {
                            self.remove(thread.key());
                        }
                    }
                    Err(InsertError::Table(error)) => return Err(error),
                }
            }
            if !found_any {
                return Err(ESRCH);
            }
            if !added {
                return Ok(added_any);
            }
            added_any = true;
            // A thread made by one of them before it was in either was in time
            // to be put in by `catch_up` or is found at the next look.
            task::wait_for_clones();
        }
    }
}
