// SPDX-License-Identifier: GPL-2.0

//! Questions: what would be decided, whose a socket is, what is counted.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use addrconf_abi::{
    CheckRequest, Command, Operation, SocketEntry, SocketsRequest, Target, TrafficRequest, Wire,
};

use super::Device;

impl Device {
    /// What would be decided if a task of an association used a new socket like this one.
    pub fn check(
        &self,
        target: Target,
        operation: Operation,
        socket: BorrowedFd<'_>,
        addr: IpAddr,
    ) -> io::Result<CheckRequest> {
        let request = CheckRequest::about(target, operation, socket.as_raw_fd(), addr);
        self.call(Command::Check, &request)
    }

    /// The association of each socket in this network namespace, by cookie.
    pub fn sockets(&self) -> io::Result<BTreeMap<u64, u64>> {
        let (mut bytes, count) = self.sockets_into(1 << 16)?;
        bytes.truncate(count as usize * SocketEntry::SIZE);
        let read = bytes.chunks_exact(SocketEntry::SIZE);
        Ok(read
            .map(|bytes| SocketEntry::decode(bytes).expect("an entry"))
            .map(|entry| (entry.cookie, entry.association))
            .collect())
    }

    /// The bytes of as many entries as there is room for, and how many sockets there are.
    pub fn sockets_into(&self, room: u32) -> io::Result<(Vec<u8>, u32)> {
        // A room that is refused needs no memory.
        let size = room.min(1 << 16) as usize * SocketEntry::SIZE;
        let mut bytes = vec![0; size];
        let request = SocketsRequest {
            sockets: bytes.as_mut_ptr() as u64,
            room,
            count: 0,
        };
        let count = self.call(Command::Sockets, &request)?.count;
        Ok((bytes, count))
    }

    /// Counts the traffic of associations or not, or changes nothing; returns whether it is counted.
    pub fn traffic(&self, change: Option<bool>) -> io::Result<bool> {
        let request = TrafficRequest {
            change,
            counted: false,
        };
        Ok(self.call(Command::Traffic, &request)?.counted)
    }
}
