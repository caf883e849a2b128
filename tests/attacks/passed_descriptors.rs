// SPDX-License-Identifier: GPL-2.0

//! Sockets that are handed over. Either an outsider that helps sends them
//! through a Unix socket, where they may wait while the process is associated;
//! or they are taken from a process that does not help.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;

use libc::{EACCES, EPERM};

use crate::addr::{ANY4, HOST4, ONE, TWO};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::process::take_descriptor;
use crate::sys::trace::{receive_descriptor, send_descriptor};
use crate::sys::user::{become_user, NOBODY};

/// A way to make a socket.
type Make = fn() -> Sock;

/// Sockets from outside that no tenant may get.
const FOREIGN: [(&str, Make); 4] = [
    ("listener", || Sock::serving(Proto::Tcp, (HOST4, 80))),
    ("wildcard_listener", || {
        Sock::serving(Proto::Tcp, (ANY4, 80))
    }),
    ("datagram_socket", || Sock::serving(Proto::Udp, (HOST4, 80))),
    ("connection", || {
        let server = Sock::serving(Proto::Tcp, (HOST4, 0));
        let sock = Sock::v4(Proto::Tcp);
        sock.connect(server.local()).expect("connect");
        sock
    }),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, make) in FOREIGN {
        tests.extend([
            refusal(
                format!("receiving_a_{what}_from_outside_is_refused"),
                ONE,
                EACCES,
                move || sent_later(make),
            ),
            refusal(
                format!("receiving_a_{what}_that_waited_is_refused"),
                ONE,
                EACCES,
                move || {
                    let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
                    send_descriptor(theirs.as_fd(), make().as_fd()).expect("send");
                    Box::new(move || received(&ours))
                },
            ),
            refusal(
                format!("taking_a_{what}_is_refused"),
                ONE,
                EPERM,
                move || taken(make, None),
            ),
        ]);
    }
    tests.extend([
        refusal(
            "receiving_a_listener_that_waited_in_a_waiting_socket_is_refused",
            ONE,
            EACCES,
            || {
                let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
                let (inner, inner_theirs) = UnixDatagram::pair().expect("socketpair");
                let listener = Sock::serving(Proto::Tcp, (HOST4, 80));
                send_descriptor(inner_theirs.as_fd(), listener.as_fd()).expect("send");
                send_descriptor(theirs.as_fd(), inner.as_fd()).expect("send");
                drop(inner);
                Box::new(move || {
                    let inner = receive_descriptor(ours.as_fd())?.expect("a Unix socket");
                    received(&UnixDatagram::from(inner))
                })
            },
        ),
        refusal(
            "taking_a_listener_of_the_same_user_is_refused",
            ONE,
            EPERM,
            || taken(|| Sock::serving(Proto::Tcp, (HOST4, 8080)), Some(NOBODY)),
        ),
        behaviour("a_socket_of_another_tenant_cannot_be_received", || {
            let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
            as_tenant(TWO, || {
                let sock = Sock::serving(Proto::Tcp, (TWO[0], 80));
                send_descriptor(theirs.as_fd(), sock.as_fd()).expect("send");
            });
            as_tenant(ONE, || {
                let got = receive_descriptor(ours.as_fd()).expect("a message");
                assert!(got.is_none(), "a socket of another tenant was received");
            });
        }),
        behaviour("a_socket_of_the_set_can_be_received", || {
            let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
            let sock = Sock::serving(Proto::Tcp, (ONE[0], 80));
            send_descriptor(theirs.as_fd(), sock.as_fd()).expect("send");
            associate(ONE);
            let got = receive_descriptor(ours.as_fd()).expect("a message");
            Sock::v4(Proto::Tcp).connect((ONE[0], 80)).expect("connect");
            Sock::from(got.expect("a socket")).accept().expect("accept");
        }),
        behaviour("a_tenants_processes_hand_sockets_to_each_other", || {
            as_tenant(ONE, || {
                let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
                let _child = Child::spawn(|| {
                    let sock = Sock::serving(Proto::Tcp, (ANY4, 80));
                    send_descriptor(theirs.as_fd(), sock.as_fd()).expect("send");
                    stay();
                });
                let got = receive_descriptor(ours.as_fd()).expect("a message");
                Sock::v4(Proto::Tcp).connect((ONE[0], 80)).expect("connect");
                Sock::from(got.expect("a socket")).accept().expect("accept");
            });
        }),
    ]);
    tests
}

/// Receives a descriptor. `EACCES` if the message came without it.
pub(super) fn received(through: &UnixDatagram) -> io::Result<()> {
    match receive_descriptor(through.as_fd())? {
        Some(_) => Ok(()),
        None => Err(io::Error::from_raw_os_error(EACCES)),
    }
}

/// An unassociated process sends a socket during the attack.
fn sent_later(make: fn() -> Sock) -> Attack {
    let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
    let (ready, go) = (Channel::new(), Channel::new());
    let helper = Child::spawn(|| {
        let sock = make();
        ready.send("");
        go.receive();
        send_descriptor(theirs.as_fd(), sock.as_fd()).expect("send");
        stay();
    });
    ready.receive();
    Box::new(move || {
        let _helper = &helper;
        go.send("");
        received(&ours)
    })
}

/// Takes a socket from an unassociated process. Both processes are of `user`,
/// if there is one.
fn taken(make: fn() -> Sock, user: Option<u32>) -> Attack {
    let number = Channel::new();
    let owner = Child::spawn(|| {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
        let sock = make();
        number.send(&sock.number().to_string());
        stay();
    });
    let number = number.receive().parse().expect("a number");
    Box::new(move || {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
        take_descriptor(owner.pid(), number).map(drop)
    })
}
