// SPDX-License-Identifier: GPL-2.0

//! What it costs to list many associations, each with a process, and to show one of them:
//! a whole run of addrctl, from its start to its end.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::thread::park;

use addrconf_abi::{AddrEntry, Target};
use addrconf_test_client::Device;
use addrconf_test_sys::child::Child;
use addrconf_test_sys::clock::now;

use crate::count::least;

const TIMES: u32 = 3;

/// Measures with each of these numbers of associations, in ascending order.
pub fn run(counts: &[u32]) {
    let device = Device::open().expect("the device");
    let mut processes = Vec::new();
    for &count in counts {
        for index in processes.len() as u32..count {
            processes.push(make(&device, index));
        }
        println!("{count}\tlist all\t{}", addrctl(&["list"]));
        println!(
            "{count}\tshow the first\t{}",
            addrctl(&["show", "--association", "1"])
        );
    }
}

/// Makes an association with an address in 10.1.0.0/16.
fn make(device: &Device, index: u32) -> Child {
    let child = Child::spawn(|| loop {
        park();
    });
    let set = [AddrEntry::host(Ipv4Addr::from(0x0a01_0001 + index).into())];
    device
        .assign(Target::Pid(child.pid()), &set, "")
        .expect("assign");
    child
}

fn addrctl(args: &[&str]) -> u64 {
    least(TIMES, || {
        let mut command = Command::new("addrctl");
        command.args(args).stdout(Stdio::null());
        let start = now();
        let status = command.status().expect("addrctl");
        let cost = now() - start;
        assert!(status.success(), "addrctl {args:?}: {status}");
        cost
    })
}
