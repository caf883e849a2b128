// SPDX-License-Identifier: GPL-2.0

//! Measures the cost of system calls, in nanoseconds of guest time. Under QEMU's
//! `-icount shift=0` one nanosecond is one instruction.
//!
//! Prints a line for each call: its name, a tab, and the smallest mean of several
//! rounds. `make bench` runs it without the module, with the module, and in an
//! associated process, and prints the ratios.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::Command;

use addrconf_test_sys::clock::now;
use rustix::net::{bind, connect, listen, sendto, socket, AddressFamily, SendFlags, SocketType};
use rustix::process::getppid;

const ROUNDS: u32 = 5;

fn main() {
    let addr: Ipv4Addr = std::env::args()
        .nth(1)
        .and_then(|a| a.parse().ok())
        .unwrap_or(Ipv4Addr::LOCALHOST);
    let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let here = SocketAddrV4::new(addr, 0);
    let sink = SocketAddrV4::new(addr, 9);
    let tcp = || socket(AddressFamily::INET, SocketType::STREAM, None).expect("socket");
    let udp = || socket(AddressFamily::INET, SocketType::DGRAM, None).expect("socket");

    report("getppid", 2000, || {
        let _ = getppid();
    });
    report("socket+close", 500, || drop(tcp()));
    report("socket+bind address+close", 300, || {
        bind(tcp(), &here).expect("bind");
    });
    report("socket+bind wildcard+close", 300, || {
        bind(tcp(), &any).expect("bind");
    });
    report("socket+bind+listen+close", 200, || {
        let socket = tcp();
        bind(&socket, &here).expect("bind");
        listen(&socket, 1).expect("listen");
    });
    let sender = udp();
    bind(&sender, &here).expect("bind");
    report("sendto from a bound socket", 1000, || {
        let _ = sendto(&sender, b"x", SendFlags::empty(), &sink);
    });
    let sender = udp();
    report("sendto from an unbound socket", 1000, || {
        let _ = sendto(&sender, b"x", SendFlags::empty(), &sink);
    });
    let server = tcp();
    let port = SocketAddrV4::new(addr, 8080);
    bind(&server, &port).expect("bind");
    listen(&server, 1000).expect("listen");
    report("socket+connect+accept+close", 50, || {
        let client = tcp();
        connect(&client, &port).expect("connect");
        drop(rustix::net::accept(&server).expect("accept"));
    });
    report("fork+exec+wait", 10, || {
        Command::new("/bin/true").status().expect("true");
    });
}

fn report(name: &str, count: u32, mut call: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = now();
            (0..count).for_each(|_| call());
            (now() - start) / u64::from(count)
        })
        .min()
        .unwrap_or(0);
    println!("{name}\t{best}");
}
