// SPDX-License-Identifier: GPL-2.0

//! A child becomes a member of its maker's association.
//!
//! `copy_process()` asks twice: before the child is on any list (`security_task_alloc`,
//! [`inherit`]), where memory may be waited for, and with `tasklist_lock` held, right
//! before the child becomes visible (`security_task_publish`, [`catch_up`]). A call
//! that changes the maker in between does not see the child; the second hook sees
//! that change. A call that changes the maker afterwards sees the child on the list
//! once it has waited for `tasklist_lock`.

/// The steps of one fork: the running task makes a child.
pub trait Fork {
    /// An association, and the mark of the call that is putting a task into it, if one is: see
    /// [`super::expel`].
    type Association;
    /// The child's membership, before it is in the table.
    type Membership;
    /// Why the fork fails.
    type Stop;

    /// Returns the maker's association, unless it has ended.
    fn of_maker(&mut self) -> Result<Option<Self::Association>, Self::Stop>;

    /// Returns the child's association, unless it has ended.
    fn of_child(&mut self) -> Result<Option<Self::Association>, Self::Stop>;

    /// Returns whether two associations are the same one.
    fn are_same(one: &Self::Association, other: &Self::Association) -> bool;

    /// Removes the child's entry from the table, if it has one.
    fn forget_child(&mut self) -> Result<(), Self::Stop>;

    /// Makes a membership for the child in its maker's association, with what
    /// [`hand_on`] gives it. `None` when the maker is not a member, or the association
    /// has ended.
    fn join(&mut self) -> Result<Option<Self::Membership>, Self::Stop>;

    /// Puts the child's membership into the table. Returns the association. Fails when no
    /// memory is left.
    fn insert(&mut self, membership: Self::Membership) -> Result<Self::Association, Self::Stop>;

    /// Returns, after a full barrier, whether the association has ended: the call that
    /// ends it sees the entry made before this, or this sees the end.
    fn has_ended(&mut self, association: &Self::Association) -> Result<bool, Self::Stop>;

    /// Notes that the child is on the list of tasks, or will be once
    /// `tasklist_lock` is released.
    fn set_born(&mut self) -> Result<(), Self::Stop>;
}

/// Makes a child that is on no list yet a member of its maker's association. May
/// sleep, for memory.
///
/// # Errors
///
/// As [`Fork::insert`]: then the fork must fail.
pub fn inherit<F: Fork>(fork: &mut F) -> Result<(), F::Stop> {
    follow_maker(fork)
}

/// Repeats [`inherit`] where a call has changed the maker since. The caller holds
/// `tasklist_lock` for writing. Never sleeps.
///
/// # Errors
///
/// As [`inherit`].
pub fn catch_up<F: Fork>(fork: &mut F) -> Result<(), F::Stop> {
    let Some(association) = fork.of_maker()? else {
        return fork.forget_child();
    };
    let done = match fork.of_child()? {
        Some(present) if F::are_same(&present, &association) => Ok(()),
        // The entry, if any, is of an association that has ended or that the maker
        // has left. The child is on no list, so no other call makes an entry for it.
        _ => fork.forget_child().and_then(|()| follow_maker(fork)),
    };
    fork.set_born()?;
    done
}

fn follow_maker<F: Fork>(fork: &mut F) -> Result<(), F::Stop> {
    let Some(membership) = fork.join()? else {
        return Ok(());
    };
    let association = fork.insert(membership)?;
    if fork.has_ended(&association)? {
        fork.forget_child()?;
    }
    Ok(())
}

/// What a child takes over of its maker's search: see [`super::search`].
pub trait HandOn {
    /// Why it stops.
    type Stop;

    /// Returns whether the maker was searched.
    fn is_searched(&mut self) -> Result<bool, Self::Stop>;

    /// Counts the child among those that are being made, with a full barrier: either
    /// the next [`Self::is_searched`] sees that the maker was searched, or the search sees
    /// the count.
    fn count_child(&mut self) -> Result<(), Self::Stop>;

    /// Marks the child as searched, and no longer counts it.
    fn mark_child(&mut self) -> Result<(), Self::Stop>;
}

/// Counts a child whose maker was not searched, and marks one whose maker was. Any
/// context.
pub fn hand_on<H: HandOn>(child: &mut H) -> Result<(), H::Stop> {
    if !child.is_searched()? {
        child.count_child()?;
    }
    if child.is_searched()? {
        child.mark_child()?;
    }
    Ok(())
}
