// SPDX-License-Identifier: GPL-2.0

//! The control device, as the controller calls it.

use std::fs::File;
use std::os::fd::AsRawFd;

use addrconf_abi::{
    AddrEntry, AssignFlags, AssignRequest, Change, Command, ListRequest, Name, QueryRequest,
    ReleaseRequest, SourceChoice, Target, UpdateRequest, Wire, DEVICE_PATH, MAX_STRUCT, SYSFS_PATH,
};

use crate::sys::process::ioctl;
use crate::sys::Result;

/// The open device.
pub struct Device(File);

/// What an association looks like.
pub struct Description {
    /// Its id.
    pub id: u64,
    /// Its set.
    pub set: Vec<AddrEntry>,
}

impl Device {
    /// Opens it.
    pub fn open() -> Result<Self> {
        let file = File::options().read(true).write(true).open(DEVICE_PATH);
        file.map(Self).map_err(|e| e.raw_os_error().unwrap_or(0))
    }

    fn call<T: Wire>(&self, command: Command, request: &T) -> Result<T> {
        let mut buffer = [0; MAX_STRUCT];
        let bytes = request.encode(&mut buffer);
        ioctl(self.0.as_raw_fd(), command.number(), bytes)?;
        T::decode(bytes).map_err(|_| libc::EBADMSG)
    }

    /// Any call with any bytes; the structure may not name memory.
    pub fn raw(&self, number: u32, bytes: &mut [u8]) -> Result<()> {
        ioctl(self.0.as_raw_fd(), number, bytes)
    }

    /// Associates a process and its descendants.
    pub fn assign(&self, pid: i32, set: &[AddrEntry], flags: AssignFlags, nr: u32) -> Result<u64> {
        let bytes = entry_bytes(set);
        let request = AssignRequest {
            target: Target::Pid(pid),
            addrs: bytes.as_ptr() as u64,
            addr_count: set.len() as u32,
            name: Name::new(&format!("t{nr}")).unwrap_or_default(),
            id: 0,
            flags,
            source: match nr % 3 {
                0 => SourceChoice::Route,
                1 => SourceChoice::Primary,
                _ => SourceChoice::Random,
            },
            loopback: [0; 4],
        };
        Ok(self.call(Command::Assign, &request)?.id)
    }

    /// Changes the set of an association.
    pub fn update(
        &self,
        target: Target,
        change: Change,
        set: &[AddrEntry],
        reset: bool,
    ) -> Result<u64> {
        let bytes = entry_bytes(set);
        let request = UpdateRequest {
            target,
            reset,
            addrs: bytes.as_ptr() as u64,
            addr_count: set.len() as u32,
            change,
            resets: 0,
        };
        Ok(self.call(Command::Update, &request)?.resets)
    }

    /// Ends an association, or a process's part in one.
    pub fn release(&self, target: Target) -> Result<u64> {
        let request = ReleaseRequest { target, tasks: 0 };
        Ok(self.call(Command::Release, &request)?.tasks)
    }

    /// Describes an association.
    pub fn query(&self, target: Target) -> Result<Description> {
        let mut addrs = vec![0_u8; 256 * AddrEntry::SIZE];
        let mut pids = vec![0_i32; 1024];
        let request = QueryRequest {
            target,
            addrs: addrs.as_mut_ptr() as u64,
            addr_room: 256,
            addr_count: 0,
            pids: pids.as_mut_ptr() as u64,
            pid_room: 1024,
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
        let reply = self.call(Command::Query, &request)?;
        let entries = addrs
            .chunks_exact(AddrEntry::SIZE)
            .take(reply.addr_count as usize);
        Ok(Description {
            id: reply.id,
            set: entries.filter_map(|e| AddrEntry::decode(e).ok()).collect(),
        })
    }

    /// The ids of all associations.
    pub fn ids(&self) -> Result<Vec<u64>> {
        let mut ids = vec![0_u64; 4096];
        let request = ListRequest {
            ids: ids.as_mut_ptr() as u64,
            room: 4096,
            ..ListRequest::default()
        };
        let reply = self.call(Command::List, &request)?;
        ids.truncate(reply.count as usize);
        Ok(ids)
    }
}

/// The bytes of a set as they cross the boundary.
pub fn entry_bytes(set: &[AddrEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in set {
        bytes.extend_from_slice(entry.encode(&mut [0; MAX_STRUCT]));
    }
    bytes
}

/// A number that the module tells in sysfs.
pub fn number_in(file: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("{}/{file}", SYSFS_PATH)).ok()?;
    text.trim().parse().ok()
}
