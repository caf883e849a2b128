// SPDX-License-Identifier: GPL-2.0

//! The control calls as functions: encodes requests, makes room for answers,
//! decodes them. Knows nothing of messages and output.

use std::cell::OnceCell;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

use addrconf_abi::{
    AddrEntry, AssignFlags, AssignRequest, Change, Command, ListRequest, Name, QueryRequest,
    ReleaseRequest, SourceChoice, Target, UpdateRequest, VersionReply, Wire, MAX_ADDRS, MAX_LIST,
    MAX_STRUCT,
};
use rustix::io::Errno;

use crate::address::{AddressSet, Prefix};
use crate::system::Device;

/// Bytes of a process id in an answer.
const PID_SIZE: usize = 4;
/// Bytes of an association id in an answer.
const ID_SIZE: usize = 8;

/// The interface version that came with [`Behaviour`].
const BEHAVIOUR_SINCE: u32 = 2;
/// The interface version that came with [`Behaviour::flags`].
const FLAGS_SINCE: u32 = 3;

/// Why a control call brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The kernel refused it.
    Refused(Errno),
    /// The answer makes no sense to this addrctl.
    BadAnswer,
}

/// What an assign call asks for besides the addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssignOptions {
    /// Name, or the empty name.
    pub name: Name,
    /// Flags.
    pub flags: AssignFlags,
    /// Which member a socket without an address sends from.
    pub source: SourceChoice,
    /// Dedicated loopback address, if it matters which.
    pub loopback: Option<Ipv4Addr>,
}

/// How an association behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Whether wildcard sockets of others are kept off its addresses.
    pub exclusive: bool,
    /// Which member a socket without an address sends from.
    pub source: SourceChoice,
    /// Dedicated loopback address, if it has one.
    pub loopback: Option<Ipv4Addr>,
    /// How many sockets there are.
    pub socket_count: u64,
    /// The flags it keeps, which tell what it allows; `None` when the module is
    /// too old to say.
    pub flags: Option<AssignFlags>,
}

/// One association as the module describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// Its id.
    pub id: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its address set.
    pub addresses: AddressSet,
    /// Processes in this pid namespace, as many as one call returns.
    pub pids: Vec<i32>,
    /// How many processes there are.
    pub process_count: u32,
    /// How many tasks (threads) there are.
    pub task_count: u64,
    /// How it behaves; `None` when the module is too old to say.
    pub behaviour: Option<Behaviour>,
}

/// Calls on an open device.
pub struct Client<'a> {
    device: &'a dyn Device,
    abi: OnceCell<u32>,
}

impl<'a> Client<'a> {
    /// Calls on `device`.
    pub fn new(device: &'a dyn Device) -> Self {
        Self {
            device,
            abi: OnceCell::new(),
        }
    }

    /// Which interface the module has.
    pub fn version(&self) -> Result<VersionReply, CallError> {
        self.call(Command::Version, &VersionReply::default(), &mut [])
    }

    /// The interface version, asked for once.
    fn abi(&self) -> Result<u32, CallError> {
        if let Some(&abi) = self.abi.get() {
            return Ok(abi);
        }
        let abi = self.version()?.abi;
        Ok(*self.abi.get_or_init(|| abi))
    }

    /// Makes an association for a process; returns its id.
    pub fn assign(
        &self,
        process: BorrowedFd<'_>,
        addresses: &AddressSet,
        options: &AssignOptions,
    ) -> Result<u64, CallError> {
        let mut entries = addresses.to_bytes();
        let request = AssignRequest {
            target: Target::PidFd(process.as_raw_fd()),
            addrs: 0,
            addr_count: 0,
            name: options.name,
            id: 0,
            flags: options.flags,
            source: options.source,
            loopback: options.loopback.map_or([0; 4], |addr| addr.octets()),
        };
        let answer = self.call(Command::Assign, &request, &mut [&mut entries])?;
        match answer.id {
            0 => Err(CallError::BadAnswer),
            id => Ok(id),
        }
    }

    /// Changes the set of an association; returns how many connections that
    /// reset.
    pub fn update(
        &self,
        target: Target,
        change: Change,
        addresses: &AddressSet,
        reset: bool,
    ) -> Result<u64, CallError> {
        let mut entries = addresses.to_bytes();
        let request = UpdateRequest {
            target,
            reset,
            addrs: 0,
            addr_count: 0,
            change,
            resets: 0,
        };
        let answer = self.call(Command::Update, &request, &mut [&mut entries])?;
        Ok(answer.resets)
    }

    /// Ends the association of a process, a whole association or all there are;
    /// returns how many tasks that released.
    pub fn release(&self, target: Target) -> Result<u64, CallError> {
        let request = ReleaseRequest { target, tasks: 0 };
        let answer = self.call(Command::Release, &request, &mut [])?;
        Ok(answer.tasks)
    }

    /// Describes an association, with its addresses and processes.
    pub fn query(&self, target: Target) -> Result<Association, CallError> {
        let mut addr_room = 64;
        let mut pid_room = 256;
        loop {
            let mut entries = vec![0; addr_room as usize * AddrEntry::SIZE];
            let mut pids = vec![0; pid_room as usize * PID_SIZE];
            let request = QueryRequest {
                target,
                addrs: 0,
                addr_room: 0,
                addr_count: 0,
                pids: 0,
                pid_room: 0,
                pid_count: 0,
                id: 0,
                tasks: 0,
                name: Name::default(),
                exclusive: false,
                source: SourceChoice::default(),
                loopback: [0; 4],
                sockets: 0,
                flags: AssignFlags::NONE,
                leftovers: 0,
                leftover_room: 0,
                leftover_count: 0,
                full_ports: 0,
            };
            let answer = self.call(Command::Query, &request, &mut [&mut entries, &mut pids])?;
            if answer.addr_count > MAX_ADDRS {
                return Err(CallError::BadAnswer);
            }
            let wanted_pids = answer.pid_count.min(MAX_LIST);
            if answer.addr_count <= addr_room && wanted_pids <= pid_room {
                // A module without some fields leaves them zero.
                let abi = self.abi()?;
                let mut association = describe(&answer, &entries, &pids)?;
                association.behaviour = (abi >= BEHAVIOUR_SINCE).then(|| behaviour(&answer, abi));
                return Ok(association);
            }
            // Processes may come into being meanwhile: leave some room for
            // them. The room only grows and has a limit, so this ends.
            addr_room = addr_room.max(answer.addr_count);
            if wanted_pids > pid_room {
                pid_room = (wanted_pids + wanted_pids / 4).min(MAX_LIST);
            }
        }
    }

    /// The ids of all associations, ascending.
    pub fn list(&self) -> Result<Vec<u64>, CallError> {
        const ROOM: usize = 1024;
        let mut all = Vec::new();
        loop {
            let mut ids = [0; ROOM * ID_SIZE];
            let request = ListRequest {
                after: all.last().copied().unwrap_or(0),
                ..ListRequest::default()
            };
            let answer = self.call(Command::List, &request, &mut [&mut ids])?;
            let count = answer.count as usize;
            if count > ROOM || (answer.more && count == 0) {
                return Err(CallError::BadAnswer);
            }
            for id in elements(&ids, count).map(u64::from_ne_bytes) {
                // Otherwise the next call would ask for the same ones again.
                if id <= all.last().copied().unwrap_or(0) {
                    return Err(CallError::BadAnswer);
                }
                all.push(id);
            }
            if !answer.more {
                return Ok(all);
            }
        }
    }

    fn call<T: Wire>(
        &self,
        command: Command,
        request: &T,
        memory: &mut [&mut [u8]],
    ) -> Result<T, CallError> {
        let mut buf = [0; MAX_STRUCT];
        let arg = request.encode(&mut buf);
        self.device
            .control(command, arg, memory)
            .map_err(CallError::Refused)?;
        T::decode(arg).map_err(|_| CallError::BadAnswer)
    }
}

/// Reads an answer that fitted into its room.
fn describe(answer: &QueryRequest, entries: &[u8], pids: &[u8]) -> Result<Association, CallError> {
    let prefixes = entries
        .chunks_exact(AddrEntry::SIZE)
        .take(answer.addr_count as usize)
        .map(|bytes| AddrEntry::decode(bytes).map(|entry| Prefix::from_entry(&entry)))
        .collect::<Result<_, _>>()
        .map_err(|_| CallError::BadAnswer)?;
    let name = answer.name.as_str();
    Ok(Association {
        id: answer.id,
        name: (!name.is_empty()).then(|| name.to_owned()),
        addresses: AddressSet::from_prefixes(prefixes),
        pids: elements(pids, answer.pid_count as usize)
            .map(i32::from_ne_bytes)
            .collect(),
        process_count: answer.pid_count,
        task_count: answer.tasks,
        behaviour: None,
    })
}

fn behaviour(answer: &QueryRequest, abi: u32) -> Behaviour {
    let loopback = Ipv4Addr::from(answer.loopback);
    Behaviour {
        exclusive: answer.exclusive,
        source: answer.source,
        loopback: (!loopback.is_unspecified()).then_some(loopback),
        socket_count: answer.sockets,
        flags: (abi >= FLAGS_SINCE).then_some(answer.flags),
    }
}

/// The first `count` elements of `N` bytes each.
fn elements<const N: usize>(bytes: &[u8], count: usize) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes
        .chunks_exact(N)
        .take(count)
        .filter_map(|chunk| chunk.try_into().ok())
}
