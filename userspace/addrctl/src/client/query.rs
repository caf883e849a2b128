// SPDX-License-Identifier: GPL-2.0

//! One association as the module describes it: room for the answer, and its
//! decoding. Pure.

use std::net::IpAddr;

use addrconf_abi::{
    AddrEntry, LeftoverEntry, Name, QueryRequest, Terms, Wire, MAX_ADDRS, MAX_LIST,
};

use super::{elements, CallError};
use crate::address::AddressSet;

/// Bytes of a process id in an answer.
const PID_SIZE: usize = 4;

/// Connections on an address that left the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Their local address.
    pub addr: IpAddr,
    /// How many there are.
    pub connection_count: u64,
}

/// One association as the module describes it. A field that the module's version of
/// the interface lacks has its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// The version of the module's interface, which says what fields the module knows.
    pub abi: u32,
    /// Its id.
    pub id: u64,
    /// Its terms: what it was made with in addition to its set.
    pub terms: Terms,
    /// Its address set.
    pub addresses: AddressSet,
    /// Processes in this pid namespace, as many as one call returns.
    pub pids: Vec<i32>,
    /// How many processes there are.
    pub process_count: u32,
    /// How many tasks (threads) there are.
    pub task_count: u64,
    /// How many sockets there are.
    pub socket_count: u64,
    /// Whether it is there without tasks.
    pub defined: bool,
    /// The user that made it under its grant.
    pub granted_to: Option<u32>,
    /// Its connections on addresses that left its set, as many as one call returns.
    pub leftovers: Vec<Leftover>,
}

impl Association {
    /// Whether it has this name, which may be empty: none has that.
    pub fn has_name(&self, name: Name) -> bool {
        !name.is_empty() && self.terms.name == name
    }
}

/// Memory for the lists of an answer.
pub(super) struct Room {
    entries: Vec<u8>,
    pids: Vec<u8>,
    leftovers: Vec<u8>,
}

impl Room {
    /// Room for what most associations have. None for leftovers: a module that does
    /// not know them would refuse it.
    pub(super) fn new() -> Self {
        Self {
            entries: vec![0; 64 * AddrEntry::SIZE],
            pids: vec![0; 256 * PID_SIZE],
            leftovers: Vec::new(),
        }
    }

    /// The memory, in the order of the pointers to it.
    pub(super) fn memory(&mut self) -> [&mut [u8]; 3] {
        [&mut self.entries, &mut self.pids, &mut self.leftovers]
    }

    /// Makes room for the counts in `answer`. Returns whether the room was enough
    /// already. The room only grows, up to a limit, so that repeated calls end.
    pub(super) fn grow(&mut self, answer: &QueryRequest) -> Result<bool, CallError> {
        if answer.addr_count > MAX_ADDRS {
            return Err(CallError::BadAnswer);
        }
        let entries = grow(&mut self.entries, AddrEntry::SIZE, answer.addr_count, 0);
        // More processes and leftovers can appear before the next call: leave spare
        // room for them.
        let pids = answer.pid_count.min(MAX_LIST);
        let pids = grow(&mut self.pids, PID_SIZE, pids, pids / 4);
        let leftovers = answer.leftover_count.min(MAX_LIST);
        let spare = leftovers / 4;
        let leftovers = grow(&mut self.leftovers, LeftoverEntry::SIZE, leftovers, spare);
        Ok(!(entries || pids || leftovers))
    }

    /// Decodes an answer that fitted, of a module with interface version `abi`.
    pub(super) fn describe(
        &self,
        answer: &QueryRequest,
        abi: u32,
    ) -> Result<Association, CallError> {
        let entries = decoded(&self.entries, answer.addr_count)?;
        let prefixes = entries.clone();
        let leftovers = decoded(&self.leftovers, answer.leftover_count)?;
        Ok(Association {
            abi,
            id: answer.id,
            terms: answer.terms,
            addresses: AddressSet::from_entries(prefixes),
            pids: elements(&self.pids, answer.pid_count as usize)
                .map(i32::from_ne_bytes)
                .collect(),
            process_count: answer.pid_count,
            task_count: answer.tasks,
            socket_count: answer.sockets,
            defined: answer.defined,
            granted_to: answer.granted_to,
            leftovers: leftovers.iter().map(leftover).collect(),
        })
    }
}

/// Where `room` has less than `wanted` elements of `size` bytes, makes it hold these
/// and `spare` more. Returns whether it had less.
fn grow(room: &mut Vec<u8>, size: usize, wanted: u32, spare: u32) -> bool {
    let less = room.len() / size < wanted as usize;
    if less {
        let count = (wanted + spare).min(MAX_LIST) as usize;
        room.resize(count * size, 0);
    }
    less
}

/// The first `count` elements, or as many as there is room for.
fn decoded<T: Wire>(room: &[u8], count: u32) -> Result<Vec<T>, CallError> {
    room.chunks_exact(T::SIZE)
        .take(count as usize)
        .map(|bytes| T::decode(bytes).map_err(|_| CallError::BadAnswer))
        .collect()
}

fn leftover(entry: &LeftoverEntry) -> Leftover {
    Leftover {
        addr: entry.addr.addr,
        connection_count: entry.connections,
    }
}
