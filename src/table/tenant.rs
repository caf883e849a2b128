// SPDX-License-Identifier: GPL-2.0

//! A tenant: an association that was made from outside, with its parts and theirs.
//! This is the state that they share. Context: any.

use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::barrier::smp_mb;

use super::control::Control;
use super::limits::{MAX_PARTS, MAX_RAW_SOCKETS};

/// What an association shares with its parts.
pub(super) struct Tenant {
    // All tasks that the association was made for are members.
    formed: Atomic<bool>,
    // The call that made it is over.
    settled: Atomic<bool>,
    // An update is in progress. Changed with the registry locked.
    updating: Atomic<bool>,
    parts: Atomic<usize>,
    // Number of tasks that members are making which were not searched yet.
    unborn: Atomic<usize>,
    // Its tasks are being searched.
    searching: Atomic<bool>,
    raw_sockets: Atomic<usize>,
    // It took in sockets that the stack's index has in places which it cannot tell.
    astray: Atomic<bool>,
    // A call puts processes into it.
    taking_in: Atomic<bool>,
    // The mark of that call once it takes the first in, and the last mark that was used.
    joining: Atomic<i8>,
    last_mark: Atomic<i8>,
    // Number of tasks with the mark of that call.
    newcomers: Atomic<usize>,
    // That call moves them from another association.
    moving: Atomic<bool>,
    // It puts them back.
    putting_back: Atomic<bool>,
    // Number of calls that move processes into it or out of it. Rises with the control lock held.
    moves: Atomic<usize>,
}

/// The mark of a call that puts processes into an association that is there: a number that
/// tells it from the calls shortly before and after.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(i8);

impl Mark {
    /// Of tasks that joined before, or that an association was made for.
    pub(super) const NONE: Self = Self(0);

    /// The mark with this number.
    pub(super) const fn numbered(number: i8) -> Self {
        Self(number)
    }

    /// Its number.
    pub(super) const fn number(self) -> i8 {
        self.0
    }
}

impl Tenant {
    /// A tenant without parts that is not formed yet. The call that makes it puts processes into it,
    /// until [`Self::end_taking_in`].
    pub(super) fn new() -> Self {
        Self {
            formed: Atomic::new(false),
            settled: Atomic::new(false),
            updating: Atomic::new(false),
            parts: Atomic::new(0),
            unborn: Atomic::new(0),
            searching: Atomic::new(false),
            raw_sockets: Atomic::new(0),
            astray: Atomic::new(false),
            taking_in: Atomic::new(true),
            joining: Atomic::new(0),
            last_mark: Atomic::new(0),
            newcomers: Atomic::new(0),
            moving: Atomic::new(false),
            putting_back: Atomic::new(false),
            moves: Atomic::new(0),
        }
    }

    /// Whether other calls may change it: all tasks that the association was made for
    /// are members.
    pub(super) fn is_formed(&self) -> bool {
        self.formed.load(ordering::Acquire)
    }

    /// Notes that all tasks that the association was made for are members.
    pub(super) fn set_formed(&self, _control: &mut Control) {
        self.formed.store(true, ordering::Release);
    }

    /// Whether the call that made it is over, and has succeeded.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(ordering::Relaxed)
    }

    /// Notes that the call that made it has succeeded.
    pub(super) fn set_settled(&self) {
        self.settled.store(true, ordering::Relaxed);
    }

    /// Whether an update is in progress. Stable with the registry locked.
    pub(super) fn is_updating(&self) -> bool {
        self.updating.load(ordering::Relaxed)
    }

    /// Notes whether an update is in progress. The caller holds the lock of the
    /// registry.
    pub(super) fn set_updating(&self, updating: bool) {
        self.updating.store(updating, ordering::Relaxed);
    }

    /// Counts one more part. `false` when there are [`MAX_PARTS`].
    pub(super) fn add_part(&self) -> bool {
        let mut count = self.parts.load(ordering::Relaxed);
        while count < MAX_PARTS {
            match self.parts.cmpxchg(count, count + 1, ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => count = now,
            }
        }
        false
    }

    /// Counts one part less.
    pub(super) fn remove_part(&self) {
        self.parts.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// Whether it has no part.
    pub(super) fn has_no_parts(&self) -> bool {
        self.parts.load(ordering::Relaxed) == 0
    }

    /// Counts a task that an unsearched member is making. A full barrier: either the
    /// caller sees afterwards that the member was searched meanwhile, or
    /// [`Self::has_unborn`] sees the task.
    pub(super) fn add_unborn(&self) {
        self.unborn.fetch_add(1_usize, ordering::Full);
    }

    /// Counts one of these less: it is on the list of tasks, or was not made.
    pub(super) fn remove_unborn(&self) {
        self.unborn.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// Whether unsearched members are making tasks. A member that was marked as
    /// searched before this call makes none that count.
    pub(super) fn has_unborn(&self) -> bool {
        // Pairs with `add_unborn`.
        smp_mb(ordering::Full);
        self.unborn.load(ordering::Relaxed) != 0
    }

    /// Whether its tasks are being searched.
    pub(super) fn is_searching(&self) -> bool {
        self.searching.load(ordering::Relaxed)
    }

    /// Notes whether its tasks are being searched. Unsearched members cannot fork
    /// before that is over.
    pub(super) fn set_searching(&self, searching: bool) {
        self.searching.store(searching, ordering::Relaxed);
    }

    /// Counts one more raw or ping socket. `false` when there are
    /// [`MAX_RAW_SOCKETS`].
    pub(super) fn add_raw_socket(&self) -> bool {
        let fits = self.raw_sockets.fetch_add(1_usize, ordering::Relaxed) < MAX_RAW_SOCKETS;
        if !fits {
            self.remove_raw_socket();
        }
        fits
    }

    /// Whether the stack's index may have sockets of it in places that cannot be told.
    pub(super) fn has_astray(&self) -> bool {
        self.astray.load(ordering::Relaxed)
    }

    /// Notes that the stack's index may have sockets of it in such places, for good.
    pub(super) fn note_astray(&self) {
        self.astray.store(true, ordering::Relaxed);
    }

    /// Lets one call at a time put processes into it, and returns the mark of this call, which
    /// it must take off those that have it from long ago. `None` while another does.
    pub(super) fn try_take_in(&self) -> Option<Mark> {
        if self.taking_in.xchg(true, ordering::Full) {
            return None;
        }
        let last = self.last_mark.load(ordering::Relaxed);
        let mark = last.checked_add(1).unwrap_or(1);
        self.last_mark.store(mark, ordering::Relaxed);
        Some(Mark(mark))
    }

    /// From now on tasks with this mark are joining. `moving`: from another association.
    pub(super) fn begin_joining(&self, mark: Mark, moving: bool) {
        self.newcomers.store(0, ordering::Relaxed);
        self.moving.store(moving, ordering::Relaxed);
        self.joining.store(mark.0, ordering::Relaxed);
    }

    /// No task is joining any more, and the next call may begin.
    pub(super) fn end_taking_in(&self) {
        // Release: who sees it sees that those that joined in vain have gone.
        self.joining.store(Mark::NONE.0, ordering::Release);
        self.putting_back.store(false, ordering::Relaxed);
        self.taking_in.store(false, ordering::Release);
    }

    /// Whether tasks with this mark are joining now.
    pub(super) fn is_joining(&self, mark: Mark) -> bool {
        mark != Mark::NONE && self.joining.load(ordering::Relaxed) == mark.0
    }

    /// Whether the call that puts tasks into it, if one does, moves them from another association.
    /// Acquire: what the caller reads afterwards is of this call or a later one.
    pub(super) fn is_moving(&self) -> bool {
        self.moving.load(ordering::Acquire)
    }

    /// Counts a call that moves processes into it or out of it.
    pub(super) fn add_move(&self, _control: &mut Control) {
        self.moves.fetch_add(1_usize, ordering::Relaxed);
    }

    /// Counts one of these less, which is over.
    pub(super) fn remove_move(&self) {
        self.moves.fetch_sub(1_usize, ordering::Release);
    }

    /// Whether such a call is in progress. None begins as long as the caller holds the control
    /// lock.
    pub(super) fn has_moves(&self, _control: &Control) -> bool {
        self.moves.load(ordering::Acquire) != 0
    }

    /// Whether tasks that were moved into it are being put back.
    pub(super) fn is_putting_back(&self) -> bool {
        self.putting_back.load(ordering::Relaxed)
    }

    /// Notes that tasks that were moved into it are being put back, until the call ends. They
    /// cannot fork before that.
    pub(super) fn set_putting_back(&self) {
        self.putting_back.store(true, ordering::Relaxed);
    }

    /// Counts a task with the mark of the call in progress.
    pub(super) fn add_newcomer(&self) {
        self.newcomers.add(1_usize, ordering::Relaxed);
    }

    /// Counts one of these less.
    pub(super) fn remove_newcomer(&self) {
        self.newcomers.fetch_sub(1_usize, ordering::Relaxed);
    }

    /// The number of tasks that are joining, those that are being made included.
    pub(super) fn newcomers(&self) -> usize {
        self.newcomers.load(ordering::Relaxed)
    }

    /// Counts one raw or ping socket less.
    pub(super) fn remove_raw_socket(&self) {
        self.raw_sockets.fetch_sub(1_usize, ordering::Relaxed);
    }
}
