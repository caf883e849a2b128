// SPDX-License-Identifier: GPL-2.0

//! The tenants, and whether rules apply to them.

use super::{Tenant, World, AT_PIDS, AT_TENANTS, PIDS, TENANTS};
use crate::sys::clock::now;

/// Cells of a tenant: number, stage, whether its addresses are exclusive, whether it
/// was released, when it started, since when rules apply to it, whether it may have
/// raw sockets.
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

    /// When a tenant started; long ago if its cells were overwritten.
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

    /// The stage of its start. 0: not running yet; 1: running, and waiting to be
    /// associated; 3: at work.
    pub fn stage(&self, tenant: Tenant) -> u64 {
        self.get(self.tenant_cell(tenant, 1))
    }

    /// Sets the stage.
    pub fn set_stage(&self, tenant: Tenant, stage: u64) {
        self.set(self.tenant_cell(tenant, 1), stage);
    }

    /// Whether a tenant's addresses are exclusive.
    pub fn is_exclusive(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 2)) != 0
    }

    /// Whether a tenant may have raw sockets.
    pub fn may_have_raw(&self, tenant: Tenant) -> bool {
        self.get(self.tenant_cell(tenant, 6)) != 0
    }

    /// From now on the rules apply to a tenant.
    pub fn bind(&self, tenant: Tenant) {
        self.set(self.tenant_cell(tenant, 5), now());
    }

    /// Whether rules apply to what a tenant sent at this time. What was in flight or in
    /// its sockets before it was associated is not checked.
    pub fn applies(&self, tenant: Tenant, time: u64) -> bool {
        let since = self.get(self.tenant_cell(tenant, 5));
        self.is_bound(tenant) && since != u64::MAX && since <= time
    }

    /// What is known of a tenant, for a report.
    pub fn about(&self, tenant: Tenant) -> String {
        let [started, bound] = [4, 5].map(|which| self.get(self.tenant_cell(tenant, which)));
        format!(
            "the tenant started at {started} ns, rules apply to it since {bound} ns, it has \
             entries {:?}, may have raw sockets: {}",
            self.entries_of(tenant),
            self.may_have_raw(tenant)
        )
    }

    /// From now on nothing is forbidden to a tenant.
    pub fn free(&self, tenant: Tenant) {
        self.set(self.tenant_cell(tenant, 3), 1);
    }

    /// Whether a tenant's record is still here and it has not been released.
    pub fn is_bound(&self, tenant: Tenant) -> bool {
        tenant != 0 && self.is_known(tenant) && self.get(self.tenant_cell(tenant, 3)) == 0
    }

    /// Notes a process of a tenant, which others may then attack.
    pub fn note_pid(&self, pid: u32) {
        self.set(AT_PIDS + pid as usize % PIDS, pid.into());
    }

    /// A noted process, or 0.
    pub fn noted_pid(&self, nr: usize) -> i32 {
        self.get(AT_PIDS + nr % PIDS) as i32
    }
}
