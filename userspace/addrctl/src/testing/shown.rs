// SPDX-License-Identifier: GPL-2.0

//! The calls of the made-up kernel that tell what associations there are.

use addrconf_abi::{ListRequest, QueryRequest, Terms, Wire, MAX_STRUCT};
use rustix::io::Errno;

use super::device::{errno, reply};
use super::State;

impl State {
    /// Answers a query, except for the leftovers.
    pub(super) fn query(
        &mut self,
        arg: &mut [u8],
        addrs: &mut [u8],
        pids: &mut [u8],
    ) -> Result<(), Errno> {
        let mut request = QueryRequest::decode(arg).map_err(errno)?;
        let id = self.association(request.target)?;
        let association = &self.associations[&id];
        let mut buf = [0; MAX_STRUCT];
        for (room, entry) in addrs.chunks_exact_mut(24).zip(&association.entries) {
            room.copy_from_slice(entry.encode(&mut buf));
        }
        for (room, pid) in pids.chunks_exact_mut(4).zip(&association.pids) {
            room.copy_from_slice(&pid.to_ne_bytes());
        }
        request.id = id;
        request.terms.name = association.terms.name;
        request.addr_count = association.entries.len() as u32;
        request.pid_count = association.pids.len() as u32;
        request.tasks = association.pids.len() as u64;
        if self.module >= Some(2) {
            request.terms = Terms {
                allow_raw: false,
                ..association.terms
            };
            request.sockets = association.sockets();
        }
        if self.module >= Some(3) {
            request.terms = association.terms;
        }
        request.defined = association.defined;
        if self.module >= Some(8) {
            request.granted_to = association.granted_to;
        }
        reply(arg, &request)
    }

    /// Answers with the ids of the associations.
    pub(super) fn list(&mut self, arg: &mut [u8], ids: &mut [u8]) -> Result<(), Errno> {
        let mut request = ListRequest::decode(arg).map_err(errno)?;
        let room = request.room as usize;
        let wanted: Vec<_> = self.associations.range(request.after + 1..).collect();
        for (room, (id, _)) in ids.chunks_exact_mut(8).zip(&wanted) {
            room.copy_from_slice(&id.to_ne_bytes());
        }
        request.count = wanted.len().min(room) as u32;
        request.more = wanted.len() > room;
        self.pass_time();
        reply(arg, &request)
    }
}
