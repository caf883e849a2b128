// SPDX-License-Identifier: GPL-2.0

//! A process has a bypass. It forks and exits, and so does its child, and so on.
//! A search through one process after the other finds that the holders are gone,
//! and does not see their children.

use std::fs::File;
use std::os::fd::AsFd;

use addrconf_abi::Target;
use libc::{EAGAIN, EBUSY};

use super::packet_socket_opened_before::ear;
use crate::addr::ONE;
use crate::child::{descend, eventually, Channel, Child};
use crate::client::{entries, Assignment, Device};
use crate::registry::{behaviour, Test};
use crate::sys::memory::Mapped;
use crate::sys::process::{adopt_orphans, wait};

/// At how many places the ancestor has a file mapped, so that it takes long to
/// look through.
const PLACES: usize = 20_000;
const PAGE: usize = 4096;

pub fn tests() -> Vec<Test> {
    vec![behaviour(
        "a_packet_socket_handed_on_from_child_to_child_is_found",
        || {
            for _ in 0..3 {
                look_for_it();
            }
        },
    )]
}

fn look_for_it() {
    let (ready, enough) = (Channel::new(), Channel::new());
    let root = Child::spawn(|| {
        adopt_orphans().expect("prctl");
        // Exits as soon as it has its first child.
        let with_an_ear = || {
            let _ear = ear();
            descend(&ready, &enough, |_| ());
        };
        Child::spawn(with_an_ear).succeeded();
        let program = File::open("/proc/self/exe").expect("open");
        let places = (0..PLACES).map(|_| Mapped::of(program.as_fd(), PAGE).expect("mmap"));
        let places: Vec<_> = places.collect();
        ready.send("");
        while wait(-1, false).is_ok() {}
        drop(places);
    });
    ready.receive();
    ready.receive();
    let device = Device::open();
    let terms = Assignment::TREE;
    let assigned = device.assign_with(Target::Pid(root.pid()), &entries(ONE), &terms);
    enough.send("");
    let errno = assigned
        .expect_err("the packet socket was not found")
        .raw_os_error();
    // EAGAIN: `assign` did not even find all processes in time.
    assert!([Some(EBUSY), Some(EAGAIN)].contains(&errno), "{errno:?}");
    eventually("the association is gone", || device.ids().is_empty());
    root.succeeded();
}
