// SPDX-License-Identifier: GPL-2.0

//! The entry of a task in the table: its membership.

/// An entry of `Members`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// The association.
    pub(crate) id: u8,
    /// How often the tasks of the association had been released. 0 for a part, which ends once.
    pub(crate) epoch: u8,
    /// Of the call that put the task into an association that was there, or [`NO_CALL`].
    pub(crate) call: u8,
    /// It has the mark of that call.
    pub(crate) is_marked: bool,
}

/// Stands for the call, and for its mark, where there was none.
pub(crate) const NO_CALL: u8 = 0;

impl Entry {
    /// One in an association, which no such call made.
    pub(crate) fn new(id: u8, epoch: u8) -> Self {
        Self {
            id,
            epoch,
            call: NO_CALL,
            is_marked: false,
        }
    }

    /// One with the mark of a call.
    pub(crate) fn marked(id: u8, epoch: u8, call: u8) -> Self {
        Self {
            id,
            epoch,
            call,
            is_marked: call != NO_CALL,
        }
    }

    /// Its mark.
    pub(crate) fn mark(self) -> u8 {
        match self.is_marked {
            true => self.call,
            false => NO_CALL,
        }
    }

    /// As a number that a program remembers.
    pub(crate) fn pack(self) -> u8 {
        assert!(self.id < 5 && self.epoch < 4 && self.call < 4, "{self:?}");
        self.id << 5 | self.epoch << 3 | self.call << 1 | u8::from(self.is_marked)
    }

    /// The entry that was packed as this number.
    pub(crate) fn unpack(number: u8) -> Self {
        Self {
            id: number >> 5,
            epoch: number >> 3 & 3,
            call: number >> 1 & 3,
            is_marked: number & 1 != 0,
        }
    }

    /// Whether both are the same entry, which may have lost its mark meanwhile.
    pub(crate) fn is(self, other: Self) -> bool {
        (self.id, self.epoch, self.call) == (other.id, other.epoch, other.call)
    }
}
