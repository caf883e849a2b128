// SPDX-License-Identifier: GPL-2.0

//! The calls of the made-up kernel that are questions.

use std::net::IpAddr;

use addrconf_abi::{
    AddrEntry, CheckRequest, HostLoopback, Operation, Refusal, TrafficRequest, Wire,
};
use rustix::io::Errno;

use super::device::{errno, reply};
use super::State;

impl State {
    /// Tells what would be decided about a call, without all rules of the real module.
    pub(super) fn check(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = CheckRequest::decode(arg).map_err(errno)?;
        let id = self.association(request.target)?;
        let entries = &self.associations[&id].entries;
        let asked = request.addr;
        let has = |addr: IpAddr| {
            let host = AddrEntry::host(addr);
            entries.iter().any(|entry| entry.covers(&host))
        };
        request.refusal = match request.operation {
            Operation::Bind if asked.is_unspecified() || has(asked) => None,
            Operation::Bind => Some(Refusal::AddressOutside),
            _ if is_dedicated(asked) => Some(Refusal::LoopbackOfOther),
            _ => {
                let mut hosts = entries.iter().filter(|entry| entry.is_host());
                let fits = |entry: &&AddrEntry| entry.addr.is_ipv4() == asked.is_ipv4();
                request.source = hosts.find(fits).map(|entry| entry.addr);
                request.source.is_none().then_some(Refusal::NoSource)
            }
        };
        request.errno = request.refusal.map_or(0, |refusal| refusal.errno() as u16);
        reply(arg, &request)
    }

    /// Counts traffic, or not.
    pub(super) fn traffic(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = TrafficRequest::decode(arg).map_err(errno)?;
        self.counts_traffic = request.change.unwrap_or(self.counts_traffic);
        request.counted = self.counts_traffic;
        reply(arg, &request)
    }
}

/// Whether the machine reaches an association at an address, if there is one.
fn is_dedicated(addr: IpAddr) -> bool {
    matches!(addr, IpAddr::V4(addr) if HostLoopback::is_dedicated(addr))
}
