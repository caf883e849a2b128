// SPDX-License-Identifier: GPL-2.0

//! The present and former owners of each entry of the pool. Cells of an entry: a
//! count, then intervals (tenant, from, until, in the module since, first given by
//! the module at, whether its connections were reset when it lost the entry).

use super::{Tenant, World, AT_OWNERS, FIELDS, INTERVALS};
use crate::pool;
use crate::sys::clock::now;

impl World {
    fn interval(&self, index: usize, nr: usize) -> usize {
        AT_OWNERS + index * (1 + INTERVALS * FIELDS) + 1 + nr % INTERVALS * FIELDS
    }

    fn changes(&self, index: usize) -> usize {
        self.get(AT_OWNERS + index * (1 + INTERVALS * FIELDS)) as usize
    }

    /// A tenant gets an entry without an owner. Called before the module is asked.
    pub fn acquire(&self, index: usize, tenant: Tenant) {
        let nr = self.changes(index);
        let at = self.interval(index, nr);
        self.set(at, 0);
        self.set(at + 1, now());
        self.set(at + 2, u64::MAX);
        self.set(at + 3, u64::MAX);
        self.set(at + 4, u64::MAX);
        self.set(at + 5, 0);
        self.set(at, tenant.into());
        self.set(AT_OWNERS + index * (1 + INTERVALS * FIELDS), nr as u64 + 1);
    }

    /// The module has put the change in place. Called after its call returned.
    pub fn settle(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            let at = self.interval(index, nr);
            self.set(at + 3, now());
            if self.get(at + 4) == u64::MAX {
                self.set(at + 4, now());
            }
        }
    }

    /// The connections of the owner there were reset. Called before
    /// [`lose`](Self::lose).
    pub fn note_reset(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 5, 1);
        }
    }

    /// The module may take the entry away. Called before the module is asked.
    pub fn unsettle(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 3, u64::MAX);
        }
    }

    /// Notes that the entry no longer has an owner. Called after the module's call returned.
    pub fn lose(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 2, now());
        }
    }

    /// The present owner of an entry; 0 for none.
    pub fn owner(&self, index: usize) -> Tenant {
        let Some(nr) = self.changes(index).checked_sub(1) else {
            return 0;
        };
        let at = self.interval(index, nr);
        if self.get(at + 2) == u64::MAX {
            self.get(at) as Tenant
        } else {
            0
        }
    }

    /// Whether a tenant had an entry at any time between `from` and `until`.
    pub fn had(&self, index: usize, tenant: Tenant, from: u64, until: u64) -> bool {
        let changes = self.changes(index);
        let known = changes.min(INTERVALS);
        (changes - known..changes).any(|nr| {
            let at = self.interval(index, nr);
            self.get(at) == u64::from(tenant)
                && self.get(at + 1) <= until
                && self.get(at + 2) >= from
        }) || (changes > INTERVALS
            && from < self.get(self.interval(index, changes - INTERVALS) + 1))
    }

    /// Whether a tenant may receive on a connection at an entry what was sent at `time`:
    /// it had the entry then, or it had lost it without a reset, and no other tenant had
    /// been given it since. A change may take `change` nanoseconds.
    pub fn may_be_connected(&self, index: usize, tenant: Tenant, time: u64, change: u64) -> bool {
        let changes = self.changes(index);
        let mut anothers = false;
        for nr in (changes.saturating_sub(INTERVALS)..changes).rev() {
            let at = self.interval(index, nr);
            let over = |which: usize| self.get(at + which).saturating_add(change) < time;
            if self.get(at) != u64::from(tenant) {
                anothers |= over(4);
            } else if self.get(at + 1) <= time {
                return !over(2) || self.get(at + 5) == 0 && !anothers;
            }
        }
        // What was overwritten counts as yes.
        changes > INTERVALS
    }

    /// Whether a tenant has ever had an entry.
    pub fn ever_had(&self, index: usize, tenant: Tenant) -> bool {
        // Not from 0: what was overwritten before the tenant's start counts as yes.
        self.had(index, tenant, self.start_of(tenant), u64::MAX)
    }

    /// Whether a tenant has had an entry in the module for this long.
    pub fn has_for(&self, index: usize, tenant: Tenant, nanoseconds: u64) -> bool {
        let Some(nr) = self.changes(index).checked_sub(1) else {
            return false;
        };
        let since = self.get(self.interval(index, nr) + 3);
        self.owner(index) == tenant && since.saturating_add(nanoseconds) < now()
    }

    /// The last four owners of an entry, for a report, with times in milliseconds.
    pub fn history(&self, index: usize) -> String {
        let changes = self.changes(index);
        let lines = (changes.saturating_sub(4)..changes).map(|nr| {
            let at = self.interval(index, nr);
            let [since, given, until] = [1, 4, 2].map(|which| match self.get(at + which) {
                u64::MAX => "never".to_owned(),
                time => (time / 1_000_000).to_string(),
            });
            let reset = if self.get(at + 5) != 0 {
                " with reset"
            } else {
                ""
            };
            format!(
                "tenant {} from {since} (in the module from {given}) to {until}{reset}",
                self.get(at)
            )
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    /// The entries that a tenant has now.
    pub fn entries_of(&self, tenant: Tenant) -> Vec<usize> {
        (0..pool::SIZE)
            .filter(|&i| self.owner(i) == tenant)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a change may take, in nanoseconds.
    const CHANGE: u64 = 1_000_000_000;

    /// A time after all changes so far have taken effect.
    fn later() -> u64 {
        now() + 2 * CHANGE
    }

    /// A world in which tenant 1 had entry 0 and lost it.
    fn lost(reset: bool) -> World {
        let world = World::private();
        world.acquire(0, 1);
        world.settle(0);
        assert!(world.may_be_connected(0, 1, later(), CHANGE));
        if reset {
            world.note_reset(0);
        }
        world.lose(0);
        world
    }

    #[test]
    fn connections_end_with_a_reset() {
        let world = lost(true);
        assert!(world.may_be_connected(0, 1, now(), CHANGE));
        assert!(!world.may_be_connected(0, 1, later(), CHANGE));
    }

    #[test]
    fn without_a_reset_they_last_until_another_has_the_address() {
        let world = lost(false);
        world.acquire(0, 2);
        assert!(world.may_be_connected(0, 1, later(), CHANGE));
        world.settle(0);
        assert!(world.may_be_connected(0, 1, now(), CHANGE));
        assert!(!world.may_be_connected(0, 1, later(), CHANGE));
        assert!(world.may_be_connected(0, 2, later(), CHANGE));
        world.lose(0);
        assert!(!world.may_be_connected(0, 1, later(), CHANGE));
    }

    #[test]
    fn a_stranger_is_never_connected() {
        assert!(!World::private().may_be_connected(0, 1, later(), CHANGE));
        assert!(!lost(false).may_be_connected(0, 3, later(), CHANGE));
    }
}
