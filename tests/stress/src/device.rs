// SPDX-License-Identifier: GPL-2.0

//! The control device, and the module itself coming and going.

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::Path;

use addrconf_abi::{
    AddrEntry, AssignFlags, AssignRequest, Command, Family, ListRequest, Name, QueryRequest,
    ReleaseRequest, SourceChoice, Target, Wire, DEVICE_PATH, MAX_STRUCT, SYSFS_PATH,
};

use crate::sys;
use crate::wait::eventually;

/// Where the virtual machine has the module.
const MODULE: &str = "/lib/addrconf/addrconf.ko";

/// The open control device.
pub struct Device(File);

impl Device {
    /// Opens it.
    pub fn open() -> Self {
        let file = File::options().read(true).write(true).open(DEVICE_PATH);
        Self(file.unwrap_or_else(|e| panic!("{DEVICE_PATH}: {e}")))
    }

    fn call<T: Wire>(&self, command: Command, request: &T) -> io::Result<T> {
        let mut buffer = [0; MAX_STRUCT];
        let bytes = request.encode(&mut buffer);
        sys::ioctl(self.0.as_fd(), command.number(), bytes)?;
        Ok(T::decode(bytes).unwrap_or_else(|e| panic!("{command:?} answered nonsense: {e:?}")))
    }

    /// Makes an association with one address for a process; its id.
    pub fn assign(&self, pid: i32, address: Ipv4Addr) -> io::Result<u64> {
        let mut buffer = [0; MAX_STRUCT];
        let entry = entry(address).encode(&mut buffer);
        let request = AssignRequest {
            target: Target::Pid(pid),
            addrs: entry.as_ptr() as u64,
            addr_count: 1,
            name: Name::default(),
            id: 0,
            flags: AssignFlags::NONE,
            source: SourceChoice::Route,
            loopback: [0; 4],
        };
        self.call(Command::Assign, &request).map(|answer| answer.id)
    }

    /// Releases; how many tasks that were.
    pub fn release(&self, target: Target) -> io::Result<u64> {
        let request = ReleaseRequest { target, tasks: 0 };
        self.call(Command::Release, &request)
            .map(|answer| answer.tasks)
    }

    /// Describes an association, with up to 4,096 of its processes.
    pub fn query(&self, target: Target) -> io::Result<(QueryRequest, Vec<i32>)> {
        let mut pids = vec![0_i32; 4096];
        let request = QueryRequest {
            target,
            addrs: 0,
            addr_room: 0,
            addr_count: 0,
            pids: pids.as_mut_ptr() as u64,
            pid_room: pids.len() as u32,
            pid_count: 0,
            id: 0,
            tasks: 0,
            name: Name::default(),
            exclusive: false,
            source: SourceChoice::Route,
            loopback: [0; 4],
            sockets: 0,
            flags: AssignFlags::NONE,
        };
        let answer = self.call(Command::Query, &request)?;
        pids.truncate(answer.pid_count as usize);
        Ok((answer, pids))
    }

    /// The ids of all associations.
    pub fn ids(&self) -> Vec<u64> {
        let mut all: Vec<u64> = Vec::new();
        loop {
            let mut ids = vec![0_u64; 4096];
            let request = ListRequest {
                after: all.last().copied().unwrap_or(0),
                ids: ids.as_mut_ptr() as u64,
                room: ids.len() as u32,
                ..ListRequest::default()
            };
            let answer = self.call(Command::List, &request).expect("list");
            all.extend(&ids[..answer.count as usize]);
            if !answer.more {
                return all;
            }
        }
    }
}

/// One address, as it goes to the kernel.
pub fn entry(address: Ipv4Addr) -> AddrEntry {
    let mut addr = [0; 16];
    addr[..4].copy_from_slice(&address.octets());
    AddrEntry {
        family: Family::V4,
        prefix_len: 32,
        addr,
    }
}

/// What a file in sysfs says.
pub fn fact(name: &str) -> u64 {
    let path = format!("{SYSFS_PATH}/{name}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.trim().parse().expect("a number")
}

/// Waits until nothing is associated; whatever ends does so after a moment.
pub fn wait_until_empty() {
    eventually("an empty table", || {
        fact("tasks") == 0 && fact("associations") == 0
    });
    assert!(Device::open().ids().is_empty());
    let listed = fs::read_dir(format!("{SYSFS_PATH}/by-id")).expect("by-id");
    assert_eq!(listed.count(), 0, "files of associations");
}

/// Unloads the module, waiting for those who are about to leave it.
pub fn unload() {
    eventually("the module's end", || {
        // Orphans of a tenant that was killed are ours, and tasks until then.
        while let Ok(Some(_)) = sys::wait(-1, true) {}
        sys::delete_module("addrconf").is_ok()
    });
    assert!(!Path::new(DEVICE_PATH).exists());
}

/// Loads the module.
pub fn load() {
    let file = File::open(MODULE).unwrap_or_else(|e| panic!("{MODULE}: {e}"));
    sys::load_module(file.as_fd()).expect("loading");
}
