// SPDX-License-Identifier: GPL-2.0

//! Descriptors from before the association: receiving on them, and sending on
//! them without a socket call.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE};

use crate::addr::{ANY4, HOST4, ONE};
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::memory::Shared;
use crate::sys::message::recvmsg;
use crate::sys::option::exchange_option;
use crate::sys::pipe::{pipe, splice};

pub fn tests() -> Vec<Test> {
    vec![
        old("accept", || {
            let server = Sock::serving(Proto::Tcp, (HOST4, 0));
            let client = Sock::v4(Proto::Tcp);
            client.connect(server.local()).expect("connect");
            Box::new(move || server.accept().map(|_| drop(client)))
        }),
        old("recvfrom", || {
            let sock = addressed();
            Box::new(move || sock.receive().map(drop))
        }),
        old("recvmsg", || {
            let sock = addressed();
            Box::new(move || recvmsg(sock.as_fd(), 16).map(drop))
        }),
        old("read", || {
            let sock = addressed();
            Box::new(move || file(&sock).read(&mut [0; 16]).map(drop))
        }),
        old("receive_on_a_connection", || {
            let (mine, theirs) = connection();
            theirs.send(b"x").expect("send");
            Box::new(move || mine.receive().map(|_| drop(theirs)))
        }),
        old("splice_from_a_connection", || {
            let (mine, theirs) = connection();
            theirs.send(b"x").expect("send");
            Box::new(move || {
                let (_read, write) = pipe()?;
                let moved = splice(mine.as_fd(), write.as_fd(), 1)?;
                assert_eq!((moved, drop(theirs)), (1, ()));
                Ok(())
            })
        }),
        old("receive_without_a_copy", || {
            let (mine, theirs) = connection();
            theirs.send(b"secret").expect("send");
            Box::new(move || {
                assert!(receive_without_a_copy(&mine)?.contains(b"secret"));
                drop(theirs);
                Ok(())
            })
        }),
        old("write", || {
            let (mine, theirs) = connection();
            Box::new(move || file(&mine).write(b"x").map(|_| drop(theirs)))
        }),
        old("sendfile", || {
            let (mine, theirs) = connection();
            let mut stream = TcpStream::from(mine.as_fd().try_clone_to_owned().expect("dup"));
            Box::new(move || {
                let mut text = File::open("/etc/hostname")?;
                io::copy(&mut text, &mut stream)?;
                drop((mine, theirs));
                Ok(())
            })
        }),
        old("receive_on_what_waits_at_a_wildcard_listener", || {
            let (server, client) = waiting();
            Box::new(move || server.accept()?.0.receive().map(|_| drop(client)))
        }),
        old("send_on_what_waits_at_a_wildcard_listener", || {
            let (server, client) = waiting();
            Box::new(move || server.accept()?.0.send(b"x").map(|_| drop(client)))
        }),
        behaviour("receiving_on_an_old_member_goes_on", || {
            let sock = Sock::serving(Proto::Udp, (ONE[0], 0));
            crate::client::associate(ONE);
            Sock::v4(Proto::Udp)
                .send_to(b"x", sock.local())
                .expect("send");
            assert_eq!(sock.receive().expect("receive").0, b"x");
        }),
    ]
}

fn old(what: &str, prepare: impl Fn() -> Attack + 'static) -> Test {
    let name = format!("{what}_by_a_foreign_descriptor_from_before_is_refused");
    refusal(name, ONE, EADDRNOTAVAIL, prepare)
}

/// A socket outside the set, with a message to receive.
fn addressed() -> Sock {
    let sock = Sock::serving(Proto::Udp, (HOST4, 0));
    let sent = Sock::v4(Proto::Udp).send_to(b"x", sock.local());
    sent.expect("send");
    sock
}

/// A listener at all addresses, and a client that connected to it outside the
/// set and sent something.
fn waiting() -> (Sock, Sock) {
    let server = Sock::serving(Proto::Tcp, (ANY4, 0));
    let client = Sock::v4(Proto::Tcp);
    let port = server.local().port();
    client.connect((HOST4, port)).expect("connect");
    client.send(b"x").expect("send");
    (server, client)
}

/// A connection of the host, outside the set, both ends.
pub(super) fn connection() -> (Sock, Sock) {
    let server = Sock::serving(Proto::Tcp, (HOST4, 0));
    let mine = Sock::v4(Proto::Tcp);
    mine.bind((HOST4, 0)).expect("bind");
    mine.connect(server.local()).expect("connect");
    let (theirs, _) = server.accept().expect("accept");
    (mine, theirs)
}

/// Makes the kernel copy what a connection received into memory, through an
/// option.
pub(super) fn receive_without_a_copy(sock: &Sock) -> io::Result<Shared> {
    let memory = Shared::new(4096)?;
    // struct tcp_zerocopy_receive: where to map pages, none here; length, hint,
    // what is there, error; where to copy less than a page, and how much.
    let mut request = vec![0; 24];
    request.extend(memory.address().to_ne_bytes());
    request.extend(4096_u32.to_ne_bytes());
    request.resize(64, 0);
    exchange_option(sock.as_fd(), IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, request)?;
    Ok(memory)
}

fn file(sock: &Sock) -> File {
    File::from(sock.as_fd().try_clone_to_owned().expect("dup"))
}
