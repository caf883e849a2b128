// SPDX-License-Identifier: GPL-2.0

//! What each system call costs, by itself: the median of hundreds, on sockets that were
//! prepared before. So neither a timer's interrupt counts, nor an allocation that has to
//! get a page first.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use addrconf_test_sys::child::Child;
use addrconf_test_sys::clock::now;
use addrconf_test_sys::namespace::enter_network;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{
    accept, bind, connect, listen, recv, send, sendto, socket, AddressFamily, RecvFlags, SendFlags,
    SocketType,
};
use rustix::process::getppid;

use crate::count::median;

const ROWS: u32 = 5;
const IN_A_ROW: usize = 100;
const FEW: usize = 20;

/// The port of the server, to which connections go.
pub const SERVER: u16 = 8080;
/// The port to which datagrams go.
pub const SINK: u16 = 9;

/// Where the calls are made.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The address of the sockets that are measured.
    pub own: IpAddr,
    /// The address of their peers.
    pub peer: IpAddr,
    /// The file of the network namespace in which the calls are made, if it is not that of
    /// the peers.
    pub namespace: Option<&'a str>,
}

impl Place<'_> {
    /// Both ends at one address.
    pub fn at(own: IpAddr) -> Self {
        Self {
            own,
            peer: own,
            namespace: None,
        }
    }
}

/// Measures all calls, with sockets of the addresses' family.
pub fn run(place: Place<'_>) {
    let (family, any): (_, IpAddr) = match place.own {
        IpAddr::V4(_) => (AddressFamily::INET, Ipv4Addr::UNSPECIFIED.into()),
        IpAddr::V6(_) => (AddressFamily::INET6, Ipv6Addr::UNSPECIFIED.into()),
    };
    let tcp = || socket(family, SocketType::STREAM, None).expect("socket");
    let udp = || socket(family, SocketType::DGRAM, None).expect("socket");
    let any = SocketAddr::new(any, 0);
    let here = SocketAddr::new(place.own, 0);
    let sink = SocketAddr::new(place.peer, SINK);
    let port = SocketAddr::new(place.peer, SERVER);
    let server = tcp();
    bind(&server, &port).expect("bind");
    listen(&server, 1000).expect("listen");
    let receiver = udp();
    bind(&receiver, &sink).expect("bind");
    if let Some(path) = place.namespace {
        // The sockets above stay in the namespace where they were made.
        let namespace = File::open(path).expect("the namespace");
        enter_network(&namespace).expect("the namespace");
    }
    let client = tcp();
    connect(&client, &port).expect("connect");
    set_tcp_nodelay(&client, true).expect("TCP_NODELAY");
    let peer = accept(&server).expect("accept");
    let bound = udp();
    bind(&bound, &here).expect("bind");
    let unbound = udp();
    let procfs = File::open("/proc/self/comm").expect("a procfs file");
    let regular = File::open("/etc/passwd").expect("a regular file");

    report("getppid", IN_A_ROW, || (), |()| _ = getppid());
    report("socket tcp", IN_A_ROW, || (), |()| std::mem::forget(tcp()));
    report("bind tcp, address", IN_A_ROW, tcp, |s| {
        bind(s, &here).expect("bind");
    });
    report("bind tcp, wildcard", IN_A_ROW, tcp, |s| {
        bind(s, &any).expect("bind");
    });
    let with_address = || {
        let socket = tcp();
        bind(&socket, &here).expect("bind");
        socket
    };
    report("listen", IN_A_ROW, with_address, |s| {
        listen(s, 1).expect("listen");
    });
    report("connect udp", IN_A_ROW, udp, |s| {
        connect(s, &sink).expect("connect");
    });
    let empty = || drain(&receiver);
    report("sendto udp, bound", IN_A_ROW, empty, |()| {
        sendto(&bound, b"x", SendFlags::empty(), &sink).expect("send");
    });
    report("sendto udp, unbound", IN_A_ROW, empty, |()| {
        sendto(&unbound, b"x", SendFlags::empty(), &sink).expect("send");
    });
    report("connect tcp, whole handshake", FEW, tcp, |s| {
        connect(s, &port).expect("connect");
    });
    let write = || {
        send(&client, b"x", SendFlags::empty()).expect("send");
    };
    report(
        "send 1 B, established",
        IN_A_ROW,
        || drain(&peer),
        |()| write(),
    );
    drain(&peer);
    report("recv 1 B", IN_A_ROW, write, |()| {
        recv(&peer, &mut [0], RecvFlags::empty()).expect("recv");
    });
    report(
        "read of a procfs file",
        IN_A_ROW,
        || (),
        |()| {
            procfs.read_at(&mut [0; 16], 0).expect("read");
        },
    );
    report(
        "read of a regular file",
        IN_A_ROW,
        || (),
        |()| {
            regular.read_at(&mut [0; 16], 0).expect("read");
        },
    );
    report(
        "fork, exit, wait",
        FEW,
        || (),
        |()| {
            Child::spawn(|| ()).succeeded();
        },
    );
}

/// Takes everything that a socket has received.
fn drain(from: &OwnedFd) {
    while recv(from, &mut [0], RecvFlags::DONTWAIT).is_ok() {}
}

/// Prints the cost of `call` with what `prepare` makes, which is not measured. A profiler of
/// guest instructions finds a row between two calls of `getppid()`.
fn report<T>(name: &str, count: usize, prepare: impl Fn() -> T, call: impl Fn(&T)) {
    let mut costs = Vec::new();
    for _ in 0..ROWS {
        let prepared: Vec<T> = (0..count).map(|_| prepare()).collect();
        let _ = getppid();
        costs.extend(prepared.iter().map(|it| timed(|| call(it))));
        let _ = getppid();
    }
    let nothing = median((0..count).map(|_| timed(|| ())).collect());
    println!("{name}\t{}", median(costs).saturating_sub(nothing));
}

fn timed(call: impl FnOnce()) -> u64 {
    let start = now();
    call();
    now() - start
}
