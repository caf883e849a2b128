// SPDX-License-Identifier: GPL-2.0

//! Which sockets belong to associations.

use std::collections::BTreeMap;

use addrconf_abi::{Command, SocketEntry, SocketsRequest, Wire, MAX_SOCKETS};

use super::{CallError, Client};

/// Sockets that may be made between a dump and the call.
const SPARE: usize = 64;

impl Client<'_> {
    /// The associations of the sockets in the network namespace of addrctl, by the cookie of the
    /// socket. A socket has a cookie once sock_diag told it, which told `dumped` of them. Sockets
    /// without an association are left out.
    pub fn owners(&self, dumped: usize) -> Result<BTreeMap<u64, u64>, CallError> {
        let room = (dumped + SPARE).min(MAX_SOCKETS as usize);
        let mut bytes = vec![0; room * SocketEntry::SIZE];
        let request = SocketsRequest::default();
        let answer = self.call(Command::Sockets, &request, &mut [&mut bytes])?;
        let found = (answer.count as usize).min(room);
        let entries = bytes.chunks_exact(SocketEntry::SIZE).take(found);
        entries
            .map(|bytes| SocketEntry::decode(bytes).map_err(|_| CallError::BadAnswer))
            .map(|entry| entry.map(|entry| (entry.cookie, entry.association)))
            .collect()
    }
}
