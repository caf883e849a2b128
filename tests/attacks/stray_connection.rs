// SPDX-License-Identifier: GPL-2.0

//! A socket that requests a connection and never sends anything, at an address
//! that has become another's. What arrives between the same two ends must find
//! the new owner, and that owner may use them. Also a socket that gets
//! another's address in a race, again and again.

use std::fs;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use addrconf_abi::{Change, Target};
use libc::{
    AF_INET, AF_INET6, EADDRNOTAVAIL, IPPROTO_TCP, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET,
    SO_RCVTIMEO, SO_REUSEADDR, SO_SNDTIMEO, TCP_FASTOPEN_CONNECT, TCP_FASTOPEN_NO_COOKIE,
};

use super::fast_open::without_cookies;
use super::source_races::{ask_for_name, dissolve_connection};
use crate::addr::{ip, HOST4, HOST6, ONE, PAIRS};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::client::{associate, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;

/// The address that changes hands, of each family.
const ADDRS: [(&str, &str); 2] = [("v4", "10.0.0.1"), ("v6", "2001:db8::1")];

/// The ports of the connection: of this end, and of the other one.
const PORTS: (u16, u16) = (80, 1040);

/// How many sockets are connected while a thread works against each, and how
/// often it does.
const ATTEMPTS: usize = 100;
const TIMES: usize = 20;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, addr) in ADDRS {
        tests.extend([
            behaviour(
                format!("a_stray_{family}_connection_keeps_nobody_from_a_server"),
                move || assert!(is_served(true, ip(addr)), "a client was not served"),
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
    let udp: Make = |ip| Sock::for_ip(Proto::Udp, ip);
    // Asking for its name takes no source from a TCP socket.
    let races: [(&str, Make, &str, Against); 3] = [
        ("tcp", put_off, "dissolves", dissolve_connection),
        ("udp", udp, "dissolves", dissolve_connection),
        ("udp", udp, "asks_for_the_name", ask_for_name),
    ];
    for (family, host) in [("v4", HOST4), ("v6", HOST6)] {
        for (kind, make, doing, against) in races {
            let race = Race {
                kind,
                make,
                against,
                to: (ip(host), PORTS.1),
            };
            tests.extend([
                behaviour(
                    format!("no_stray_{kind}_{family}_connection_while_a_thread_{doing}"),
                    move || as_tenant(ONE, || assert_eq!(race.strays(), 0)),
                ),
                everywhere(
                    format!("{kind}_{family}_connections_of_nobody_while_a_thread_{doing}"),
                    move || assert_eq!(race.strays(), ATTEMPTS),
                ),
            ]);
        }
    }
    tests
}

type Make = fn(IpAddr) -> Sock;

type Against = fn(&Sock);

/// Sockets are connected while a thread works against their getting a source.
#[derive(Clone, Copy)]
struct Race {
    kind: &'static str,
    make: Make,
    against: Against,
    to: (IpAddr, u16),
}

impl Race {
    /// How many sockets of this process have a connection, or request one, from
    /// the very address that they connect to, which is the host's.
    fn strays(self) -> usize {
        without_cookies();
        let _sockets: Vec<_> = (0..ATTEMPTS).map(|_| self.connected()).collect();
        let six = if self.to.0.is_ipv6() { "6" } else { "" };
        let path = format!("/proc/net/{}{six}", self.kind);
        let (here, there) = (
            in_table(self.to.0) + ":",
            format!("{}:{:04X}", in_table(self.to.0), self.to.1),
        );
        let table = fs::read_to_string(path).expect("a table of sockets");
        let strays = table.lines().filter(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let ends = (fields.next(), fields.next());
            ends.0.is_some_and(|local| local.starts_with(&here)) && ends.1 == Some(&there)
        });
        strays.count()
    }

    /// Connects a socket. The thread ends first, but its last call may have
    /// come between, so this connects once more.
    fn connected(self) -> Sock {
        let sock = (self.make)(self.to.0);
        let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
        let connect = || {
            // The socket may be connected already.
            let _ = sock.connect(self.to);
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                begun.store(true, Ordering::Relaxed);
                for _ in 0..TIMES {
                    (self.against)(&sock);
                }
                done.store(true, Ordering::Relaxed);
            });
            while !begun.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            while !done.load(Ordering::Relaxed) {
                connect();
            }
        });
        connect();
        sock
    }
}

/// An address as the tables of sockets show it: its words, as they are in memory.
fn in_table(addr: IpAddr) -> String {
    let bytes = match addr {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    };
    let words = bytes.chunks_exact(4);
    let words = words.map(|w| u32::from_ne_bytes(w.try_into().expect("four bytes")));
    words.map(|word| format!("{word:08X}")).collect()
}

/// A non-blocking socket that defers its connections until something is sent.
fn put_off(ip: IpAddr) -> Sock {
    let family = if ip.is_ipv4() { AF_INET } else { AF_INET6 };
    let sock = Sock::new(family, SOCK_STREAM | SOCK_NONBLOCK, 0).expect("socket");
    puts_off(&sock);
    sock
}

fn puts_off(sock: &Sock) {
    sock.set(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    sock.set(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1);
}

/// A process that does something with the address, reports it, and stays.
struct Process {
    child: Child,
    said: Channel,
    go: Channel,
}

impl Process {
    /// Forks it, and associates it with `set` if it is a tenant.
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

/// The process with the stray socket, and the one that has the address now and
/// is about to act. Both are tenants, or neither is.
fn passed_on(tenants: bool, addr: IpAddr, deed: fn(IpAddr, &Channel)) -> [Process; 2] {
    without_cookies();
    let attacker = Process::new(tenants, PAIRS[0], |said| {
        let sock = bound(addr, PORTS.0);
        puts_off(&sock);
        sock.connect((addr, PORTS.1)).expect("connect");
        sock.peer().expect_err("the connection was not deferred");
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

/// The errno of the owner's connection to the other end; 0 for success.
fn connects(tenants: bool, addr: IpAddr) -> String {
    let [_attacker, owner] = passed_on(tenants, addr, |addr, said| {
        let connected = bound(addr, PORTS.0).connect((addr, PORTS.1));
        let errno = connected.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
        said.send(&errno.to_string());
    });
    // Opened after the forks, or the processes would have it, too.
    let server = bound(addr, PORTS.1);
    server.listen().expect("listen");
    owner.act()
}

/// A socket on a shared port whose calls do not wait for long.
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
