// SPDX-License-Identifier: GPL-2.0

//! A client of the control device, for the tests that run in the virtual machine.
//! It is independent of addrctl's client, so that each checks the other.

mod events;
mod grants;
mod questions;
mod rules;
pub mod sys;

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd};

pub use grants::Granted;

use addrconf_abi::{
    AddrEntry, AssignRequest, Change, Command, DefineRequest, FindRequest, HostLoopback,
    JoinRequest, ListRequest, Name, NarrowHeader, Obstacle, QueryRequest, ReleaseRequest,
    SourceChoice, Target, Terms, UndefineRequest, UpdateRequest, VersionReply, Wire, DEVICE_PATH,
    MAX_ADDRS, MAX_STRUCT,
};

/// The open control device.
pub struct Device(File);

/// The arguments of `assign` other than process and set. The default is what a caller
/// of the first version of the interface gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The terms.
    pub terms: Terms,
    /// Whether to associate descendants as well.
    pub tree: bool,
    /// Whether to reset connections outside the set.
    pub reset: bool,
    /// A descriptor of the memory of the process.
    pub proof: Option<i32>,
}

impl Assignment {
    /// The default.
    pub const DEFAULT: Self = Self::on(Terms::DEFAULT);

    /// With exclusive addresses.
    pub const EXCLUSIVE: Self = Self::on(Terms {
        exclusive: true,
        ..Terms::DEFAULT
    });

    /// With raw sockets.
    pub const ALLOW_RAW: Self = Self::on(Terms {
        allow_raw: true,
        ..Terms::DEFAULT
    });

    /// With descendants.
    pub const TREE: Self = Self {
        tree: true,
        ..Self::DEFAULT
    };

    /// With a reset of connections outside the set.
    pub const RESET: Self = Self {
        reset: true,
        ..Self::DEFAULT
    };

    /// The request for this assignment, with the bytes of the set's entries.
    fn request(&self, target: Target, entries: &[u8]) -> AssignRequest {
        AssignRequest {
            addrs: entries.as_ptr() as u64,
            addr_count: (entries.len() / AddrEntry::SIZE) as u32,
            terms: self.terms,
            tree: self.tree,
            reset: self.reset,
            proof: self.proof,
            ..AssignRequest::about(target)
        }
    }

    /// An assignment on these terms.
    pub const fn on(terms: Terms) -> Self {
        Self {
            terms,
            tree: false,
            reset: false,
            proof: None,
        }
    }
}

/// The answer of `assign`.
#[derive(Clone, Copy, Debug)]
pub struct Assigned {
    /// Id of the association.
    pub id: u64,
    /// Its dedicated loopback address.
    pub loopback: Ipv4Addr,
}

/// The answer of `query`.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// Id of the association.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its set.
    pub addrs: Vec<AddrEntry>,
    /// The pids of its processes.
    pub pids: Vec<i32>,
    /// How many tasks it has.
    pub tasks: u64,
    /// How many sockets it has.
    pub sockets: u64,
    /// Whether it is there without tasks.
    pub defined: bool,
    /// Whether its addresses are exclusive.
    pub exclusive: bool,
    /// Its choice of source.
    pub source: SourceChoice,
    /// Its dedicated loopback address.
    pub loopback: Ipv4Addr,
    /// The user that made it under its grant.
    pub granted_to: Option<u32>,
    /// The addresses of the host's loopback that it reaches.
    pub host_loopback: Option<HostLoopback>,
}

impl Device {
    /// Opens the device.
    pub fn open() -> io::Result<Self> {
        let file = File::options().read(true).write(true).open(DEVICE_PATH);
        file.map(Self)
    }

    /// Makes a call with this structure, and returns the structure as the kernel left
    /// it.
    fn call<T: Wire>(&self, command: Command, request: &T) -> io::Result<T> {
        let mut buffer = [0; MAX_STRUCT];
        let bytes = request.encode(&mut buffer);
        self.call_bytes(command.number(), bytes)?;
        Ok(T::decode(bytes)
            .unwrap_or_else(|e| panic!("the answer of {command:?} does not decode: {e:?}")))
    }

    /// Calls any ioctl with any bytes.
    pub fn call_bytes(&self, number: u32, bytes: &mut [u8]) -> io::Result<()> {
        sys::ioctl(self.0.as_fd(), number, bytes)
    }

    /// Calls any ioctl with an unmapped address.
    pub fn call_nowhere(&self, number: u32, address: u64) -> io::Result<()> {
        sys::ioctl_nowhere(self.0.as_fd(), number, address)
    }

    /// Associates a process with the entries of a set.
    pub fn assign(&self, target: Target, set: &[AddrEntry], name: &str) -> io::Result<u64> {
        let terms = Terms {
            name: well_formed(name),
            ..Terms::DEFAULT
        };
        Ok(self.assign_with(target, set, &Assignment::on(terms))?.id)
    }

    /// Associates a process with the entries of a set, with all other arguments.
    pub fn assign_with(
        &self,
        target: Target,
        set: &[AddrEntry],
        assignment: &Assignment,
    ) -> io::Result<Assigned> {
        let bytes = entry_bytes(set);
        let reply = self.call(Command::Assign, &assignment.request(target, &bytes))?;
        Ok(Assigned {
            id: reply.id,
            loopback: loopback(&reply.terms),
        })
    }

    /// The obstacle that keeps a process from being associated, which comes with
    /// `EBUSY`.
    pub fn obstacle(
        &self,
        target: Target,
        set: &[AddrEntry],
        assignment: &Assignment,
    ) -> io::Result<Option<Obstacle>> {
        let entries = entry_bytes(set);
        let mut buffer = [0; MAX_STRUCT];
        let bytes = assignment.request(target, &entries).encode(&mut buffer);
        match self.call_bytes(Command::Assign.number(), bytes) {
            Ok(()) => Err(io::Error::other("assign succeeded, with no obstacle")),
            Err(e) if e.kind() == io::ErrorKind::ResourceBusy => {
                let answer = AssignRequest::decode(bytes).expect("an answer");
                Ok(answer.obstacle)
            }
            Err(e) => Err(e),
        }
    }

    /// Defines an association.
    pub fn define(&self, name: &str, set: &[AddrEntry], terms: &Terms) -> io::Result<Assigned> {
        let bytes = entry_bytes(set);
        let request = DefineRequest {
            addrs: bytes.as_ptr() as u64,
            addr_count: set.len() as u32,
            terms: Terms {
                name: well_formed(name),
                ..*terms
            },
            id: 0,
        };
        let reply = self.call(Command::Define, &request)?;
        Ok(Assigned {
            id: reply.id,
            loopback: loopback(&reply.terms),
        })
    }

    /// Undefines an association; returns how many tasks it has.
    pub fn undefine(&self, id: u64) -> io::Result<u64> {
        let request = UndefineRequest { id, tasks: 0 };
        Ok(self.call(Command::Undefine, &request)?.tasks)
    }

    /// The id of the association with this name.
    pub fn find(&self, name: &str) -> io::Result<u64> {
        let request = FindRequest {
            name: well_formed(name),
            id: 0,
        };
        Ok(self.call(Command::Find, &request)?.id)
    }

    /// Puts a process into an association, with its descendants if `tree`.
    pub fn join(&self, target: Target, id: u64, tree: bool) -> io::Result<()> {
        let request = JoinRequest {
            tree,
            ..JoinRequest::about(target, id)
        };
        self.call(Command::Join, &request).map(drop)
    }

    /// Moves a process into an association, with its descendants if `tree`, and resets its
    /// connections if `reset`.
    pub fn move_to(&self, target: Target, id: u64, tree: bool, reset: bool) -> io::Result<()> {
        let request = JoinRequest {
            tree,
            reset,
            moves: true,
            ..JoinRequest::about(target, id)
        };
        self.call(Command::Join, &request).map(drop)
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

    /// Releases a process or an association; returns the number of tasks released.
    pub fn release(&self, target: Target) -> io::Result<u64> {
        let request = ReleaseRequest::about(target);
        Ok(self.call(Command::Release, &request)?.tasks)
    }

    /// As [`Self::release`], but of nothing that has a socket.
    pub fn release_unused(&self, target: Target) -> io::Result<u64> {
        let request = ReleaseRequest {
            unused: true,
            ..ReleaseRequest::about(target)
        };
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
            name: reply.terms.name.as_str().to_owned(),
            addrs: addrs
                .chunks_exact(AddrEntry::SIZE)
                .take(found)
                .map(|bytes| AddrEntry::decode(bytes).expect("an entry of a set"))
                .collect(),
            pids,
            tasks: reply.tasks,
            sockets: reply.sockets,
            defined: reply.defined,
            granted_to: reply.granted_to,
            exclusive: reply.terms.exclusive,
            source: reply.terms.source,
            loopback: loopback(&reply.terms),
            host_loopback: reply.terms.host_loopback,
        })
    }

    /// Describes an association, with its entries and pids in buffers of any size.
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

    /// The version of the module's interface.
    pub fn version(&self) -> io::Result<VersionReply> {
        self.call(Command::Version, &VersionReply::default())
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<File> for Device {
    fn from(file: File) -> Self {
        Self(file)
    }
}

/// The dedicated loopback address, or the unspecified address if there is none.
fn loopback(terms: &Terms) -> Ipv4Addr {
    terms.loopback.unwrap_or(Ipv4Addr::UNSPECIFIED)
}

fn well_formed(name: &str) -> Name {
    Name::new(name).expect("a name in a test is well-formed")
}

/// The entries of a set as the kernel reads them.
pub fn entry_bytes(set: &[AddrEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in set {
        bytes.extend_from_slice(entry.encode(&mut [0; MAX_STRUCT]));
    }
    bytes
}

/// The attribute that a process sets to narrow its set.
pub fn narrow_bytes(set: &[AddrEntry], name: &str) -> Vec<u8> {
    narrow_bytes_with(set, name, false)
}

/// As [`narrow_bytes`]. `keep_loopback`: the process stays on the private loopback that it has.
pub fn narrow_bytes_with(set: &[AddrEntry], name: &str, keep_loopback: bool) -> Vec<u8> {
    let header = NarrowHeader {
        addr_count: set.len() as u32,
        keep_loopback,
        name: well_formed(name),
    };
    let mut bytes = header.encode(&mut [0; MAX_STRUCT]).to_vec();
    bytes.extend(entry_bytes(set));
    bytes
}
