// SPDX-License-Identifier: GPL-2.0

//! The control device, with sets in the text of tests.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

use addrconf_abi::{
    AddrEntry, Change, Command, LeftoverEntry, Obstacle, QueryRequest, Target, Wire, DEVICE_PATH,
    LSM_ATTR_CURRENT, MAX_STRUCT,
};
pub use addrconf_test_client::sys::set_self;
pub use addrconf_test_client::{
    entry_bytes, narrow_bytes, narrow_bytes_with, Assigned, Assignment, Description,
};

use crate::addr::ip;
use crate::sys;

/// The open control device.
pub struct Device(addrconf_test_client::Device);

impl Device {
    /// Opens the device.
    pub fn open() -> Self {
        Self::try_open().unwrap_or_else(|e| panic!("{DEVICE_PATH}: {e}"))
    }

    /// Opens the device, which may be missing.
    pub fn try_open() -> io::Result<Self> {
        addrconf_test_client::Device::open().map(Self)
    }

    /// Changes the set of an association; returns the number of connections
    /// reset.
    pub fn update(
        &self,
        target: Target,
        change: Change,
        set: &[&str],
        reset: bool,
    ) -> io::Result<u64> {
        self.0.update(target, change, &entries(set), reset)
    }

    /// The addresses that left an association's set, with the number of leftovers on
    /// each.
    pub fn leftovers(&self, target: Target) -> io::Result<Vec<(AddrEntry, u64)>> {
        let mut room = vec![0_u8; 64 * LeftoverEntry::SIZE];
        let reply = self.ask(&QueryRequest {
            leftovers: room.as_mut_ptr() as u64,
            leftover_room: 64,
            ..QueryRequest::about(target)
        })?;
        let found = room
            .chunks_exact(LeftoverEntry::SIZE)
            .take(reply.leftover_count as usize)
            .map(|bytes| LeftoverEntry::decode(bytes).expect("a leftover"));
        Ok(found.map(|l| (l.addr, l.connections)).collect())
    }

    fn ask(&self, request: &QueryRequest) -> io::Result<QueryRequest> {
        let mut buffer = [0; MAX_STRUCT];
        let bytes = request.encode(&mut buffer);
        self.call_bytes(Command::Query.number(), bytes)?;
        Ok(QueryRequest::decode(bytes).expect("an answer"))
    }

    /// The ids of all associations.
    pub fn ids(&self) -> Vec<u64> {
        self.0.ids().expect("list")
    }
}

impl Deref for Device {
    type Target = addrconf_test_client::Device;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<File> for Device {
    fn from(file: File) -> Self {
        Self(file.into())
    }
}

/// Parses a set in the text of a test: addresses and prefixes.
pub fn entries(set: &[&str]) -> Vec<AddrEntry> {
    set.iter().map(|text| entry(text)).collect()
}

/// Whether a set in the text of a test contains an address.
pub fn contains(set: &[&str], addr: std::net::IpAddr) -> bool {
    let wanted = AddrEntry::host(addr);
    entries(set).iter().any(|entry| entry.covers(&wanted))
}

fn entry(text: &str) -> AddrEntry {
    match text.split_once('/') {
        None => AddrEntry::host(ip(text)),
        Some((addr, len)) => AddrEntry {
            addr: ip(addr),
            prefix_len: len.parse().expect("a prefix length in a test"),
        },
    }
}

/// This process, as the target of a call.
pub fn this_process() -> Target {
    Target::Pid(std::process::id() as i32)
}

/// The errno of a call, 0 if it succeeded.
pub fn errno<T>(result: std::io::Result<T>) -> i32 {
    result.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |_| 0)
}

/// Associates this process with a set; returns the association's id.
pub fn associate(set: &[&str]) -> u64 {
    associate_process(std::process::id() as i32, set)
}

/// Associates a process with a set; returns the association's id.
pub fn associate_process(pid: i32, set: &[&str]) -> u64 {
    associate_with(pid, set, &Assignment::DEFAULT).id
}

/// Associates a process with a set, with all arguments of `assign`.
pub fn associate_with(pid: i32, set: &[&str], terms: &Assignment) -> Assigned {
    let pidfd = sys::process::pidfd_open(pid).expect("pidfd_open");
    let target = Target::PidFd(pidfd.as_raw_fd());
    Device::open()
        .assign_with(target, &entries(set), terms)
        .unwrap_or_else(|e| panic!("assigning {set:?} to process {pid} failed: {e}"))
}

/// The obstacle that keeps a process from being associated.
pub fn in_the_way(pid: i32, assignment: &Assignment) -> Obstacle {
    let set = entries(&["10.0.0.1"]);
    let found = Device::open()
        .0
        .obstacle(Target::Pid(pid), &set, assignment);
    let found = found.unwrap_or_else(|e| {
        panic!("assigning to process {pid} should fail with EBUSY, but: {e}");
    });
    found.expect("assign failed with EBUSY and named no obstacle")
}

/// Narrows the set of this process to one in the text of a test.
pub fn narrow(set: &[&str], name: &str) -> io::Result<()> {
    narrow_to(&entries(set), name)
}

/// Narrows the set of this process to these entries.
pub fn narrow_to(set: &[AddrEntry], name: &str) -> io::Result<()> {
    set_self(LSM_ATTR_CURRENT, &narrow_bytes(set, name))
}

/// Narrows the set of this process to one in the text of a test, and keeps its loopback.
pub fn narrow_keeping(set: &[&str], name: &str) -> io::Result<()> {
    set_self(
        LSM_ATTR_CURRENT,
        &narrow_bytes_with(&entries(set), name, true),
    )
}
