// SPDX-License-Identifier: GPL-2.0

//! Grants users sets, and watches what they make of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use addrconf_abi::{Target, DEVICE_PATH};

use super::timed::LIMIT;
use super::Controller;
use crate::message::grace;
use crate::sys::clock::now;
use crate::user::{covers, granted, USERS};
use crate::world::{Action, Counter};

impl Controller {
    /// Grants sets to users, and lets several processes of each act at the same time. Nobody has
    /// a grant afterwards.
    pub(super) fn users(&mut self) {
        let Some(device) = &self.device else {
            return;
        };
        self.world.note_action(Action::Grant);
        // As `addrctl grant` does. It is made anew with the module.
        let shared = fs::Permissions::from_mode(0o666);
        fs::set_permissions(DEVICE_PATH, shared).expect("chmod");
        let before = device.ids().unwrap_or_default();
        let ids: Vec<String> = before.iter().map(ToString::to_string).collect();
        let grants = USERS.map(|_| self.rng.below(16));
        for (uid, which) in USERS.into_iter().zip(grants) {
            let set = granted(uid, which);
            if !set.is_empty() {
                let done = self.in_time("grant", LIMIT, || device.grant(uid, &set));
                done.expect("a grant");
            }
        }
        let mut running: Vec<Child> = Vec::new();
        for (uid, which) in USERS.into_iter().zip(grants) {
            // In the self-test they believe that they have none.
            let believed = if self.unbound { 0 } else { which };
            for _ in 0..=self.rng.below(2) {
                let seed = self.rng.next();
                let words = [u64::from(uid), seed, believed as u64].map(|n| n.to_string());
                let mut program = Command::new("/proc/self/exe");
                program.arg("user").args(words).args(&ids);
                running.push(program.uid(uid).gid(uid).spawn().expect("a user"));
            }
        }
        let until = now() + 3 * grace(self.world);
        while now() < until
            && running
                .iter_mut()
                .any(|user| matches!(user.try_wait(), Ok(None)))
        {
            self.watch_users(grants, &before);
            std::thread::sleep(Duration::from_millis(20));
        }
        for user in &mut running {
            let _ = user.kill();
            let _ = user.wait();
        }
        for (uid, which) in USERS.into_iter().zip(grants) {
            if which != 0 {
                let done = self.in_time("grant", LIMIT, || device.grant(uid, &[]));
                done.expect("a grant that is taken back");
            }
        }
    }

    /// Each association that a user made has addresses of its grant and processes of the user
    /// alone. Those that were there `before` may be of an earlier grant: they last until the kernel
    /// has freed their tasks.
    fn watch_users(&self, grants: [usize; USERS.len()], before: &[u64]) {
        let Some(device) = &self.device else {
            return;
        };
        for id in device.ids().unwrap_or_default() {
            let Ok(found) = device.query(Target::Association(id)) else {
                continue;
            };
            let Some(uid) = found.granted_to else {
                continue;
            };
            let which = USERS.iter().position(|user| *user == uid);
            let grant = which.map_or(vec![], |nr| granted(uid, grants[nr]));
            let foreign = found.pids.iter().any(|pid| !is_of(*pid, uid));
            let is_beyond = !before.contains(&id) && !covers(&grant, &found.addrs);
            if is_beyond || foreign || found.exclusive {
                let facts = format_args!("user {uid} with the grant {grant:?} has {found:?}");
                self.world.violation(Counter::GrantViolations, 0, facts);
            }
        }
    }
}

/// Whether a process is a user's, or has exited.
fn is_of(pid: i32, uid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.is_none_or(|uids| uids.split_whitespace().all(|id| id == uid.to_string()))
}
