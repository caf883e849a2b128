// SPDX-License-Identifier: GPL-2.0

//! The search of `assign`: no member may hold a bypass.
//!
//! A member without a bypass cannot acquire one: creating, receiving and mapping one
//! are all denied. So a member that was searched is marked, and so is each child
//! it makes afterwards ([`super::hand_on`]). A member that was not searched may hand a bypass
//! to a child that is on no list yet, so such children are counted.

/// The steps of a search.
pub trait Search {
    /// Members that were collected.
    type Tasks;
    /// Why it stops.
    type Stop;

    /// Returns, after a full barrier, whether a member that was not searched is making a
    /// child.
    fn has_unborn(&mut self) -> Result<bool, Self::Stop>;

    /// As [`super::TakeIn::wait_for_clones`].
    fn wait_for_clones(&mut self) -> Result<(), Self::Stop>;

    /// Collects the members, then leaves out those that were searched.
    fn unsearched(&mut self) -> Result<Self::Tasks, Self::Stop>;

    /// Returns whether no task was found.
    fn is_empty(tasks: &Self::Tasks) -> bool;

    /// Looks through what each of `tasks` holds. Fails when one holds a bypass.
    fn look_through(&mut self, tasks: &Self::Tasks) -> Result<(), Self::Stop>;

    /// Marks each of `tasks` as searched.
    fn mark(&mut self, tasks: &Self::Tasks) -> Result<(), Self::Stop>;

    /// Fails when the call has taken as long as it may.
    fn go_on(&mut self, tasks: &Self::Tasks) -> Result<(), Self::Stop>;

    /// Waits, for a limited time, until children that failed to be made are no longer
    /// counted.
    fn settle(&mut self) -> Result<(), Self::Stop>;
}

/// Looks through every member, until a look finds none that was not searched and
/// none is being made by one that was not. May sleep.
///
/// # Errors
///
/// Those of [`Search::look_through`] and [`Search::go_on`].
pub fn search<W: Search>(world: &mut W) -> Result<(), W::Stop> {
    loop {
        // Counted before the look: a child that is counted afterwards has a maker that
        // this look finds, or that was searched.
        let others_come = world.has_unborn()?;
        world.wait_for_clones()?;
        let tasks = world.unsearched()?;
        world.look_through(&tasks)?;
        world.mark(&tasks)?;
        if W::is_empty(&tasks) && !others_come {
            return Ok(());
        }
        world.go_on(&tasks)?;
        if W::is_empty(&tasks) {
            world.settle()?;
        }
    }
}
