// SPDX-License-Identifier: GPL-2.0

//! The control device, called as a program would call it, for the tests that
//! run in the virtual machine. Not addrctl's client, so that one checks the
//! other.

pub mod sys;

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;

use addrconf_abi::{
    AddrEntry, AssignFlags, AssignRequest, Change, Command, ListRequest, Name, NarrowHeader,
    QueryRequest, ReleaseRequest, SourceChoice, Target, UpdateRequest, VersionReply, Wire,
    DEVICE_PATH, MAX_ADDRS, MAX_STRUCT,
};

/// The open control device.
pub struct Device(File);

/// How an association is to behave, besides its set. The default is what a
/// caller of the first version of the interface gets.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Its name.
    pub name: &'a str,
    /// Flags.
    pub flags: AssignFlags,
    /// Which member a socket without an address sends from.
    pub source: SourceChoice,
    /// Dedicated loopback address; unspecified for one that is free.
    pub loopback: Ipv4Addr,
}

impl Terms<'_> {
    /// The default.
    pub const DEFAULT: Self = Self {
        name: "",
        flags: AssignFlags::NONE,
        source: SourceChoice::Route,
        loopback: Ipv4Addr::UNSPECIFIED,
    };

    /// The default, with these flags.
    pub const fn flags(flags: AssignFlags) -> Self {
        let mut terms = Self::DEFAULT;
        terms.flags = flags;
        terms
    }
}

/// What `assign` answers.
#[derive(Clone, Copy, Debug)]
pub struct Assigned {
    /// Id of the association.
    pub id: u64,
    /// Its dedicated loopback address.
    pub loopback: Ipv4Addr,
}

/// What `query` answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// Id of the association.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its set.
    pub addrs: Vec<AddrEntry>,
    /// Its processes.
    pub pids: Vec<i32>,
    /// How many tasks it has.
    pub tasks: u64,
    /// How many sockets it has.
    pub sockets: u64,
    /// Whether its addresses are exclusive.
    pub exclusive: bool,
    /// Its choice of source.
    pub source: SourceChoice,
    /// Its dedicated loopback address.
    pub loopback: Ipv4Addr,
}

impl Device {
    /// Opens it.
    pub fn open() -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(DEVICE_PATH);
        file.map(Self)
    }

    /// Hands over a structure; returns what came back.
    fn call<T: Wire>(&self, command: Command, request: &T) -> io::Result<T> {
        let mut buffer = [0; MAX_STRUCT];
        let bytes = request.encode(&mut buffer);
        self.call_bytes(command.number(), bytes)?;
        Ok(T::decode(bytes).unwrap_or_else(|e| panic!("{command:?} answered nonsense: {e:?}")))
    }

    /// Calls any ioctl with any bytes.
    pub fn call_bytes(&self, number: u32, bytes: &mut [u8]) -> io::Result<()> {
        sys::ioctl(self.0.as_fd(), number, bytes)
    }

    /// Calls any ioctl with an address where there is no memory.
    pub fn call_nowhere(&self, number: u32, address: u64) -> io::Result<()> {
        sys::ioctl_nowhere(self.0.as_fd(), number, address)
    }

    /// Associates a process with the entries of a set.
    pub fn assign(&self, target: Target, set: &[AddrEntry], name: &str) -> io::Result<u64> {
        let terms = Terms {
            name,
            ..Terms::DEFAULT
        };
        Ok(self.assign_with(target, set, &terms)?.id)
    }

    /// The same, with all there is to say about it.
    pub fn assign_with(
        &self,
        target: Target,
        set: &[AddrEntry],
        terms: &Terms<'_>,
    ) -> io::Result<Assigned> {
        let bytes = entry_bytes(set);
        let request = AssignRequest {
            target,
            addrs: bytes.as_ptr() as u64,
            addr_count: set.len() as u32,
            name: Name::new(terms.name).expect("a name in a test is well-formed"),
            id: 0,
            flags: terms.flags,
            source: terms.source,
            loopback: terms.loopback.octets(),
        };
        let reply = self.call(Command::Assign, &request)?;
        Ok(Assigned {
            id: reply.id,
            loopback: reply.loopback.into(),
        })
    }

    /// Changes the set of an association; returns the number of connections
    /// reset.
    pub fn update(
        &self,
        target: Target,
        change: Change,
        set: &[AddrEntry],
        reset: bool,
    ) -> io::Result<u64> {
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

    /// Ends an association, or a process's part in one; returns the number of
    /// tasks released.
    pub fn release(&self, target: Target) -> io::Result<u64> {
        let request = ReleaseRequest { target, tasks: 0 };
        Ok(self.call(Command::Release, &request)?.tasks)
    }

    /// Describes an association, with up to 4,096 of its processes.
    pub fn query(&self, target: Target) -> io::Result<Description> {
        let mut addrs = vec![0_u8; MAX_ADDRS as usize * AddrEntry::SIZE];
        let mut pids = vec![0_i32; 4096];
        let reply = self.query_into(target, &mut addrs, &mut pids)?;
        let found = reply.addr_count as usize;
        pids.truncate(reply.pid_count as usize);
        Ok(Description {
            id: reply.id,
            name: reply.name.as_str().to_owned(),
            addrs: addrs
                .chunks_exact(AddrEntry::SIZE)
                .take(found)
                .map(|bytes| AddrEntry::decode(bytes).expect("an entry of a set"))
                .collect(),
            pids,
            tasks: reply.tasks,
            sockets: reply.sockets,
            exclusive: reply.exclusive,
            source: reply.source,
            loopback: reply.loopback.into(),
        })
    }

    /// Describes an association into buffers of any size.
    pub fn query_into(
        &self,
        target: Target,
        addrs: &mut [u8],
        pids: &mut [i32],
    ) -> io::Result<QueryRequest> {
        let request = QueryRequest {
            addrs: addrs.as_mut_ptr() as u64,
            addr_room: (addrs.len() / AddrEntry::SIZE) as u32,
            pids: pids.as_mut_ptr() as u64,
            pid_room: pids.len() as u32,
            ..QueryRequest::about(target)
        };
        self.call(Command::Query, &request)
    }

    /// The ids of associations after `after`, at most `room`, and whether
    /// there are more.
    pub fn list(&self, after: u64, room: u32) -> io::Result<(Vec<u64>, bool)> {
        let mut ids = vec![0_u64; room as usize];
        let request = ListRequest {
            after,
            ids: ids.as_mut_ptr() as u64,
            room,
            ..ListRequest::default()
        };
        let reply = self.call(Command::List, &request)?;
        ids.truncate(reply.count as usize);
        Ok((ids, reply.more))
    }

    /// The ids of all associations.
    pub fn ids(&self) -> io::Result<Vec<u64>> {
        let mut all: Vec<u64> = Vec::new();
        loop {
            let (ids, more) = self.list(all.last().copied().unwrap_or(0), 4096)?;
            all.extend(ids);
            if !more {
                return Ok(all);
            }
        }
    }

    /// Which interface the module has.
    pub fn version(&self) -> io::Result<VersionReply> {
        self.call(Command::Version, &VersionReply::default())
    }
}

impl From<File> for Device {
    fn from(file: File) -> Self {
        Self(file)
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

/// What a process hands over to narrow its set.
pub fn narrow_bytes(set: &[AddrEntry], name: &str) -> Vec<u8> {
    let header = NarrowHeader {
        addr_count: set.len() as u32,
        name: Name::new(name).expect("a name in a test is well-formed"),
    };
    let mut bytes = header.encode(&mut [0; MAX_STRUCT]).to_vec();
    bytes.extend(entry_bytes(set));
    bytes
}
