// SPDX-License-Identifier: GPL-2.0

//! Sockets that had another's address before the process was associated, and
//! data that reaches them in other ways than through the usual calls.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, MSG_MORE, MSG_ZEROCOPY, SOL_SOCKET, SO_ZEROCOPY};

use crate::addr::{Addr, HOST4, ONE};
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::sys::message::sendto;
use crate::sys::pipe::{pipe, send_file, splice, write};

use super::witness::Spoof;

/// A way for data to get into a connected socket.
type Way = fn(&Sock) -> io::Result<()>;

const WAYS: [(&str, Way); 5] = [
    ("write", |sock| write(sock.as_fd(), b"x").map(drop)),
    ("sendfile", |sock| {
        let file = File::open("/proc/self/exe")?;
        send_file(sock.as_fd(), file.as_fd(), 16).map(drop)
    }),
    ("splice", |sock| {
        let (read, write) = pipe()?;
        File::from(write).write_all(b"x")?;
        splice(read.as_fd(), sock.as_fd(), 1).map(drop)
    }),
    ("a_send_without_a_copy", |sock| {
        sendto(sock.as_fd(), b"x", MSG_ZEROCOPY, &[]).map(drop)
    }),
    ("a_send_of_more", |sock| {
        sendto(sock.as_fd(), b"x", MSG_MORE, &[])?;
        sendto(sock.as_fd(), b"x", 0, &[]).map(drop)
    }),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, way) in WAYS {
        for proto in PROTOS {
            let name = format!(
                "{what}_on_a_{}_socket_connected_before_outside_the_set_is_refused",
                proto.name()
            );
            tests.push(refusal(name, ONE, EADDRNOTAVAIL, move || {
                let server = Sock::serving(proto, ("10.0.0.3", 0));
                let sock = connected_as_host(proto, server.local());
                Box::new(move || way(&sock).map(|()| drop(server)))
            }));
        }
    }
    let spoof = |name, prepare| Spoof {
        name,
        proto: Proto::Udp,
        at: "10.0.0.3",
        foreign: HOST4,
        prepare,
    };
    for spoof in [
        spoof("a_write_as_the_host", |to| through(to, 0)),
        spoof("a_sendfile_as_the_host", |to| through(to, 1)),
        spoof("a_splice_as_the_host", |to| through(to, 2)),
        spoof("a_send_without_a_copy_as_the_host", |to| through(to, 3)),
        spoof("a_send_of_more_as_the_host", |to| through(to, 4)),
    ] {
        tests.extend(spoof.tests());
    }
    tests
}

fn through(to: Addr, way: usize) -> Attack {
    let sock = connected_as_host(Proto::Udp, to);
    Box::new(move || WAYS[way].1(&sock))
}

fn connected_as_host(proto: Proto, to: Addr) -> Sock {
    let sock = Sock::v4(proto);
    sock.set(SOL_SOCKET, SO_ZEROCOPY, 1);
    sock.bind((HOST4, 0)).expect("bind before");
    sock.connect(to).expect("connect before");
    sock
}
