// SPDX-License-Identifier: GPL-2.0

//! Who has which entry of the pool, and who had it: of each entry a count, then
//! intervals (tenant, from, until, known to the module since).

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
        self.set(at, tenant.into());
        self.set(AT_OWNERS + index * (1 + INTERVALS * FIELDS), nr as u64 + 1);
    }

    /// The module knows of it, too, which can take it long.
    pub fn settle(&self, index: usize) {
        if let Some(nr) = self.changes(index).checked_sub(1) {
            self.set(self.interval(index, nr) + 3, now());
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

    /// The entries a tenant has now.
    pub fn entries_of(&self, tenant: Tenant) -> Vec<usize> {
        (0..pool::SIZE)
            .filter(|&i| self.owner(i) == tenant)
            .collect()
    }
}
