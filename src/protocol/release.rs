// SPDX-License-Identifier: GPL-2.0

//! Tasks leave their association: one process, or every task of an association.

use super::Failure;

/// The steps that release a process. The caller holds the lock of control calls, so no
/// association becomes formed meanwhile.
pub trait ReleaseProcess {
    /// A thread of the process.
    type Thread;
    /// Why it stops.
    type Stop: From<Failure>;

    /// Returns whether the process is a member of an association that is formed: its first
    /// thread or, once that has exited, any other.
    fn is_member(&mut self) -> Result<bool, Self::Stop>;

    /// Removes the entry of the first thread, unless its association is being made.
    /// Returns whether it did.
    fn remove_first(&mut self) -> Result<bool, Self::Stop>;

    /// Calls `visit` with each thread of the process that is on the list of tasks. `visit`
    /// must not sleep.
    fn each_thread(
        &mut self,
        visit: impl FnMut(&mut Self, &Self::Thread) -> Result<(), Self::Stop>,
    ) -> Result<(), Self::Stop>;

    /// Removes a thread's entry, unless its association is being made. Returns whether it
    /// did.
    fn remove_formed(&mut self, thread: &Self::Thread) -> Result<bool, Self::Stop>;

    /// Returns whether the call has taken as long as it may.
    fn is_over(&mut self) -> Result<bool, Self::Stop>;

    /// As [`super::TakeIn::wait_for_clones`].
    fn wait_for_clones(&mut self) -> Result<(), Self::Stop>;
}

/// Removes every thread of a process, until a look at all tasks finds no member among
/// them. Returns their number. May sleep.
///
/// # Errors
///
/// [`Failure::NotAMember`]: nothing changed. [`Failure::Outrun`]: the threads that were
/// made last stay members.
pub fn release_process<W: ReleaseProcess>(world: &mut W) -> Result<usize, W::Stop> {
    if !world.is_member()? {
        return Err(Failure::NotAMember.into());
    }
    // The first thread is on no list once the process has exited, or another thread has
    // called `execve`. It counts like any other: the protocol waits for its clones.
    let mut removed = usize::from(world.remove_first()?);
    let mut total = 0;
    loop {
        world.each_thread(|world, thread| {
            removed += usize::from(world.remove_formed(thread)?);
            Ok(())
        })?;
        if removed == 0 {
            return Ok(total);
        }
        if world.is_over()? {
            return Err(Failure::Outrun.into());
        }
        total += removed;
        removed = 0;
        // A child that was being made finds its maker released as it catches up, or is
        // on the list at the next look.
        world.wait_for_clones()?;
    }
}

/// The steps that end associations.
pub trait Release {
    /// An association.
    type Association;
    /// Why it stops.
    type Stop;

    /// Ends an association and its parts, and theirs, for every task at once. No part is
    /// listed that is not ended as well.
    fn revoke_within(&mut self, association: &Self::Association) -> Result<(), Self::Stop>;

    /// Ends every association that is listed.
    fn revoke_all(&mut self) -> Result<(), Self::Stop>;

    /// Ends every part that is listed, and that is not ended though its whole is.
    fn revoke_ended(&mut self) -> Result<(), Self::Stop>;

    /// Removes every entry of an association that has ended, whatever its task is doing.
    /// Returns their number.
    fn remove_revoked(&mut self) -> Result<usize, Self::Stop>;
}

/// Ends an association and its parts. Returns the number of their tasks. May sleep.
pub fn release_association<W: Release>(
    world: &mut W,
    association: &W::Association,
) -> Result<usize, W::Stop> {
    world.revoke_within(association)?;
    world.remove_revoked()
}

/// Ends every association. Returns the number of their tasks. May sleep. No association is
/// made from outside meanwhile: the caller holds the lock of control calls.
pub fn release_all<W: Release>(world: &mut W) -> Result<usize, W::Stop> {
    // The first walk may miss a part that is listed behind it, as its whole has not ended yet.
    // During the second walk every whole has ended.
    world.revoke_all()?;
    world.revoke_ended()?;
    world.remove_revoked()
}
