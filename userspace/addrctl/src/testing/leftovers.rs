// SPDX-License-Identifier: GPL-2.0

//! Connections on addresses that left a set, in the made-up kernel.

use addrconf_abi::{AddrEntry, LeftoverEntry, QueryRequest, Wire, MAX_STRUCT};
use rustix::io::Errno;

use super::device::{errno, reply};
use super::{FakeAssociation, State};

impl FakeAssociation {
    /// The addresses outside the set on which there are connections.
    fn leftovers(&self) -> Vec<LeftoverEntry> {
        let mut found: Vec<LeftoverEntry> = Vec::new();
        for local in self
            .connections
            .iter()
            .filter(|local| !self.covers(**local))
        {
            let addr = *local;
            match found.iter_mut().find(|leftover| leftover.addr == addr) {
                Some(leftover) => leftover.connections += 1,
                None => found.push(LeftoverEntry {
                    addr,
                    connections: 1,
                }),
            }
        }
        found
    }
}

impl State {
    /// Since version 4, ends the connections that others still have on addresses of an
    /// association.
    pub(super) fn end_predecessors(&mut self, id: u64) {
        if self.module < Some(4) {
            return;
        }
        let set = self.associations[&id].set();
        let now_has = |local: &AddrEntry| set.entries().iter().any(|own| own.covers(local));
        for (_, other) in self.associations.iter_mut().filter(|(o, _)| **o != id) {
            let connections = std::mem::take(&mut other.connections);
            let stays = |local: &AddrEntry| other.covers(*local) || !now_has(local);
            other.connections = connections.into_iter().filter(stays).collect();
        }
    }

    /// Answers what version 4 added to a query, which an older module does not know.
    pub(super) fn leftovers(&self, arg: &mut [u8], room: &mut [u8]) -> Result<(), Errno> {
        let mut request = QueryRequest::decode(arg).map_err(errno)?;
        if self.module < Some(4) {
            let unknown = arg[128..].iter().any(|&byte| byte != 0);
            return if unknown { Err(Errno::TOOBIG) } else { Ok(()) };
        }
        let association = &self.associations[&request.id];
        let found = association.leftovers();
        let mut buf = [0; MAX_STRUCT];
        for (room, leftover) in room.chunks_exact_mut(LeftoverEntry::SIZE).zip(&found) {
            room.copy_from_slice(leftover.encode(&mut buf));
        }
        request.leftover_count = found.len() as u32;
        reply(arg, &request)
    }
}
