// SPDX-License-Identifier: GPL-2.0

//! Asks what would be decided, and whose sockets there are, and compares the answers with what the
//! controller knows.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;

use addrconf_abi::{Operation, Target};

use super::timed::LIMIT;
use super::Controller;
use crate::pool;
use crate::sys::errno;
use crate::sys::socket::socket;
use crate::world::{Counter, Tenant};

impl Controller {
    /// Asks about calls of a running tenant.
    pub(super) fn foretell(&mut self, slot: usize) {
        let Some(running) = &self.slots[slot] else {
            return;
        };
        let (tenant, id) = (running.tenant, running.association);
        if id == 0 || !self.world.is_bound(tenant) {
            return;
        }
        for _ in 0..8 {
            let index = self.rng.below(pool::SIZE);
            let (operation, addr, allowed) = match self.rng.below(8) {
                0 => (Operation::Bind, Ipv4Addr::LOCALHOST.into(), true),
                1 => (
                    Operation::Bind,
                    pool::dark(self.rng.below(4) as u8, false),
                    false,
                ),
                2 => (Operation::Bind, pool::HOST6.into(), false),
                // Its own or, if it reaches that, the host's.
                3 => (Operation::Connect, pool::RESOLVER.into(), true),
                // The machine reaches no association there.
                4 => (Operation::Connect, [127, 127, 255, 254].into(), false),
                _ => {
                    let addr = pool::address(index, self.rng.below(2));
                    (Operation::Bind, addr, self.world.owner(index) == tenant)
                }
            };
            self.is_foretold(tenant, id, operation, addr, allowed);
        }
    }

    fn is_foretold(
        &self,
        tenant: Tenant,
        id: u64,
        operation: Operation,
        addr: IpAddr,
        allowed: bool,
    ) {
        let Some(device) = &self.device else {
            return;
        };
        let family = if addr.is_ipv4() {
            libc::AF_INET
        } else {
            libc::AF_INET6
        };
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
        let Ok(sock) = socket(family, kind, 0) else {
            return;
        };
        let target = Target::Association(id);
        let asked = self.in_time("check", LIMIT, || {
            device.check(target, operation, sock.as_fd(), addr)
        });
        self.world.count(Counter::Questions);
        let facts = match asked {
            Ok(answer) if (answer.errno == 0) == allowed => return,
            Ok(answer) => format!("{operation:?} {addr}: {:?} is foretold", answer.refusal),
            Err(e) => format!(
                "{operation:?} {addr}: the question fails with error {}",
                errno(&e)
            ),
        };
        let facts = format_args!("{facts}, and it should be allowed: {allowed}");
        self.world
            .violation(Counter::OtherViolations, tenant, facts);
    }

    /// Asks whose the sockets of the machine are.
    pub(super) fn list_sockets(&self) {
        let Some(device) = &self.device else {
            return;
        };
        let Ok(own) = UdpSocket::bind("127.0.0.1:0") else {
            return;
        };
        let own = cookie(&own);
        let facts = match self.in_time("sockets", LIMIT, || device.sockets()) {
            Ok(listed) => listed
                .get(&own)
                .map(|id| format!("a socket of the controller is listed with association {id}")),
            Err(e) => Some(format!("sockets are not listed: error {}", errno(&e))),
        };
        if let Some(facts) = facts {
            let facts = format_args!("{facts}");
            self.world.violation(Counter::OtherViolations, 0, facts);
        }
        self.world.count(Counter::Questions);
    }

    /// Has the traffic of tenants counted, or no more.
    pub(super) fn count_traffic(&mut self) {
        let wanted = self.rng.percent(50);
        let Some(device) = &self.device else {
            return;
        };
        match self.in_time("traffic", LIMIT, || device.traffic(wanted)) {
            Ok(counted) if counted == wanted => {}
            answer => {
                let facts = format_args!("counting of traffic: {wanted} was asked for: {answer:?}");
                self.world.violation(Counter::OtherViolations, 0, facts);
            }
        }
    }
}

/// The cookie of a socket.
fn cookie(sock: &UdpSocket) -> u64 {
    let bytes =
        crate::sys::option::option_bytes(sock.as_fd(), libc::SOL_SOCKET, libc::SO_COOKIE, 8);
    let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u64::from_ne_bytes)
}
