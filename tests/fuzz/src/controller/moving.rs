// SPDX-License-Identifier: GPL-2.0

//! Moves processes of a tenant between its association and another one with the same set, its twin.
//! So what they may do stays the same, apart from the loopback, of which each has its own.

use std::time::Duration;

use addrconf_abi::Target;

use super::timed::ASSIGN_LIMIT;
use super::{entries, Controller};
use crate::oracle::sockets::processes;
use crate::sys::errno;
use crate::world::{Action, Counter};

/// The errors of a move that processes cause: they exit, narrow themselves, hold a bypass or fork
/// too fast.
const CAUSED: [i32; 6] = [
    libc::ENOENT,
    libc::ESRCH,
    libc::EEXIST,
    libc::EBUSY,
    libc::EAGAIN,
    libc::ETIMEDOUT,
];

impl Controller {
    /// Moves some processes of the tenant in a slot to its twin and back. Some stay there.
    pub(super) fn move_some(&mut self, slot: usize) {
        let Some(tenant) = self.bound(slot) else {
            return;
        };
        self.world.note_action(Action::Move);
        self.make_twin(slot);
        let own = processes(tenant);
        let (Some(running), Some(device)) = (&self.slots[slot], &self.device) else {
            return;
        };
        let (Some(twin), false) = (running.twin, own.is_empty()) else {
            return;
        };
        for _ in 0..=self.rng.below(4) {
            let pid = own[self.rng.below(own.len())];
            let to = [twin, running.association][self.rng.below(2)];
            let tree = self.rng.percent(50);
            let moved = self.in_time("move", ASSIGN_LIMIT, || {
                device.move_to(Target::Pid(pid), to, tree)
            });
            match moved {
                Ok(()) => self.world.count(Counter::Moves),
                Err(e) if CAUSED.contains(&errno(&e)) => {}
                Err(e) => {
                    let facts = format_args!("moving process {pid} fails with error {}", errno(&e));
                    self.world
                        .violation(Counter::OtherViolations, tenant, facts);
                }
            }
            std::thread::sleep(Duration::from_millis(self.rng.below(30) as u64));
        }
    }

    /// Defines the twin of the tenant in a slot, unless it is there.
    fn make_twin(&mut self, slot: usize) {
        let (Some(running), Some(device)) = (&mut self.slots[slot], &self.device) else {
            return;
        };
        if running.association == 0 || running.twin.is_some() {
            return;
        }
        let set = entries(&self.world.entries_of(running.tenant));
        let name = format!("t{}-twin", running.tenant);
        match device.define(&name, &set, &running.terms) {
            Ok(id) => running.twin = Some(id),
            Err(e) => {
                let facts = format_args!("a twin is not defined: error {}", errno(&e));
                self.world
                    .violation(Counter::OtherViolations, running.tenant, facts);
            }
        }
    }
}
