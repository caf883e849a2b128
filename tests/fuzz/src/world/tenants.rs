// SPDX-License-Identifier: GPL-2.0

//! Tenants: which there are, and what applies to them.

use super::{Tenant, World, AT_PIDS, AT_TENANTS, PIDS, TENANTS};
use crate::sys::process::now;

/// Of each: number, stage, exclusive, whether it was released, when it started,
/// when it was associated, whether it may have raw sockets.
pub(super) const CELLS: usize = 7;

impl World {
    fn tenant_cell(&self, tenant: Tenant, which: usize) -> usize {
        AT_TENANTS + tenant as usize % TENANTS * CELLS + which
    }

    /// Enters a tenant.
    pub fn enter_tenant(&self, tenant: Tenant, exclusive: bool, raw: bool) {
        self.set(self.tenant_cell(tenant, 1), 0);
        self.set(self.tenant_cell(tenant, 2), exclusive.into());
        self.set(self.tenant_cell(tenant, 3), 0);
        self.set(self.tenant_cell(tenant, 4), now());
        self.set(self.tenant_cell(tenant, 5), u64::MAX);
        self.set(self.tenant_cell(tenant, 6), raw.into());
        self.set(self.tenant_cell(tenant, 0), tenant.into());
    }

    /// When a tenant started; long ago if that is forgotten.
    pub(super) fn start_of(&self, tenant: Tenant) -> u64 {
        if self.is_known(tenant) {
            self.get(self.tenant_cell(tenant, 4))
        } else {
            1
        }
    }

    fn is_known(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 0)) == u64::from(tenant)
    }

    /// How far its start is: 1 it runs, 2 it is associated, 3 it is at work.
    pub fn stage(&self, tenant: Tenant) -> u64 {
        self.get(self.tenant_cell(tenant, 1))
    }

    /// Sets that.
    pub fn set_stage(&self, tenant: Tenant, stage: u64) {
        self.set(self.tenant_cell(tenant, 1), stage);
    }

    /// Whether its addresses are exclusive.
    pub fn is_exclusive(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 2)) != 0
    }

    /// Whether it may have raw sockets.
    pub fn may_have_raw(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 6)) != 0
    }

    /// From now on the rules apply to a tenant.
    pub fn bind(&self, tenant: Tenant) {
        self.set(self.tenant_cell(tenant, 5), now());
    }

    /// Whether there are rules for what a tenant sent at this time. What was on
    /// its way before, or in its sockets, is not checked.
    pub fn applies(&self, tenant: Tenant, time: u64) -> bool {
        let since = self.get(self.tenant_cell(tenant, 5));
        self.is_bound(tenant) && since != u64::MAX && since <= time
    }

    /// What is known of a tenant, for a report.
    pub fn about(&self, tenant: Tenant) -> String {
        let [started, bound] = [4, 5].map(|which| self.get(self.tenant_cell(tenant, which)));
        format!(
            "the tenant started at {started}, has rules since {bound}, has entries {:?}, raw {}",
            self.entries_of(tenant),
            self.may_have_raw(tenant)
        )
    }

    /// From now on nothing is forbidden to a tenant.
    pub fn free(&self, tenant: Tenant) {
        self.set(self.tenant_cell(tenant, 3), 1);
    }

    /// Whether there are rules for a tenant that can be checked.
    pub fn is_bound(&self, tenant: Tenant) -> bool {
        tenant != 0 && self.is_known(tenant) && self.get(self.tenant_cell(tenant, 3)) == 0
    }

    /// Notes a process of a tenant, for others to bother.
    pub fn note_pid(&self, pid: u32) {
        self.set(AT_PIDS + pid as usize % PIDS, pid.into());
    }

    /// Such a process, or 0.
    pub fn noted_pid(&self, nr: usize) -> i32 {
        self.get(AT_PIDS + nr % PIDS) as i32
    }
}
