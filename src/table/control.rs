// SPDX-License-Identifier: GPL-2.0

//! What calls from outside change one at a time. The guard of its lock is what they
//! show for it: sets are put in place, and tenants formed, with it only.

/// What is known of addresses that left sets. Guarded by the control lock.
pub(super) struct Control {
    // Associations that have lost addresses on which they may have connections.
    formers: usize,
    // Connections were left where they should have ended, as they were locked.
    any_left: bool,
}

impl Control {
    /// No association has lost an address.
    pub(super) const fn new() -> Self {
        Self {
            formers: 0,
            any_left: false,
        }
    }

    /// Notes that an association which had lost addresses, or not, now has, or not.
    pub(super) fn count_former(&mut self, had: bool, has: bool) {
        self.formers -= usize::from(had);
        self.formers += usize::from(has);
    }

    /// Remembers that connections are left which their owners keep locked: they are
    /// shown, and looked for whenever an address comes to another association.
    pub(super) fn note_left(&mut self) {
        self.any_left = true;
    }

    /// Whether connections were left that should have ended.
    pub(super) fn any_left(&self) -> bool {
        self.any_left
    }

    /// Whether any association may have connections on addresses that left its set.
    pub(super) fn any_former(&self) -> bool {
        self.any_left || self.formers != 0
    }
}
