// SPDX-License-Identifier: GPL-2.0

//! The sockets of the made-up machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use addrconf_abi::{SocketEntry, SocketsRequest, Wire, MAX_STRUCT};
use rustix::io::Errno;

use super::device::{errno, reply};
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

    /// Tells the associations of the sockets that have cookies.
    pub(super) fn owners(&self, arg: &mut [u8], room: &mut [u8]) -> Result<(), Errno> {
        let mut request = SocketsRequest::decode(arg).map_err(errno)?;
        let all = self.sockets.iter().map(|(socket, _)| socket);
        let known = all.filter(|socket| self.dumped.contains(&socket.protocol));
        let mut places = room.chunks_exact_mut(SocketEntry::SIZE);
        for socket in known {
            let Some(&association) = self.owners.get(&socket.cookie) else {
                continue;
            };
            let entry = SocketEntry {
                cookie: socket.cookie,
                association,
            };
            request.count += 1;
            if let Some(place) = places.next() {
                place.copy_from_slice(entry.encode(&mut [0; MAX_STRUCT]));
            }
        }
        reply(arg, &request)
    }
}
