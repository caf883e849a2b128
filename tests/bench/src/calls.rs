// SPDX-License-Identifier: GPL-2.0

//! What each system call costs, by itself: the mean of many in a row on sockets that were
//! prepared before, and of several such rows the smallest.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use addrconf_test_sys::child::Child;
use addrconf_test_sys::clock::now;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{
    accept, bind, connect, listen, recv, send, sendto, socket, AddressFamily, RecvFlags, SendFlags,
    SocketType,
};
use rustix::process::getppid;

const ROWS: u32 = 5;
const IN_A_ROW: usize = 100;
const FEW: usize = 20;

/// Measures all calls with sockets on this address.
pub fn run(addr: Ipv4Addr) {
    let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let here = SocketAddrV4::new(addr, 0);
    let sink = SocketAddrV4::new(addr, 9);
    let port = SocketAddrV4::new(addr, 8080);
    let server = tcp();
    bind(&server, &port).expect("bind");
    listen(&server, 1000).expect("listen");
    let client = tcp();
    connect(&client, &port).expect("connect");
    set_tcp_nodelay(&client, true).expect("TCP_NODELAY");
    let peer = accept(&server).expect("accept");
    let receiver = udp();
    bind(&receiver, &sink).expect("bind");
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

fn tcp() -> OwnedFd {
    socket(AddressFamily::INET, SocketType::STREAM, None).expect("socket")
}

fn udp() -> OwnedFd {
    socket(AddressFamily::INET, SocketType::DGRAM, None).expect("socket")
}

/// Takes everything that a socket has received.
fn drain(from: &OwnedFd) {
    while recv(from, &mut [0], RecvFlags::DONTWAIT).is_ok() {}
}

/// Prints the cost of `call` with what `prepare` makes, which is not measured. A profiler of
/// guest instructions finds a row between two calls of `getppid()`.
fn report<T>(name: &str, count: usize, prepare: impl Fn() -> T, call: impl Fn(&T)) {
    let cost = least(ROWS, || {
        let prepared: Vec<T> = (0..count).map(|_| prepare()).collect();
        let _ = getppid();
        let start = now();
        prepared.iter().for_each(&call);
        let end = now();
        let _ = getppid();
        (end - start) / count as u64
    });
    println!("{name}\t{cost}");
}

/// The smallest of several results.
pub fn least(times: u32, mut measure: impl FnMut() -> u64) -> u64 {
    (0..times).map(|_| measure()).min().unwrap_or(0)
}
