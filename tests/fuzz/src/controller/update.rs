// SPDX-License-Identifier: GPL-2.0

//! Changes the sets of tenants. Another tenant may get at once what one loses.

use std::io::{self, Result};

use addrconf_abi::{Change, Target};

use super::timed::LIMIT;
use super::{entries, Controller};
use crate::print::print;
use crate::sys::errno;
use crate::world::{Action, Counter, Tenant, SLOTS};

impl Controller {
    /// Adds to, or removes from, the set of the tenant in a slot.
    pub(super) fn update(&mut self, slot: usize) {
        let Some(tenant) = self.bound(slot) else {
            return;
        };
        self.world.note_action(Action::Update);
        let own = self.world.entries_of(tenant);
        if self.rng.percent(40) || own.len() < 3 {
            let most = 1 + self.rng.below(3);
            let new = self.free(most);
            self.give(slot, &new);
            return;
        }
        let lost = self.take(slot, &own);
        // The next owner comes while the last one's connections are still open.
        if self.rng.percent(60) {
            let other = self.rng.below(SLOTS);
            if other != slot {
                self.give(other, &lost);
            }
        }
    }

    /// The tenant in a slot, if rules apply to it.
    pub(super) fn bound(&self, slot: usize) -> Option<Tenant> {
        let tenant = self.slots[slot].as_ref()?.tenant;
        self.world.is_bound(tenant).then_some(tenant)
    }

    /// Makes a change, with the association named by id or by a process.
    fn change(&mut self, slot: usize, change: Change, set: &[usize], reset: bool) -> Result<u64> {
        let by_id = self.rng.percent(80);
        let (Some(running), Some(device)) = (&self.slots[slot], &self.device) else {
            return Err(io::Error::from_raw_os_error(libc::ENODEV));
        };
        // A process may be in the twin.
        let target = if by_id || running.twin.is_some() {
            Target::Association(running.association)
        } else {
            Target::Pid(running.first.id() as i32)
        };
        let name = match change {
            Change::Add => "add",
            Change::Remove => "remove",
            _ => "replace",
        };
        let set = entries(set);
        let mut result = self.in_time(name, LIMIT, || device.update(target, change, &set, reset));
        if let (Ok(ended), Some(twin)) = (&result, running.twin) {
            let twin = Target::Association(twin);
            let done = self.in_time(name, LIMIT, || device.update(twin, change, &set, reset));
            result = done.map(|too| ended + too);
        }
        self.world.count(Counter::Updates);
        if let Err(e) = &result {
            let (tenant, errno) = (running.tenant, errno(e));
            print(&format!("note: {name} for tenant {tenant}: error {errno}"));
        }
        result
    }

    /// Gives entries without an owner to the tenant in a slot.
    fn give(&mut self, slot: usize, new: &[usize]) {
        let Some(tenant) = self.bound(slot) else {
            return;
        };
        if new.is_empty() {
            return;
        }
        let world = self.world;
        new.iter().for_each(|&i| world.acquire(i, tenant));
        match self.change(slot, Change::Add, new, false) {
            Ok(_) => new.iter().for_each(|&i| world.settle(i)),
            Err(_) => new.iter().for_each(|&i| world.lose(i)),
        }
    }

    /// Takes some of its entries from the tenant in a slot. Returns those.
    fn take(&mut self, slot: usize, own: &[usize]) -> Vec<usize> {
        let world = self.world;
        let reset = self.rng.percent(60);
        let keep = 1 + self.rng.below(own.len() - 1);
        let start = self.rng.below(own.len());
        let turned: Vec<usize> = (0..own.len())
            .map(|i| own[(start + i) % own.len()])
            .collect();
        let (stay, go) = turned.split_at(keep);
        go.iter().for_each(|&i| world.unsettle(i));
        let result = if self.rng.percent(50) {
            self.change(slot, Change::Remove, go, reset)
        } else {
            self.change(slot, Change::Replace, stay, reset)
        };
        if result.is_err() {
            go.iter().for_each(|&i| world.settle(i));
            return Vec::new();
        }
        for &i in go {
            if reset {
                world.note_reset(i);
            }
            world.lose(i);
        }
        go.to_vec()
    }
}
