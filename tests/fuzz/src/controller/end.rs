// SPDX-License-Identifier: GPL-2.0

//! Ends tenants: kills them, some after releasing them.

use std::time::Duration;
use std::{fs, slice};

use addrconf_abi::Target;

use super::timed::LIMIT;
use super::{Controller, Running};
use crate::message::grace;
use crate::oracle::sockets::processes;
use crate::print::print;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::process::reap;
use crate::sys::schedule::hurry;
use crate::tenant::{entry_group, group};
use crate::world::{Action, Counter, Tenant};

impl Controller {
    /// Ends the tenant in a slot. `released`: it has been released already.
    pub(super) fn end(&mut self, slot: usize, released: bool) {
        let Some(running) = self.slots[slot].take() else {
            return;
        };
        self.publish();
        let tenant = running.tenant;
        // Some are released while they still act. From then on they may do anything.
        if !released && !self.unbound && self.rng.percent(30) {
            if let Some(device) = &self.device {
                self.world.note_action(Action::Release);
                self.world.set_free_until(u64::MAX);
                self.world.free(tenant);
                let target = if self.rng.percent(50) {
                    Target::Association(running.association)
                } else {
                    Target::Pid(running.first.id() as i32)
                };
                let released = self.in_time("release", LIMIT, || device.release(target));
                if let Err(e) = released {
                    let errno = errno(&e);
                    print(&format!("note: releasing tenant {tenant}: error {errno}"));
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        if !self.unbound {
            self.put_rules(Some(tenant));
        }
        // Half of them are there without a task until then.
        if let Some(device) = &self.device {
            for id in [Some(running.association), running.twin]
                .into_iter()
                .flatten()
            {
                let _ = self.in_time("undefine", LIMIT, || device.undefine(id));
            }
        }
        self.world.note_action(Action::Kill);
        let entries = self.world.entries_of(tenant);
        entries.iter().for_each(|&i| self.world.unsettle(i));
        self.kill(tenant);
        reap_all(slice::from_mut(&mut Some(running)));
        for group in [group(tenant), entry_group(tenant)] {
            let _ = fs::remove_dir(group);
        }
        entries.iter().for_each(|&i| self.world.lose(i));
        let any_free = self
            .slots
            .iter()
            .flatten()
            .any(|r| !self.world.is_bound(r.tenant));
        if self.world.free_until() == u64::MAX && !any_free {
            self.world.set_free_until(now() + 2 * grace(self.world));
        }
    }

    /// Kills all processes of a tenant, and reports those that do not end.
    fn kill(&self, tenant: Tenant) {
        let (started, second) = (now(), 1_000_000_000);
        let mut noted = started;
        loop {
            fs::write(group(tenant) + "/cgroup.kill", "1").expect("killing a control group");
            // Those that are about to enter, if any did.
            let _ = fs::write(entry_group(tenant) + "/cgroup.kill", "1");
            // A killed thread at SCHED_IDLE gets no processor to exit with.
            let threads = fs::read_to_string(group(tenant) + "/cgroup.threads");
            let threads = threads.unwrap_or_default();
            threads.lines().flat_map(str::parse::<i32>).for_each(hurry);
            std::thread::sleep(Duration::from_millis(20));
            reap();
            let left = processes(tenant);
            if left.is_empty() {
                return;
            }
            if now() > noted + 10 * second {
                noted = now();
                for pid in &left {
                    let read =
                        |f| fs::read_to_string(format!("/proc/{pid}/{f}")).unwrap_or_default();
                    let state = read("status").lines().nth(2).unwrap_or_default().to_owned();
                    let stack = read("stack").replace('\n', " ");
                    print(&format!(
                        "note: process {pid} of tenant {tenant} was killed and has not ended: \
                         {state}, in the kernel at: {stack}"
                    ));
                }
            }
            if now() > started + 60 * self.world.pace() * second {
                let facts = format_args!("processes do not end after SIGKILL: {left:?}");
                self.world
                    .violation(Counter::OtherViolations, tenant, facts);
                return;
            }
        }
    }
}

/// Reaps the tenants' first processes, which are children of this one, and orphans.
pub(super) fn reap_all(slots: &mut [Option<Running>]) {
    for running in slots.iter_mut().flatten() {
        let _ = running.first.try_wait();
    }
    reap();
}
