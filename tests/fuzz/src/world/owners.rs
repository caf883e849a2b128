// SPDX-License-Identifier: GPL-2.0

//! Who has which entry of the pool, and who had it: of each entry a count, then
//! intervals (tenant, from, until, known to the module since, given to it by the
//! module at, connections reset when it lost it).

use super::{Tenant, World, AT_OWNERS, FIELDS, INTERVALS};
use crate::pool;
use crate::sys::process::now;

impl World {
    fn interval(&self, index: usize, nr: usize) -> usize {
        AT_OWNERS + index * (1 + INTERVALS * FIELDS) + 1 + nr % INTERVALS * FIELDS
    }

    fn changes(&self, index: usize) -> usize {
        self.get(AT_OWNERS + index * (1 + INTERVALS * FIELDS)) as usize
    }

    /// A tenant gets an entry that is nobody's. To be called before.
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

    /// The module knows of it, too, which can take it long.
    pub fn settle(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            let at = self.interval(index, nr);
            self.set(at + 3, now());
            if self.get(at + 4) == u64::MAX {
                self.set(at + 4, now());
            }
        }
    }

    /// Its connections there were reset. To be called before it loses it.
    pub fn note_reset(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 5, 1);
        }
    }

    /// The module may not know of it any more. To be called before.
    pub fn unsettle(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 3, u64::MAX);
        }
    }

    /// It is nobody's again. To be called after.
    pub fn lose(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 2, now());
        }
    }

    /// Who has an entry now; 0 for nobody.
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

    /// Whether a tenant had an entry at any time between two.
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

    /// Whether a tenant may receive on a connection at an entry what was sent at this
    /// time: it had the entry then, or lost it without a reset, and nobody else has
    /// been given it since. A change takes this many nanoseconds at most.
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
        // Of long ago nothing is known.
        changes > INTERVALS
    }

    /// Whether it ever had it.
    pub fn ever_had(&self, index: usize, tenant: Tenant) -> bool {
        // Not since ever: of long ago nothing is known, which counts as yes.
        self.had(index, tenant, self.start_of(tenant), u64::MAX)
    }

    /// Whether a tenant has had an entry for this long, and the module knew.
    pub fn has_for(&self, index: usize, tenant: Tenant, nanoseconds: u64) -> bool {
        let Some(nr) = self.changes(index).checked_sub(1) else {
            return false;
        };
        let since = self.get(self.interval(index, nr) + 3);
        self.owner(index) == tenant && since.saturating_add(nanoseconds) < now()
    }

    /// The last owners of an entry, for a report: since when, given by the module at,
    /// and until when, in milliseconds.
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
                "{} since {since}, {given} until {until}{reset}",
                self.get(at)
            )
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    /// The entries a tenant has now.
    pub fn entries_of(&self, tenant: Tenant) -> Vec<usize> {
        (0..pool::SIZE)
            .filter(|&i| self.owner(i) == tenant)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a change may take, in nanoseconds, and a time after all changes and that.
    const CHANGE: u64 = 1_000_000_000;

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
