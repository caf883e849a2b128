// SPDX-License-Identifier: GPL-2.0

//! The running task becomes a member of an association as it begins to execute a program. It is
//! the only thread of its process by then, has a table of descriptors of its own, and executes no
//! instruction before this is done. If it cannot become a member it is killed.

/// The steps.
pub trait Enter {
    /// Why it stops.
    type Stop;

    /// Adds the task to the association as it is now, unless the task is in one. Returns whether
    /// it did.
    fn insert(&mut self) -> Result<bool, Self::Stop>;

    /// Whether the tasks of the association were released since the task was added. A full
    /// barrier comes first: either this sees the release, or the release sees the task.
    fn was_released(&mut self) -> Result<bool, Self::Stop>;

    /// Removes the task's entry, which does not count.
    fn remove_released(&mut self) -> Result<(), Self::Stop>;

    /// Whether the task is a member of an association; if not, its entry does not count. Fails
    /// if the call that put it there is in progress, as that may fail.
    fn is_member(&mut self) -> Result<bool, Self::Stop>;

    /// Makes the task's sockets the association's.
    fn adopt(&mut self) -> Result<(), Self::Stop>;

    /// Fails if the task holds a bypass, and notes else that it holds none.
    fn look_through(&mut self) -> Result<(), Self::Stop>;
}

/// Makes the running task a member. May sleep.
///
/// # Errors
///
/// Those of the steps: the task must be killed.
pub fn enter<W: Enter>(world: &mut W) -> Result<(), W::Stop> {
    loop {
        if world.insert()? {
            if !world.was_released()? {
                break;
            }
        } else if world.is_member()? {
            // An administrator's call was faster.
            return Ok(());
        }
        world.remove_released()?;
    }
    // From now on it is checked what the task gets from others.
    world.adopt()?;
    world.look_through()
}
