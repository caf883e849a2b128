// SPDX-License-Identifier: GPL-2.0

//! The sockets of the made-up machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use rustix::io::Errno;

use super::State;
use crate::system::{self, Protocol, Socket};

/// A TCP socket of user 33. Its cookie is its inode number.
pub fn tcp(local: &str, state: system::State, inode: u64) -> Socket {
    Socket {
        protocol: Protocol::Tcp,
        state,
        is_remnant: false,
        local: local.parse().unwrap(),
        remote: None,
        inode,
        cookie: inode,
        uid: 33,
        unread: 0,
        unsent: 0,
    }
}

impl State {
    /// The sockets of a protocol, which have cookies from now on.
    pub(super) fn dump(&mut self, protocol: Protocol) -> io::Result<Vec<Socket>> {
        if self.untold.contains(&protocol) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.dumped.push(protocol);
        let all = self.sockets.iter().map(|(socket, _)| *socket);
        Ok(all.filter(|socket| socket.protocol == protocol).collect())
    }

    /// The processes that hold sockets.
    pub(super) fn holders(&self, inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<i32>> {
        let held = self.sockets.iter().filter(|(_, pids)| !pids.is_empty());
        held.filter(|(socket, _)| inodes.contains(&socket.inode))
            .map(|(socket, pids)| (socket.inode, pids.iter().copied().collect()))
            .collect()
    }

    /// The associations of the sockets that have cookies.
    pub(super) fn owners(&self) -> Result<BTreeMap<u64, u64>, Errno> {
        if self.no_owners {
            return Err(Errno::NOTTY);
        }
        let all = self.sockets.iter().map(|(socket, _)| socket);
        let known = all.filter(|socket| self.dumped.contains(&socket.protocol));
        let owned = known.filter_map(|s| Some((s.cookie, *self.owners.get(&s.cookie)?)));
        Ok(owned.collect())
    }
}
