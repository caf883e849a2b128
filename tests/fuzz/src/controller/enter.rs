// SPDX-License-Identifier: GPL-2.0

//! Starts processes that become a tenant's by a rule, when they execute a program.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::timed::LIMIT;
use super::Controller;
use crate::control::Device;
use crate::message::grace;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::process::reap;
use crate::tenant::entry_group;
use crate::world::{Action, Counter, Tenant};

impl Controller {
    /// Starts processes that become the tenant's in a slot, if that is defined.
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
        // Several enter at once.
        for _ in 0..=self.rng.below(4) {
            let seed = self.rng.next().to_string();
            let program = Command::new("/proc/self/exe")
                .args(["enter", &tenant.to_string(), &seed])
                .spawn();
            // It is reaped as an orphan.
            drop(program.expect("a program"));
        }
    }

    /// Ends the rules, and the processes that are about to enter.
    pub(super) fn end_entering(&self) {
        if let Some(device) = &self.device {
            let set = self.in_time("set rules", LIMIT, || device.set_rules(&[]));
            set.expect("no rules");
        }
        for running in self.slots.iter().flatten() {
            let group = entry_group(running.tenant);
            let began = now();
            while fs::read_to_string(group.clone() + "/cgroup.procs")
                .is_ok_and(|all| !all.is_empty())
            {
                let _ = fs::write(group.clone() + "/cgroup.kill", "1");
                std::thread::sleep(Duration::from_millis(20));
                reap();
                if now() > began + 5 * grace(self.world) {
                    let facts = format_args!("processes that enter do not end after SIGKILL");
                    self.world
                        .violation(Counter::OtherViolations, running.tenant, facts);
                    break;
                }
            }
        }
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
