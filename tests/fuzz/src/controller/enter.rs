// SPDX-License-Identifier: GPL-2.0

//! Starts processes that become a tenant's by a rule, when they execute a program.

use std::fs;
use std::process::Command;

use super::timed::LIMIT;
use super::Controller;
use crate::control::Device;
use crate::sys::errno;
use crate::tenant::entry_group;
use crate::world::{Action, Counter, Tenant};

impl Controller {
    /// Starts a process that becomes one of the tenant in a slot, if that is defined.
    pub(super) fn enter(&mut self, slot: usize) {
        let Some(tenant) = self.bound(slot) else {
            return;
        };
        if !Device::is_defined(tenant) {
            return;
        }
        self.world.note_action(Action::Enter);
        self.put_rules(None);
        let _ = fs::create_dir(entry_group(tenant));
        let seed = self.rng.next().to_string();
        let program = Command::new("/proc/self/exe")
            .args(["enter", &tenant.to_string(), &seed])
            .spawn();
        // It is reaped as an orphan.
        drop(program.expect("a program"));
    }

    /// Puts rules in force for all defined tenants but one.
    pub(super) fn put_rules(&self, without: Option<Tenant>) {
        let Some(device) = &self.device else {
            return;
        };
        let running = self.slots.iter().flatten().filter(|running| {
            Device::is_defined(running.tenant)
                && running.association != 0
                && Some(running.tenant) != without
        });
        let rules: Vec<_> = running
            .map(|running| (entry_group(running.tenant), running.association))
            .collect();
        let set = self.in_time("set rules", LIMIT, || device.set_rules(&rules));
        // A flush ends associations before their tenants.
        if let Err(e) = set {
            if errno(&e) != libc::ENOENT {
                let facts = format_args!("rules are refused with error {}", errno(&e));
                self.world.violation(Counter::OtherViolations, 0, facts);
            }
        }
    }
}
