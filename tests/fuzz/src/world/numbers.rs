// SPDX-License-Identifier: GPL-2.0

//! The counters, and the reports of violations.

use std::fmt;
use std::sync::atomic::Ordering;

use super::{Tenant, World, AT_COUNTERS, AT_ERRORS, ERRORS};
use crate::print::print;
use crate::sys::clock::now;

/// The counters. All are printed.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Counter {
    /// Operations of tenants.
    Operations,
    /// Operations that failed.
    Refusals,
    /// Messages that tenants received and checked.
    Messages,
    /// Probes among those.
    Probes,
    /// Probes sent.
    ProbesSent,
    /// Packets of tenants that were checked.
    Packets,
    /// Sockets of tenants that were checked.
    Sockets,
    /// Processes whose membership was checked.
    Members,
    /// Events that the module told.
    Events,
    /// Questions that the module answered.
    Questions,
    /// Updates of sets.
    Updates,
    /// Processes that became a tenant's by a rule.
    Entered,
    /// Moves of processes from one association to another.
    Moves,
    /// Flushes: all associations released at once.
    Flushes,
    /// Raw sockets that tenants got.
    RawSockets,
    /// Tenants started.
    Tenants,
    /// Processes made by tenants.
    Forks,
    /// All violations.
    Violations,
    /// Packets with a source that is not the sender's.
    PacketViolations,
    /// Messages received by others than their destination's owner.
    MessageViolations,
    /// Sockets bound to addresses that are not the tenant's.
    SocketViolations,
    /// Processes of tenants that are not associated.
    MemberViolations,
    /// Processes whose association has addresses that are not the tenant's.
    SetViolations,
    /// Associations or tasks that are left.
    LeftViolations,
    /// Failures to unload the module and load it again.
    ReloadViolations,
    /// Other violations.
    OtherViolations,
    /// Secrets read on connections by tenants that no longer owned the address.
    StreamViolations,
    /// Services of the host that stopped answering.
    ServiceViolations,
    /// Control calls that took too long.
    SlowViolations,
    /// Secrets sent on connections.
    Secrets,
    /// Secrets that tenants read.
    SecretsRead,
    /// Answers of the host's services.
    Answers,
    /// Narrowings among many threads without priority.
    Crowds,
    /// Ports on which a tenant got very many sockets.
    CrowdedPorts,
    /// Messages that a parent heard on the loopback that its child kept.
    KeptLoopbacks,
    /// Calls of users that succeeded within their grants.
    Granted,
    /// Those that no grant permits.
    GrantViolations,
    /// The longest control call, in milliseconds.
    Longest,
}

impl World {
    /// Adds one to a counter.
    pub fn count(&self, counter: Counter) {
        self.0[AT_COUNTERS + counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Raises a counter to `number` if that is more.
    pub fn count_most(&self, counter: Counter, number: u64) {
        self.0[AT_COUNTERS + counter as usize].fetch_max(number, Ordering::Relaxed);
    }

    /// The value of a counter.
    pub fn counted(&self, counter: Counter) -> u64 {
        self.get(AT_COUNTERS + counter as usize)
    }

    /// Counts an operation that failed with this errno.
    pub fn count_error(&self, errno: i32) {
        self.count(Counter::Refusals);
        let at = (errno.max(0) as usize).min(ERRORS - 1);
        self.0[AT_ERRORS + at].fetch_add(1, Ordering::Relaxed);
    }

    /// Each errno that occurred, with its count.
    pub fn errors(&self) -> Vec<(usize, u64)> {
        let counts = (0..ERRORS).map(|e| (e, self.get(AT_ERRORS + e)));
        counts.filter(|&(_, n)| n > 0).collect()
    }

    /// Counts a violation, and prints the first 200.
    pub fn violation(&self, kind: Counter, tenant: Tenant, facts: fmt::Arguments<'_>) {
        self.count(kind);
        self.count(Counter::Violations);
        if self.counted(Counter::Violations) <= 200 {
            let (seed, time) = (self.seed(), now() / 1_000_000);
            print(&format!(
                "VIOLATION seed {seed} at {time} ms, tenant {tenant}: {facts}"
            ));
        }
    }
}
