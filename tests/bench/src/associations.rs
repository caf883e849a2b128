// SPDX-License-Identifier: GPL-2.0

//! What it costs to make, change, list and end many associations, each with a process that
//! only sleeps.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::{AddrEntry, Change, Target};
use addrconf_test_client::Device;
use addrconf_test_sys::clock::now;

use crate::count::{least, Work};
use crate::group::{allow_many, apart, sleepers};

/// How many times addrctl runs. Beyond `FEW` associations a single run says enough.
const TIMES: u32 = 3;
const FEW: u32 = 1_000;

/// Measures with each of these numbers of associations.
pub fn run(counts: &[u32]) {
    allow_many();
    let work = Work::watch();
    for &count in counts {
        apart(|| with(count, &work));
    }
}

/// A host address of 11.0.0.0/8, or of 12.0.0.0/8, to which nothing is sent.
fn address(net: u8, index: u32) -> AddrEntry {
    AddrEntry::host(Ipv4Addr::from((u32::from(net) << 24) + index).into())
}

fn with(count: u32, work: &Work) {
    let device = Device::open().expect("the device");
    let processes = sleepers(count);
    let numbered = || (0..).zip(&processes);
    let print = |name: &str, cost: u64| println!("{count}\t{name}\t{cost}");
    let each = |name: &str, cost: u64| print(name, cost / u64::from(count));

    let mut ids = Vec::new();
    let cost = work.instructions(|| {
        for (index, pid) in numbered() {
            let made = device.assign(Target::Pid(*pid), &[address(11, index)], "");
            ids.push(made.expect("assign"));
        }
    });
    each("create one", cost);
    let cost = work.instructions(|| {
        for (index, pid) in numbered() {
            let set = [address(12, index)];
            let changed = device.update(Target::Pid(*pid), Change::Add, &set, false);
            changed.expect("update");
        }
    });
    each("add an address to one", cost);
    let cost = work.instructions(|| assert_eq!(device.ids().expect("list").len(), ids.len()));
    each("list, the id of one", cost);
    let times = if count > FEW { 1 } else { TIMES };
    let list = addrctl(times, &["list"]);
    print("addrctl list, all", list);
    each("addrctl list, one", list);
    let first = ids[0].to_string();
    print(
        "addrctl show",
        addrctl(times, &["show", "--association", &first]),
    );
    let cost = work.instructions(|| {
        device.release(Target::All).expect("flush");
        // They end a moment later.
        while !device.list(0, 1).expect("list").0.is_empty() {
            sleep(Duration::from_millis(10));
        }
    });
    each("end one", cost);
}

/// A whole run of addrctl, from its start to its end. Nothing waits meanwhile, so the clock
/// counts it.
fn addrctl(times: u32, args: &[&str]) -> u64 {
    least(times, || {
        let mut command = Command::new("addrctl");
        command.args(args).stdout(Stdio::null());
        let start = now();
        let status = command.status().expect("addrctl");
        let cost = now() - start;
        assert!(status.success(), "addrctl {args:?}: {status}");
        cost
    })
}
