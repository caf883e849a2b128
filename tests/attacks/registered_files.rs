// SPDX-License-Identifier: GPL-2.0

//! Sockets in an io_uring's own table of files. The process has no descriptor
//! of them, so a search of its descriptors does not find them when it is
//! associated.

use std::io;

use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, ONE};
use crate::registry::{refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::uring::{On, Ring};

/// The only slot.
const FIRST: On<'static> = On::Slot(0);

pub fn tests() -> Vec<Test> {
    vec![
        registered(
            "bind",
            || (Sock::v4(Proto::Tcp), None),
            |ring| ring.bind(FIRST, (HOST4, 80)),
        ),
        registered("listen", || bound(Proto::Tcp), |ring| ring.listen(FIRST)),
        registered(
            "connect",
            || bound(Proto::Udp),
            |ring| ring.connect(FIRST, (HOST4, 9)),
        ),
        registered(
            "sendmsg",
            || bound(Proto::Udp),
            |ring| ring.send_to(FIRST, b"x", (HOST4, 9)),
        ),
        registered(
            "send_to_an_address",
            || bound(Proto::Udp),
            |ring| ring.send_at(FIRST, b"x", (HOST4, 9)),
        ),
        registered(
            "send_without_a_copy",
            || bound(Proto::Udp),
            |ring| ring.send_uncopied(FIRST, b"x", (HOST4, 9)),
        ),
        registered("send", connected, |ring| ring.send(FIRST, b"x")),
        registered("receive", addressed, |ring| ring.receive(FIRST).map(drop)),
        registered("accept", called, |ring| ring.accept(FIRST).map(drop)),
    ]
}

/// Does `operate` on a socket that `make` makes and that is in the table before
/// the process is associated. The other socket stays open until then.
fn registered(
    what: &str,
    make: impl Fn() -> (Sock, Option<Sock>) + 'static,
    operate: fn(&mut Ring) -> io::Result<()>,
) -> Test {
    let name = format!("ring_{what}_on_a_foreign_socket_in_its_own_table_is_refused");
    refusal(name, ONE, EADDRNOTAVAIL, move || -> Attack {
        let (sock, other) = make();
        let mut ring = Ring::new();
        ring.register(&[&sock]).expect("register");
        // The table is its only holder.
        drop(sock);
        Box::new(move || {
            let _other = &other;
            operate(&mut ring)
        })
    })
}

fn bound(proto: Proto) -> (Sock, Option<Sock>) {
    let sock = Sock::v4(proto);
    sock.bind((HOST4, 5000)).expect("bind before");
    (sock, None)
}

fn connected() -> (Sock, Option<Sock>) {
    let server = Sock::serving(Proto::Tcp, (HOST4, 0));
    let sock = Sock::v4(Proto::Tcp);
    sock.connect(server.local()).expect("connect before");
    (sock, Some(server))
}

/// A socket with a message to receive.
fn addressed() -> (Sock, Option<Sock>) {
    let sock = Sock::serving(Proto::Udp, (HOST4, 0));
    let sent = Sock::v4(Proto::Udp).send_to(b"x", sock.local());
    sent.expect("send");
    (sock, None)
}

/// A listener with a connection to accept.
fn called() -> (Sock, Option<Sock>) {
    let server = Sock::serving(Proto::Tcp, (HOST4, 0));
    let client = Sock::v4(Proto::Tcp);
    client.connect(server.local()).expect("connect");
    (server, Some(client))
}
