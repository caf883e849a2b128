// SPDX-License-Identifier: GPL-2.0

//! A process takes a part of its own association's set, while its threads fork, and
//! administrators change and end the association.
//!
//! The kernel lets one thread of a process do this at a time: `cred_guard_mutex` is held
//! (`sys_lsm_set_self_attr()`).

use super::Failure;

/// Whether a part of an association may be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Now.
    Listed,
    /// Not yet: a call about the association is in progress.
    Later,
    /// Never: the association has ended.
    Ended,
}

/// What a thread is in, seen from a part that its process narrows itself to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// In an association that contains the part.
    Wider,
    /// In another, into which a call moves it that may put it back.
    Moving,
    /// In the part, in a part of that, in another association, or in none.
    Other,
}

/// Decides whether a part may be listed, with the registry locked: a call that changes
/// or ends the association finds the part on the list, or is seen here. `has_ended`:
/// the association or one that it is a part of has ended. `is_formed`: every task that
/// `assign` meant is a member. `is_updating`: an update of the tenant is in progress.
pub fn may_list(has_ended: bool, is_formed: bool, is_updating: bool) -> Listing {
    if has_ended {
        Listing::Ended
    } else if is_formed && !is_updating {
        Listing::Listed
    } else {
        Listing::Later
    }
}

/// The steps of narrowing: the running task narrows its process.
pub trait Narrow {
    /// An association.
    type Association;
    /// A part that is being made, with what lists it.
    type Part;
    /// A membership in the part, before it is in the table.
    type Entry;
    /// A task.
    type Task;
    /// Why it stops.
    type Stop: From<Failure>;

    /// Returns the association of the running task, unless it has ended.
    fn present(&mut self) -> Result<Option<Self::Association>, Self::Stop>;

    /// Makes a part of `present`, which no other call finds yet.
    fn make(&mut self, present: &Self::Association) -> Result<Self::Part, Self::Stop>;

    /// Makes a membership in the part. Fails with [`Failure::NotAMember`] when the part
    /// has ended.
    fn entry(&mut self, part: &Self::Part) -> Result<Self::Entry, Self::Stop>;

    /// Lists the part if [`may_list`] says so, with the registry locked.
    fn list(
        &mut self,
        present: &Self::Association,
        part: &mut Self::Part,
    ) -> Result<Listing, Self::Stop>;

    /// Waits a moment, so that the call in progress can finish.
    fn pause(&mut self) -> Result<(), Self::Stop>;

    /// Returns the running task.
    fn caller(&mut self) -> Self::Task;

    /// Collects the threads of the process that do not exit, at one moment, then calls
    /// `visit` with each until it fails.
    fn each_thread(
        &mut self,
        visit: impl FnMut(&mut Self, &Self::Task) -> Result<(), Self::Stop>,
    ) -> Result<(), Self::Stop>;

    /// Returns what a thread is in, at one moment; of the caller, which was moved first,
    /// [`Width::Other`].
    fn width(&mut self, task: &Self::Task, part: &Self::Part) -> Result<Width, Self::Stop>;

    /// Waits a moment, whatever signals come, so that a call in progress can finish.
    fn wait(&mut self) -> Result<(), Self::Stop>;

    /// Replaces a task's entry by `entry` if the old one is wider. Returns whether it was.
    fn replace_wider(
        &mut self,
        task: &Self::Task,
        part: &Self::Part,
        entry: Self::Entry,
    ) -> Result<bool, Self::Stop>;

    /// Returns, after a full barrier, whether the part has ended: the call that ends it sees
    /// the entry made before this, or this sees the end.
    fn has_ended(&mut self, part: &Self::Part) -> Result<bool, Self::Stop>;

    /// Removes a task's entry if it is of an association that has ended. The task may have
    /// joined another one meanwhile.
    fn remove_ended(&mut self, task: &Self::Task) -> Result<(), Self::Stop>;

    /// As [`super::TakeIn::wait_for_clones`].
    fn wait_for_clones(&mut self) -> Result<(), Self::Stop>;

    /// Drops the call's own reference to the part, which goes if no task is in it. Only the
    /// end of a step of the model stops it.
    fn drop_part(&mut self, part: Self::Part) -> Result<(), Self::Stop>;
}

/// Moves every thread of the running process to a new part of its association. May
/// sleep, and never holds a lock that sleeps: a tenant chooses how much there is to
/// do. When memory runs out half way, the threads that were moved stay narrowed.
///
/// # Errors
///
/// [`Failure::NotAMember`], and those of the steps.
pub fn narrow<W: Narrow>(world: &mut W) -> Result<(), W::Stop> {
    let present = world.present()?.ok_or(Failure::NotAMember)?;
    let mut part = world.make(&present)?;
    let done = move_all(world, &present, &mut part);
    world.drop_part(part)?;
    done
}

fn move_all<W: Narrow>(
    world: &mut W,
    present: &W::Association,
    part: &mut W::Part,
) -> Result<(), W::Stop> {
    // Made before the part is listed, so that a failed allocation cannot leave a listed
    // part whose caller stays in the whole.
    let entry = world.entry(part)?;
    loop {
        match world.list(present, part)? {
            Listing::Listed => break,
            Listing::Later => world.pause()?,
            Listing::Ended => return Err(Failure::NotAMember.into()),
        }
    }
    let caller = world.caller();
    if !move_into(world, &caller, part, entry)? {
        // Released at this moment.
        return Err(Failure::NotAMember.into());
    }
    loop {
        let (mut found, mut moving) = (false, false);
        world.each_thread(|world, thread| {
            match world.width(thread, part)? {
                Width::Wider => {
                    found = true;
                    let entry = world.entry(part)?;
                    move_into(world, thread, part, entry)?;
                }
                Width::Moving => moving = true,
                Width::Other => {}
            }
            Ok(())
        })?;
        if moving {
            // It fails, as the caller is in the part, and puts the thread back into the whole.
            world.wait()?;
        } else if !found {
            return Ok(());
        }
        // A thread whose maker was in the whole when it was made moves as it catches up, or
        // is on the list at the next look.
        world.wait_for_clones()?;
    }
}

/// Moves a task to the part, and returns whether it did. A task that was released or
/// joined another association meanwhile stays where it is.
fn move_into<W: Narrow>(
    world: &mut W,
    task: &W::Task,
    part: &W::Part,
    entry: W::Entry,
) -> Result<bool, W::Stop> {
    let moved = world.replace_wider(task, part, entry)?;
    if moved && world.has_ended(part)? {
        world.remove_ended(task)?;
    }
    Ok(moved)
}
