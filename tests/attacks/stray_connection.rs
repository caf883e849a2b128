// SPDX-License-Identifier: GPL-2.0

//! A socket that asks for a connection and never sends anything, left with an
//! address that has become another's: what comes between the same two ends must
//! find its owner, and its owner may use them.

use std::net::IpAddr;
use std::os::fd::AsFd;

use addrconf_abi::{Change, Target};
use libc::{
    EADDRNOTAVAIL, IPPROTO_TCP, SOL_SOCKET, SO_RCVTIMEO, SO_REUSEADDR, SO_SNDTIMEO,
    TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE,
};

use super::fast_open::without_cookies;
use crate::addr::{ip, PAIRS};
use crate::child::{stay, Channel, Child};
use crate::client::{associate, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::socket::set_option_bytes;

/// The address that changes hands, of each family.
const ADDRS: [(&str, &str); 2] = [("v4", "10.0.0.1"), ("v6", "2001:db8::1")];

/// The ends of the connection: here, and the other one.
const PORTS: (u16, u16) = (80, 1040);

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, addr) in ADDRS {
        tests.extend([
            behaviour(
                format!("a_stray_{family}_connection_keeps_nobody_from_a_server"),
                move || assert!(is_served(true, ip(addr)), "it did"),
            ),
            everywhere(
                format!("a_stray_{family}_connection_keeps_others_from_an_unassociated_server"),
                move || assert!(!is_served(false, ip(addr)), "the attack failed"),
            ),
            behaviour(
                format!("a_stray_{family}_connection_is_not_in_the_owners_way"),
                move || assert_eq!(connects(true, ip(addr)), "0"),
            ),
            everywhere(
                format!("a_stray_{family}_connection_is_in_an_unassociated_owners_way"),
                move || assert_eq!(connects(false, ip(addr)), EADDRNOTAVAIL.to_string()),
            ),
        ]);
    }
    tests
}

/// A process that does something with the address, says so, and stays.
struct Process {
    child: Child,
    said: Channel,
    go: Channel,
}

impl Process {
    /// Forks it; it is associated with `set` if it is a tenant.
    fn new(tenant: bool, set: &[&str], deed: impl FnOnce(&Channel)) -> Self {
        let (said, go) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            if tenant {
                associate(set);
            }
            said.send("");
            go.receive();
            deed(&said);
            stay();
        });
        said.receive();
        Self { child, said, go }
    }

    fn act(&self) -> String {
        self.go.send("");
        self.said.receive()
    }

    fn change(&self, change: Change, addr: IpAddr) {
        let (device, pid) = (Device::open(), Target::Pid(self.child.pid()));
        let changed = device.update(pid, change, &[&addr.to_string()], false);
        changed.expect("update");
    }
}

/// The process with the socket, and the one that has the address now and is about
/// to act. They are tenants, or neither is.
fn passed_on(tenants: bool, addr: IpAddr, deed: fn(IpAddr, &Channel)) -> [Process; 2] {
    without_cookies();
    let attacker = Process::new(tenants, PAIRS[0], |said| {
        let sock = bound(addr, PORTS.0);
        sock.set(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
        sock.set(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1);
        sock.connect((addr, PORTS.1)).expect("connect");
        sock.peer().expect_err("it was not put off");
        said.send("");
        stay();
    });
    attacker.act();
    let owner = Process::new(tenants, PAIRS[1], |said| deed(addr, said));
    if tenants {
        attacker.change(Change::Remove, addr);
        owner.change(Change::Add, addr);
    }
    [attacker, owner]
}

/// Whether a client of the host gets an answer from the owner of the address.
fn is_served(tenants: bool, addr: IpAddr) -> bool {
    let [_attacker, owner] = passed_on(tenants, addr, |addr, said| {
        let server = bound(addr, PORTS.0);
        server.listen().expect("listen");
        said.send("");
        if let Ok((connection, _)) = server.accept() {
            let _ = connection.send(b"served");
            stay();
        }
    });
    owner.act();
    let client = bound(addr, PORTS.1);
    client.connect((addr, PORTS.0)).is_ok()
        && client.receive().is_ok_and(|(data, _)| data == b"served")
}

/// How the owner's connection to the other end fares: its errno.
fn connects(tenants: bool, addr: IpAddr) -> String {
    let [_attacker, owner] = passed_on(tenants, addr, |addr, said| {
        let connected = bound(addr, PORTS.0).connect((addr, PORTS.1));
        let errno = connected.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
        said.send(&errno.to_string());
    });
    // Not before: the processes would have it, too.
    let server = bound(addr, PORTS.1);
    server.listen().expect("listen");
    owner.act()
}

/// A socket on a shared port that does not wait for long.
fn bound(addr: IpAddr, port: u16) -> Sock {
    let sock = Sock::for_ip(Proto::Tcp, addr);
    sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
    // struct timeval
    let limit = [2_i64, 0].map(i64::to_ne_bytes).concat();
    for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
        set_option_bytes(sock.as_fd(), SOL_SOCKET, option, &limit).expect("setsockopt");
    }
    sock.bind((addr, port)).expect("bind");
    sock
}
