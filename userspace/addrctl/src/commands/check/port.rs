// SPDX-License-Identifier: GPL-2.0

//! Who has a port that a member of an association would bind.

use std::collections::BTreeSet;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::client::Client;
use crate::system::{Protocol, Socket, State, System};

/// A process that has the port.
#[derive(Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[schemars(rename = "PortHolder")]
pub struct Holder {
    /// Its id.
    pub pid: i32,
    /// Its command name.
    pub command: Option<String>,
}

/// The processes whose sockets of the association `id` have this port at this address. Nobody, where
/// the kernel or the module does not tell.
pub fn holders(
    system: &dyn System,
    client: &Client<'_>,
    (id, protocol): (u64, Protocol),
    (addr, port): (IpAddr, u16),
) -> Vec<Holder> {
    let Ok(all) = system.sockets(protocol) else {
        return Vec::new();
    };
    let Ok(owners) = client.owners(all.len()) else {
        return Vec::new();
    };
    let has = |socket: &&Socket| {
        owners.get(&socket.cookie) == Some(&id)
            && socket.local.port() == port
            && is_open(socket)
            && meet(socket.local.ip(), addr)
    };
    let inodes: BTreeSet<_> = all.iter().filter(has).map(|socket| socket.inode).collect();
    let held = system.holders(&inodes);
    let pids: BTreeSet<_> = held.into_values().flatten().collect();
    let holder = |pid| Holder {
        pid,
        command: system.comm(pid),
    };
    pids.into_iter().map(holder).collect()
}

/// Whether it keeps others from its port: a connection does not keep a listener from it.
fn is_open(socket: &Socket) -> bool {
    match socket.protocol {
        Protocol::Tcp => matches!(socket.state, State::Listening | State::Unconnected),
        Protocol::Udp | Protocol::Raw => true,
    }
}

/// Whether sockets at these addresses compete. An IPv6 wildcard takes IPv4 as well.
fn meet(a: IpAddr, b: IpAddr) -> bool {
    let takes = |wildcard: IpAddr, other: IpAddr| {
        wildcard.is_unspecified() && (wildcard.is_ipv6() || other.is_ipv4())
    };
    a == b || takes(a, b) || takes(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_meets_the_addresses_of_its_family() {
        let pair = |a: &str, b: &str| meet(a.parse().unwrap(), b.parse().unwrap());
        assert!(pair("10.0.0.1", "10.0.0.1"));
        assert!(pair("0.0.0.0", "10.0.0.1"));
        assert!(pair("::1", "::"));
        assert!(pair("::", "10.0.0.1"));
        assert!(!pair("10.0.0.1", "10.0.0.2"));
        assert!(!pair("0.0.0.0", "2001:db8::1"));
    }
}
