// SPDX-License-Identifier: GPL-2.0

//! The state that the control lock guards. A `&mut Control` proves that its caller
//! holds the lock: functions that put sets in place or form a tenant take one.

/// What is known about addresses that left sets. Guarded by the control lock.
pub(super) struct Control {
    // Number of associations with former addresses, on which they may have
    // connections.
    formers: usize,
    // Connections that should have ended were left, as their owners kept them locked.
    any_left: bool,
}

impl Control {
    /// No association has former addresses.
    pub(super) const fn new() -> Self {
        Self {
            formers: 0,
            any_left: false,
        }
    }

    /// Counts an association whose former addresses change: `had` and `has` say
    /// whether it had any before, and has any now.
    pub(super) fn count_former(&mut self, had: bool, has: bool) {
        self.formers -= usize::from(had);
        self.formers += usize::from(has);
    }

    /// Remembers that connections were left because their owners keep them locked.
    /// From now on they are shown, and looked for whenever an address comes to
    /// another association.
    pub(super) fn note_left(&mut self) {
        self.any_left = true;
    }

    /// Whether connections that should have ended were left.
    pub(super) fn any_left(&self) -> bool {
        self.any_left
    }

    /// Whether any association may have connections on addresses that left its set.
    pub(super) fn any_former(&self) -> bool {
        self.any_left || self.formers != 0
    }
}
