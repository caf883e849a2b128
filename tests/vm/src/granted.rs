// SPDX-License-Identifier: GPL-2.0

//! Users with a grant, and calls in their name.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use addrconf_abi::{Target, Terms};

use crate::child::{stay, Channel, Child};
use crate::client::{entries, Assigned, Assignment, Device};
use crate::sys::user::become_user;

/// The user that has grants in tests.
pub const USER: u32 = 4321;

/// Another user.
pub const OTHER: u32 = 4322;

/// A grant, which is taken back when this is dropped.
pub struct Granted(u32);

impl Granted {
    /// Grants [`USER`] a set.
    pub fn new(set: &[&str]) -> Self {
        Self::to(USER, set)
    }

    /// Grants a user a set.
    pub fn to(uid: u32, set: &[&str]) -> Self {
        Device::open().grant(uid, &entries(set)).expect("grant");
        Self(uid)
    }
}

impl Drop for Granted {
    fn drop(&mut self) {
        let _ = Device::open().grant(self.0, &[]);
    }
}

/// Runs `f` in a child that is [`USER`] and has the device open, which must succeed.
pub fn as_user(f: impl FnOnce(&Device)) {
    child_of(USER, f).succeeded();
}

/// A child that is a user, has the device open, and runs `f`.
pub fn child_of(uid: u32, f: impl FnOnce(&Device)) -> Child {
    let device = Device::open();
    Child::spawn(|| {
        become_user(uid).expect("setuid");
        f(&device);
    })
}

/// A child that is a user, and sleeps.
pub fn idle_of(uid: u32) -> Child {
    let ready = Channel::new();
    let child = child_of(uid, |_| {
        ready.send("");
        stay();
    });
    ready.receive();
    child
}

/// Associates a process, whose memory the caller opens if it may.
pub fn assign_shown(device: &Device, pid: i32, set: &[&str]) -> io::Result<Assigned> {
    let memory = File::open(format!("/proc/{pid}/mem"));
    let proof = memory.as_ref().ok().map(AsRawFd::as_raw_fd);
    let shown = Assignment {
        proof,
        ..Assignment::on(Terms::DEFAULT)
    };
    device.assign_with(Target::Pid(pid), &entries(set), &shown)
}
