// SPDX-License-Identifier: GPL-2.0

//! Calls by the hundred between calls of `getppid()`, by which a profiler of guest
//! instructions tells the phases apart. Prints the names of the phases.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::{
    accept, bind, connect, listen, recv, send, sendto, socket, AddressFamily, RecvFlags, SendFlags,
    SocketType,
};
use rustix::process::getppid;

const TIMES: usize = 100;

/// Runs all phases with sockets on this address.
pub fn run(addr: Ipv4Addr) {
    let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let here = SocketAddrV4::new(addr, 0);
    let sink = SocketAddrV4::new(addr, 9);
    let port = SocketAddrV4::new(addr, 8080);
    let receiver = many(1, SocketType::DGRAM);
    bind(&receiver[0], &sink).expect("bind");
    let server = many(1, SocketType::STREAM);
    bind(&server[0], &port).expect("bind");
    listen(&server[0], 1000).expect("listen");
    // Warm up.
    let sender = many(1, SocketType::DGRAM);
    bind(&sender[0], &here).expect("bind");
    for _ in 0..2 {
        let _ = getppid();
        phase("sendto", || {
            let _ = sendto(&sender[0], b"x", SendFlags::empty(), &sink);
        });
        while recv(&receiver[0], &mut [0], RecvFlags::DONTWAIT).is_ok() {}
    }
    let sockets = many(TIMES, SocketType::STREAM);
    each("bind address", &sockets, |s| bind(s, &here).expect("bind"));
    each("listen", &sockets, |s| listen(s, 1).expect("listen"));
    let sockets = many(TIMES, SocketType::STREAM);
    each("bind wildcard", &sockets, |s| bind(s, &any).expect("bind"));
    let sockets = many(TIMES, SocketType::DGRAM);
    each("connect udp", &sockets, |s| {
        connect(s, &sink).expect("connect")
    });
    let sockets = many(TIMES, SocketType::STREAM);
    each("connect tcp", &sockets, |s| {
        connect(s, &port).expect("connect")
    });
    let peers: Vec<OwnedFd> = (0..TIMES)
        .map(|_| accept(&server[0]).expect("accept"))
        .collect();
    each("send", &sockets, |s| {
        send(s, b"x", SendFlags::empty()).expect("send");
    });
    each("recv", &peers, |s| {
        recv(s, &mut [0], RecvFlags::empty()).expect("recv");
    });
}

fn many(count: usize, kind: SocketType) -> Vec<OwnedFd> {
    (0..count)
        .map(|_| socket(AddressFamily::INET, kind, None).expect("socket"))
        .collect()
}

fn phase(name: &str, mut call: impl FnMut()) {
    let _ = getppid();
    (0..TIMES).for_each(|_| call());
    let _ = getppid();
    println!("{name}");
}

fn each(name: &str, sockets: &[OwnedFd], mut call: impl FnMut(&OwnedFd)) {
    let mut sockets = sockets.iter();
    phase(name, || {
        call(sockets.next().expect("a socket for each call"))
    });
}
