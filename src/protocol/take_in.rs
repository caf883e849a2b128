// SPDX-License-Identifier: GPL-2.0

//! The first step of `assign`: every thread of a process becomes a member, and every
//! descendant if asked.

use super::Failure;

/// Where a task is, seen from the association that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In no association.
    Outside,
    /// In this one, or in a part of it.
    Inside,
    /// In another one.
    Elsewhere,
}

/// The steps that take in a process.
pub trait TakeIn {
    /// A process.
    type Process;
    /// A thread of it.
    type Thread;
    /// Why it stops.
    type Stop: From<Failure>;

    /// Returns whether the call has taken as long as it may.
    fn is_over(&mut self) -> Result<bool, Self::Stop>;

    /// Collects the threads of `process` that do not exit, at one moment, then calls
    /// `visit` with each until it fails.
    fn each_thread(
        &mut self,
        process: &Self::Process,
        visit: impl FnMut(&mut Self, &Self::Thread) -> Result<(), Self::Stop>,
    ) -> Result<(), Self::Stop>;

    /// Returns where a thread is.
    fn standing(&mut self, thread: &Self::Thread) -> Result<Standing, Self::Stop>;

    /// Makes a thread a member, unless the table has an entry for it: then `false`.
    fn insert(&mut self, thread: &Self::Thread) -> Result<bool, Self::Stop>;

    /// Removes a thread's entry if it is of an association that has ended.
    fn remove_ended(&mut self, thread: &Self::Thread) -> Result<(), Self::Stop>;

    /// Waits until every task that was being made is on the list of tasks, or has
    /// still to catch up.
    fn wait_for_clones(&mut self) -> Result<(), Self::Stop>;
}

/// Makes every thread of `process` a member, and looks again until a look finds
/// only members. Returns whether any was not. May sleep.
///
/// # Errors
///
/// [`Failure::Exited`], [`Failure::Elsewhere`], [`Failure::Outrun`], and those of the
/// steps.
pub fn take_in_process<W: TakeIn>(world: &mut W, process: &W::Process) -> Result<bool, W::Stop> {
    let (mut found_any, mut added_any) = (false, false);
    loop {
        if world.is_over()? {
            return Err(Failure::Outrun.into());
        }
        let mut added = false;
        world.each_thread(process, |world, thread| {
            found_any = true;
            match world.standing(thread)? {
                Standing::Inside => return Ok(()),
                Standing::Elsewhere => return Err(Failure::Elsewhere.into()),
                Standing::Outside => {}
            }
            added = true;
            if !world.insert(thread)? {
                // Another call has inserted the thread at this moment, which the next look
                // finds, or its entry is of an association that has ended.
                world.remove_ended(thread)?;
            }
            Ok(())
        })?;
        if !found_any {
            return Err(Failure::Exited.into());
        }
        if !added {
            return Ok(added_any);
        }
        added_any = true;
        // A thread whose maker was outside when it was made becomes a member as it
        // catches up, or is on the list at the next look.
        world.wait_for_clones()?;
    }
}

/// The steps that take in a process and its descendants.
pub trait TakeInTree: TakeIn {
    /// Collects the descendants that do not exit, at one moment, then calls `visit` with
    /// each until it fails.
    fn each_descendant(
        &mut self,
        visit: impl FnMut(&mut Self, &Self::Process) -> Result<(), Self::Stop>,
    ) -> Result<(), Self::Stop>;

    /// Returns whether a failure is [`Failure::Exited`].
    fn is_exited(stop: &Self::Stop) -> bool;

    /// Notes a process that was taken in.
    fn note(&mut self, process: &Self::Process) -> Result<(), Self::Stop>;

    /// Returns whether a process whose threads all exit is a member.
    fn is_member(&mut self, process: &Self::Process) -> Result<bool, Self::Stop>;

    /// Notes a process whose threads all exit. Returns whether it was not noted before.
    fn note_exiting(&mut self, process: &Self::Process) -> Result<bool, Self::Stop>;

    /// Lets other tasks run before the next look. `looks` is the number of looks so far.
    fn pause(&mut self, looks: usize) -> Result<(), Self::Stop>;
}

/// Makes `process` and all its descendants members. May sleep.
///
/// Children of a member are members. Once every descendant is a member, none can be
/// outside. A process that exits may have made children since the descendants
/// were collected, and another process adopts them. When a look first finds such a
/// process, another look follows.
///
/// # Errors
///
/// As [`take_in_process`]; but descendants may exit.
pub fn take_in_tree<W: TakeInTree>(world: &mut W, process: &W::Process) -> Result<(), W::Stop> {
    take_in_process(world, process)?;
    world.note(process)?;
    let mut looks = 0;
    while take_in_descendants(world)? {
        if world.is_over()? {
            return Err(Failure::Outrun.into());
        }
        looks += 1;
        world.pause(looks)?;
    }
    Ok(())
}

/// Takes in the descendants once. Returns whether any was outside, or exits and was not
/// noted.
fn take_in_descendants<W: TakeInTree>(world: &mut W) -> Result<bool, W::Stop> {
    let mut found = false;
    world.each_descendant(|world, process| {
        match take_in_process(world, process) {
            Ok(false) => {}
            Ok(true) => {
                found = true;
                world.note(process)?;
            }
            Err(stop) if W::is_exited(&stop) => {
                found |= !world.is_member(process)? && world.note_exiting(process)?;
            }
            Err(stop) => return Err(stop),
        }
        Ok(())
    })?;
    Ok(found)
}
