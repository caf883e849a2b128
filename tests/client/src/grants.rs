// SPDX-License-Identifier: GPL-2.0

//! The control calls about grants.

use std::io;

use addrconf_abi::{
    AddrEntry, Command, GrantQuery, GrantRequest, JoinRequest, Target, Wire, MAX_ADDRS,
};

use super::{entry_bytes, Device};

/// A grant as a query tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    /// The user.
    pub uid: u32,
    /// The set.
    pub addrs: Vec<AddrEntry>,
    /// How many associations it made that are there.
    pub associations: u32,
}

impl Device {
    /// Grants a user a set; takes its grant back if that is empty.
    pub fn grant(&self, uid: u32, set: &[AddrEntry]) -> io::Result<()> {
        let bytes = entry_bytes(set);
        let request = GrantRequest {
            uid,
            addr_count: set.len() as u32,
            addrs: bytes.as_ptr() as u64,
        };
        self.call(Command::Grant, &request).map(drop)
    }

    /// The grant of the user with the lowest id from `uid` on.
    pub fn granted(&self, uid: u32) -> io::Result<Option<Granted>> {
        let mut room = vec![0_u8; MAX_ADDRS as usize * AddrEntry::SIZE];
        let query = GrantQuery {
            uid,
            addr_room: MAX_ADDRS,
            addrs: room.as_mut_ptr() as u64,
            ..GrantQuery::default()
        };
        let reply = self.call(Command::Grants, &query)?;
        let entries = room.chunks_exact(AddrEntry::SIZE);
        let entries = entries.take(reply.addr_count as usize);
        Ok((reply.addr_count != 0).then(|| Granted {
            uid: reply.uid,
            addrs: entries
                .map(|bytes| AddrEntry::decode(bytes).expect("an entry of a grant"))
                .collect(),
            associations: reply.associations,
        }))
    }

    /// Puts a process into an association; `proof` is a descriptor of its memory.
    pub fn join_shown(&self, target: Target, id: u64, proof: Option<i32>) -> io::Result<()> {
        let request = JoinRequest {
            proof,
            ..JoinRequest::about(target, id)
        };
        self.call(Command::Join, &request).map(drop)
    }
}
