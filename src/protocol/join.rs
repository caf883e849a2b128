// SPDX-License-Identifier: GPL-2.0

//! The end of a call that could not put processes into an association that is there. Their
//! memberships have the mark of the call, and so have those of children that they made
//! meanwhile: a child takes the mark over from its maker ([`super::inherit`]), or that of the next
//! call if the maker has that by then ([`super::catch_up`]). One call at a time puts processes
//! into a tenant, each with another mark. When a call succeeds, its mark means nothing any more.

/// The steps that take them out.
pub trait Expel {
    /// Why it stops.
    type Stop;

    /// Makes memberships with the mark not count, or count again, with a full barrier: a call
    /// that adds one sees this, or this sees the membership.
    fn refuse(&mut self, refuse: bool) -> Result<(), Self::Stop>;

    /// Removes every entry that does not count.
    fn remove_refused(&mut self) -> Result<(), Self::Stop>;

    /// As [`super::TakeIn::wait_for_clones`].
    fn wait_for_clones(&mut self) -> Result<(), Self::Stop>;
}

/// Takes out those that were joining, all at once. May sleep.
///
/// # Errors
///
/// Those of the steps.
pub fn expel<W: Expel>(world: &mut W) -> Result<(), W::Stop> {
    world.refuse(true)?;
    world.remove_refused()?;
    // A child that catches up at this moment checks its entry once it is in the table.
    world.wait_for_clones()?;
    world.refuse(false)
}
