// SPDX-License-Identifier: GPL-2.0

//! Releases all associations, as `addrctl flush` does.

use std::fs;
use std::time::Duration;

use addrconf_abi::Target;

use super::timed::LIMIT;
use super::Controller;
use crate::control::{number_in, Device};
use crate::message::grace;
use crate::oracle::sockets::processes;
use crate::print::print;
use crate::sys::clock::now;
use crate::world::{Action, Counter, Tenant, SLOTS};

/// How many times all associations are released before the rest is a violation.
/// Narrowing makes new ones meanwhile.
const ROUNDS: usize = 20;

impl Controller {
    /// Releases all associations, and then ends all tenants.
    pub(super) fn flush(&mut self) {
        let Some(device) = &self.device else {
            return;
        };
        if self.unbound {
            return;
        }
        let world = self.world;
        world.note_action(Action::Release);
        world.set_free_until(u64::MAX);
        let tenants: Vec<Tenant> = self.slots.iter().flatten().map(|r| r.tenant).collect();
        tenants.iter().for_each(|&tenant| world.free(tenant));
        // Others would become members as fast as they are released.
        self.end_entering();
        // Refused unless no tenant has a socket.
        let _ = self.in_time("release", LIMIT, || device.release_unused(Target::All));
        for _ in 0..ROUNDS {
            for id in device.ids().unwrap_or_default() {
                let target = Target::Association(id);
                let _ = self.in_time("release", LIMIT, || device.release(target));
            }
            if associated(device, &tenants).is_empty() {
                break;
            }
        }
        let left = associated(device, &tenants);
        if !left.is_empty() {
            let facts =
                format_args!("processes are still associated after {ROUNDS} flushes: {left:?}");
            world.violation(Counter::LeftViolations, 0, facts);
        }
        self.await_the_last();
        world.count(Counter::Flushes);
        std::thread::sleep(Duration::from_millis(self.rng.below(300) as u64));
        for slot in 0..SLOTS {
            self.end(slot, true);
        }
    }

    /// Waits until the module counts no task. It also counts tasks that
    /// are on no list, so that no release finds them: children that are being made,
    /// whose entries are removed before they run, and tasks that have exited, until
    /// the kernel frees them. Both last until the task gets a processor.
    fn await_the_last(&self) {
        let began = now();
        let limit = 5 * grace(self.world);
        let mut left = number_in("tasks");
        while left != Some(0) && now() < began + limit {
            std::thread::sleep(Duration::from_millis(10));
            left = number_in("tasks");
        }
        if left == Some(0) {
            return;
        }
        let waited = limit / 1_000_000;
        let facts =
            format_args!("the module still counts tasks {waited} ms after a flush: {left:?}");
        self.world.violation(Counter::LeftViolations, 0, facts);
        for file in fs::read_dir("/sys/kernel/addrconf/by-id")
            .into_iter()
            .flatten()
            .flatten()
        {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            if !text.contains("tasks: 0\n") {
                print(&format!("note: {}", text.replace('\n', "; ")));
            }
        }
    }
}

/// The associated processes of these tenants, one line about each.
fn associated(device: &Device, tenants: &[Tenant]) -> Vec<String> {
    let all = tenants.iter().flat_map(|&tenant| processes(tenant));
    let asked = all.filter_map(|pid| Some((pid, device.query(Target::Pid(pid)).ok()?)));
    asked
        .map(|(pid, found)| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let stat: Vec<_> = stat.split_whitespace().take(4).collect();
            format!("{} in association {}", stat.join(" "), found.id)
        })
        .collect()
}
