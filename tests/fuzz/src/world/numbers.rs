// SPDX-License-Identifier: GPL-2.0

//! The numbers, and the violations.

use std::fmt;
use std::sync::atomic::Ordering;

use super::{Tenant, World, AT_COUNTERS, AT_ERRORS, ERRORS};
use crate::sys::process::{now, print};

/// Numbers that are printed.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Counter {
    /// Operations of tenants.
    Operations,
    /// Those that failed.
    Refusals,
    /// Messages that a tenant received and checked.
    Messages,
    /// Those of them that were probes.
    Probes,
    /// Probes sent.
    ProbesSent,
    /// Packets of tenants that were checked.
    Packets,
    /// Sockets of tenants that were checked.
    Sockets,
    /// Processes whose membership was checked.
    Members,
    /// Updates of sets.
    Updates,
    /// All associations released at once.
    Flushes,
    /// Raw sockets that tenants got.
    RawSockets,
    /// Tenants started.
    Tenants,
    /// Processes made by tenants.
    Forks,
    /// Violations.
    Violations,
    /// Violations by packets.
    PacketViolations,
    /// Violations by messages received.
    MessageViolations,
    /// Violations by sockets.
    SocketViolations,
    /// Violations by processes that are not associated.
    MemberViolations,
    /// By processes that have what is not theirs.
    SetViolations,
    /// By what is left.
    LeftViolations,
    /// By a module that cannot be unloaded and loaded again.
    ReloadViolations,
    /// Other violations.
    OtherViolations,
    /// By what connections brought to those whose address it was no more.
    StreamViolations,
    /// By services of the host that stopped answering.
    ServiceViolations,
    /// By control calls that took long.
    SlowViolations,
    /// Secrets sent on connections.
    Secrets,
    /// Those that tenants received.
    SecretsRead,
    /// Answers of the host's services.
    Answers,
    /// Narrowings among many threads without priority.
    Crowds,
    /// The longest control call, in milliseconds.
    Longest,
}

impl World {
    /// Adds to a number.
    pub fn count(&self, counter: Counter) {
        self.0[AT_COUNTERS + counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Notes what may be the most so far.
    pub fn count_most(&self, counter: Counter, number: u64) {
        self.0[AT_COUNTERS + counter as usize].fetch_max(number, Ordering::Relaxed);
    }

    /// A number.
    pub fn counted(&self, counter: Counter) -> u64 {
        self.get(AT_COUNTERS + counter as usize)
    }

    /// Counts an error.
    pub fn count_error(&self, errno: i32) {
        self.count(Counter::Refusals);
        let at = (errno.max(0) as usize).min(ERRORS - 1);
        self.0[AT_ERRORS + at].fetch_add(1, Ordering::Relaxed);
    }

    /// The errors and how often there were.
    pub fn errors(&self) -> Vec<(usize, u64)> {
        let counts = (0..ERRORS).map(|e| (e, self.get(AT_ERRORS + e)));
        counts.filter(|&(_, n)| n > 0).collect()
    }

    /// Reports what must not be.
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
