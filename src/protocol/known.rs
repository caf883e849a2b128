// SPDX-License-Identifier: GPL-2.0

//! The gate knows of which association a task was last found to be a member, and asks no
//! more. Meanwhile others make the task a member of another association.
//!
//! Of a task that is a member of none any more, the gate may know the last: what the task
//! may do with sockets of that association is the same.

/// The steps of finding the association of the running task.
pub trait FindMember {
    /// What the gate knows. It changes when the task is made a member of another.
    type Known: Copy;
    /// An association.
    type Association;
    /// Why it stops.
    type Stop;

    /// Returns what the gate knows, with acquire ordering.
    fn known(&mut self) -> Result<Self::Known, Self::Stop>;

    /// Looks the task up in the table.
    fn look_up(&mut self) -> Result<Option<Self::Association>, Self::Stop>;

    /// Tells the gate, if what it knows is still `known`.
    fn tell(&mut self, known: Self::Known, found: &Self::Association) -> Result<(), Self::Stop>;
}

/// Finds the association of the running task, and tells the gate. Context: any.
///
/// # Errors
///
/// Those of the steps.
#[inline]
pub fn find_member<W: FindMember>(world: &mut W) -> Result<Option<W::Association>, W::Stop> {
    // A change after this makes `tell` do nothing. A change before it is found.
    let known = world.known()?;
    let found = world.look_up()?;
    if let Some(found) = &found {
        world.tell(known, found)?;
    }
    Ok(found)
}

/// The steps of making a task a member of an association, or of another one.
pub trait ChangeMember {
    /// Why it stops.
    type Stop;

    /// Changes the table. Returns whether it did.
    fn change(&mut self) -> Result<bool, Self::Stop>;

    /// Makes the gate forget what it knows, with a full barrier before.
    fn forget(&mut self) -> Result<(), Self::Stop>;
}

/// Makes a task a member. Returns whether the table was changed. A child that is being made
/// needs no [`ChangeMember::forget`]: the gate knows nothing of it yet.
///
/// # Errors
///
/// Those of the steps.
pub fn change_member<W: ChangeMember>(world: &mut W) -> Result<bool, W::Stop> {
    let changed = world.change()?;
    if changed {
        world.forget()?;
    }
    Ok(changed)
}
