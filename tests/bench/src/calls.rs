// SPDX-License-Identifier: GPL-2.0

//! What each system call costs, by itself: the smallest of many, less what reading the
//! clock costs.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use addrconf_test_sys::child::Child;
use addrconf_test_sys::clock::now;
use rustix::net::{
    accept, bind, connect, listen, recv, send, sendto, socket, AddressFamily, RecvFlags, SendFlags,
    SocketType,
};
use rustix::process::getppid;

const TIMES: u32 = 200;
const FEW_TIMES: u32 = 20;

/// Measures all calls with sockets on this address.
pub fn run(addr: Ipv4Addr) {
    let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let here = SocketAddrV4::new(addr, 0);
    let sink = SocketAddrV4::new(addr, 9);
    let server = tcp();
    let port = SocketAddrV4::new(addr, 8080);
    bind(&server, &port).expect("bind");
    listen(&server, 1000).expect("listen");

    report("getppid", TIMES, || (), |()| _ = getppid());
    report("socket tcp", TIMES, || (), |()| _ = tcp());
    report("bind tcp, address", TIMES, tcp, |s| {
        bind(s, &here).expect("bind");
    });
    report("bind tcp, wildcard", TIMES, tcp, |s| {
        bind(s, &any).expect("bind");
    });
    let bound = || {
        let socket = tcp();
        bind(&socket, &here).expect("bind");
        socket
    };
    report("listen", TIMES, bound, |s| {
        listen(s, 1).expect("listen");
    });
    report("connect udp", TIMES, udp, |s| {
        connect(s, &sink).expect("connect");
    });
    let sender = udp();
    bind(&sender, &here).expect("bind");
    report(
        "sendto udp, bound",
        TIMES,
        || (),
        |()| {
            let _ = sendto(&sender, b"x", SendFlags::empty(), &sink);
        },
    );
    let sender = udp();
    report(
        "sendto udp, unbound",
        TIMES,
        || (),
        |()| {
            let _ = sendto(&sender, b"x", SendFlags::empty(), &sink);
        },
    );
    report("connect tcp, whole handshake", FEW_TIMES, tcp, |s| {
        connect(s, &port).expect("connect");
    });
    for _ in 0..FEW_TIMES {
        drop(accept(&server).expect("accept"));
    }
    let client = tcp();
    connect(&client, &port).expect("connect");
    let peer = accept(&server).expect("accept");
    report(
        "send 1 B, established",
        TIMES,
        || (),
        |()| {
            send(&client, b"x", SendFlags::empty()).expect("send");
        },
    );
    report(
        "recv 1 B",
        TIMES,
        || (),
        |()| {
            recv(&peer, &mut [0], RecvFlags::empty()).expect("recv");
        },
    );
    let procfs = File::open("/proc/self/limits").expect("a procfs file");
    report(
        "read of a procfs file",
        TIMES,
        || (),
        |()| {
            procfs.read_at(&mut [0; 16], 0).expect("read");
        },
    );
    let regular = File::open("/etc/passwd").expect("a regular file");
    report(
        "read of a regular file",
        TIMES,
        || (),
        |()| {
            regular.read_at(&mut [0; 16], 0).expect("read");
        },
    );
    report(
        "fork, exit, wait",
        FEW_TIMES,
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

/// Prints the cost of `call` with what `prepare` makes, which is not measured.
fn report<T>(name: &str, times: u32, prepare: impl Fn() -> T, call: impl Fn(&T)) {
    let cost = least(times, || {
        let with = prepare();
        let start = now();
        call(&with);
        now() - start
    });
    let clock = least(times, || {
        let start = now();
        now() - start
    });
    println!("{name}\t{}", cost - clock);
}

/// The smallest of several results.
pub fn least(times: u32, mut measure: impl FnMut() -> u64) -> u64 {
    (0..times).map(|_| measure()).min().unwrap_or(0)
}
