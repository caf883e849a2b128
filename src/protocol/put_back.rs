// SPDX-License-Identifier: GPL-2.0

//! The end of a call that could not move processes from one association to another. They are
//! members of one of the two at every moment, so those that were moved go back one by one. Their
//! memberships have the mark of the call, and so have those of children that they made
//! meanwhile, as in [`super::expel`]. No call releases processes from either association before
//! this one is over.

/// The steps that put them back.
pub trait PutBack {
    /// A task.
    type Task;
    /// Why it stops.
    type Stop;

    /// Collects the tasks with the mark of the call that are on the list of tasks, at one moment,
    /// then calls `visit` with each until it fails.
    fn each_moved(
        &mut self,
        visit: impl FnMut(&mut Self, &Self::Task) -> Result<(), Self::Stop>,
    ) -> Result<(), Self::Stop>;

    /// Replaces a task's entry, if it has the mark, by one of the association where it came from.
    /// Waits for memory.
    fn put_back(&mut self, task: &Self::Task) -> Result<(), Self::Stop>;

    /// As [`super::TakeIn::wait_for_clones`].
    fn wait_for_clones(&mut self) -> Result<(), Self::Stop>;
}

/// Puts back every task that was moved, until a look finds none. May sleep.
///
/// # Errors
///
/// Those of the steps.
pub fn put_back<W: PutBack>(world: &mut W) -> Result<(), W::Stop> {
    loop {
        let mut found = false;
        world.each_moved(|world, task| {
            found = true;
            world.put_back(task)
        })?;
        if !found {
            return Ok(());
        }
        // A child that was being made follows its maker as it catches up, or is on the list at
        // the next look.
        world.wait_for_clones()?;
    }
}
