// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside.
//!
//! The steps, in this order, each with what it needs of those before:
//!
//! 1. *Take in*: every thread that is meant becomes a member. From here on their new
//!    sockets are the association's, their children are members, and every call is
//!    checked.
//! 2. *Search*: no member may hold a bypass, such as a packet socket or another's
//!    memory. None can acquire one now, except in a call that it entered before step 1.
//! 3. *Publish*: connections of former owners of the addresses end, and the association is
//!    listed, unless the caller has become a member of another association. Until now no
//!    other call finds it.
//! 4. *Adopt*: the sockets that members hold become the association's, where they are
//!    bound to nothing else.
//! 5. *Recall*: calls that members entered before step 1 are interrupted and restarted,
//!    except those that receive no data or wait on sockets of the association, and the
//!    caller's own.
//! 6. *Search again*: for what such a call made, and what was handed on meanwhile. A member
//!    that was searched is marked, and so are its children, so the search ends.
//! 7. *Abort*: connections bound elsewhere end, if that was asked for.
//!
//! When a step fails the association ends. After step 1, 2 or 3 nothing else has changed,
//! except that connections of former owners may have ended, and that sockets which
//! members made or first used meanwhile keep the scope. After step 5 or 6 all adopted
//! sockets keep it, as after a release.

/// The steps of `assign`.
pub trait Assign {
    /// Why it stops.
    type Stop;

    /// Step 1.
    fn take_in(&mut self) -> Result<(), Self::Stop>;

    /// Step 2.
    fn look_through(&mut self) -> Result<(), Self::Stop>;

    /// Step 3.
    fn publish(&mut self) -> Result<(), Self::Stop>;

    /// Step 4. Members cannot use a socket that is not adopted, so a failure here needs no
    /// error. Only the end of a step of the model stops it.
    fn adopt(&mut self) -> Result<(), Self::Stop>;

    /// Step 5.
    fn recall(&mut self) -> Result<(), Self::Stop>;

    /// Step 6: [`super::search`].
    fn search(&mut self) -> Result<(), Self::Stop>;

    /// Step 7.
    fn abort(&mut self) -> Result<(), Self::Stop>;

    /// Drops the call's own reference to the association. Only the end of a step of the
    /// model stops it.
    fn drop_first(&mut self) -> Result<(), Self::Stop>;

    /// Ends the association: [`super::release_association`].
    fn end(&mut self) -> Result<(), Self::Stop>;
}

/// Carries out the steps; ends the association when one fails. May sleep.
///
/// # Errors
///
/// Those of the steps.
pub fn assign<W: Assign>(world: &mut W) -> Result<(), W::Stop> {
    let done = carry_out(world);
    world.drop_first()?;
    if done.is_err() {
        world.end()?;
    }
    done
}

fn carry_out<W: Assign>(world: &mut W) -> Result<(), W::Stop> {
    world.take_in()?;
    world.look_through()?;
    world.publish()?;
    world.adopt()?;
    world.recall()?;
    world.search()?;
    world.abort()
}
