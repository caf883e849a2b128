// SPDX-License-Identifier: GPL-2.0

//! What would be decided, and what is counted.

use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use addrconf_abi::{CheckRequest, Command, Operation, Target, TrafficRequest};

use super::{CallError, Client};

impl Client<'_> {
    /// What would be decided if a member used a new socket like this one: `bind` or `connect`.
    pub fn check(
        &self,
        target: Target,
        operation: Operation,
        socket: BorrowedFd<'_>,
        addr: IpAddr,
    ) -> Result<CheckRequest, CallError> {
        let request = CheckRequest::about(target, operation, socket.as_raw_fd(), addr);
        self.call(Command::Check, &request, &mut [])
    }

    /// Counts the traffic of associations or not from now on, or changes nothing; returns whether it
    /// is counted.
    pub fn traffic(&self, change: Option<bool>) -> Result<bool, CallError> {
        let request = TrafficRequest {
            change,
            counted: false,
        };
        Ok(self.call(Command::Traffic, &request, &mut [])?.counted)
    }

    /// Whether traffic is counted, as far as the caller can know: an older module counts none, and
    /// users with a grant are not told.
    pub fn counts_traffic(&self) -> bool {
        self.traffic(None).unwrap_or(false)
    }
}
