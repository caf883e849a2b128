// SPDX-License-Identifier: GPL-2.0

//! An address passes to another association. The former owner can no longer use
//! its connections there, and they are not in the way of the next owner.

use std::fs;
use std::io;
use std::mem;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;

use addrconf_abi::{Change, Target};
use libc::{
    EADDRNOTAVAIL, EINPROGRESS, F_SETFL, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, O_NONBLOCK, SHUT_WR,
    SO_ATTACH_FILTER,
};

use super::reset_connections::{pending_error, Owner, PLACES};
use crate::addr::{HOST4, TWO};
use crate::child::{as_tenant, eventually, stay, Channel, Child};
use crate::client::{associate, entries, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};
use crate::sys::descriptor::fcntl;
use crate::sys::option::attach_classic;
use crate::sys::socket::{listen, shutdown};
use crate::sys::trace::send_descriptor;

/// The ports that `connect()` may choose.
const PORTS: std::ops::Range<u16> = 40000..40200;

/// The address that changes hands, and the other one of the former owner.
const MOVING: &str = "10.0.0.1";
const STAYING: &str = "10.1.0.1";

/// `include/uapi/linux/in.h`.
const IP_LOCAL_PORT_RANGE: i32 = 51;

/// The port of the server.
const SERVICE: u16 = 9;

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        behaviour(
            "connections_in_flight_keep_no_port_from_the_next_owner",
            || {
                let _server = serve_many();
                let former = Former::start(fill_with_connections);
                assert_eq!(former.loses(), PORTS.len() as u64);
                as_tenant(&[MOVING], || {
                    let all: io::Result<Vec<Sock>> = PORTS.map(|_| connection()).collect();
                    all.expect("a connection from each port");
                });
            },
        ),
        everywhere("connections_in_flight_keep_ports_from_others", || {
            let _server = serve_many();
            choose_among_few();
            let ready = Channel::new();
            let _child = Child::spawn(|| fill_with_connections(&ready));
            ready.receive();
            let errno = connection().err().and_then(|e| e.raw_os_error());
            assert_eq!(errno, Some(EADDRNOTAVAIL));
        }),
        behaviour("a_connection_that_was_asked_for_is_ended", || {
            let _silent = silent();
            let former = Former::start(|ready| {
                let sock = asking();
                ready.send("");
                eventually("connecting ended", || pending_error(&sock).is_some());
                ready.send("");
                stay();
            });
            assert_eq!(former.loses(), 1);
            former.ready.receive();
            as_tenant(&[MOVING], || drop(asking()));
        }),
        behaviour(
            "a_finished_connection_is_not_in_the_next_owners_way",
            || {
                let _server = closing();
                let former = Former::start(|ready| {
                    finish().expect("connect");
                    ready.send("");
                    stay();
                });
                assert_eq!(former.loses(), 0);
                as_tenant(&[MOVING], || finish().expect("connect"));
            },
        ),
        everywhere("a_finished_connection_is_in_others_way", || {
            let _server = closing();
            eventually("one is in the way", || {
                finish().is_err_and(|e| e.raw_os_error() == Some(EADDRNOTAVAIL))
            });
        }),
    ];
    for (how, pass_on) in HANDS {
        tests.push(behaviour(
            format!("a_connection_that_was_not_reset_goes_on_until_the_address_is_anothers_{how}"),
            move || goes_on_until(pass_on),
        ));
    }
    tests
}

/// Gives the address to another association, which has it as long as the
/// returned process lives.
type PassOn = fn() -> Child;

/// The ways to pass the address on.
const HANDS: [(&str, PassOn); 3] = [
    ("by_assignment", || idle(&[MOVING])),
    ("by_addition", || updated(Change::Add, &[MOVING])),
    ("by_replacement", || {
        updated(Change::Replace, &[TWO[0], MOVING])
    }),
];

fn updated(change: Change, set: &[&str]) -> Child {
    let child = idle(TWO);
    let update = Device::open().update(Target::Pid(child.pid()), change, set, false);
    update.expect("update");
    child
}

fn goes_on_until(pass_on: PassOn) {
    let owner = Owner::keeping(PLACES[0], MOVING, false);
    let update = Device::open().update(owner.target(), Change::Remove, &[MOVING], false);
    assert_eq!(update.expect("update"), 0, "connections reset");
    owner.client.send(b"first").expect("send");
    eventually("the owner reads it", || owner.read() == "ok 5");
    let left = Device::open().leftovers(owner.target()).expect("query");
    assert_eq!(left, vec![(entries(&[MOVING])[0], 1)]);
    let _next = pass_on();
    let mut told = owner.client.send(b"second").err();
    eventually("the client sees it", || {
        told = told.take().or_else(|| pending_error(&owner.client));
        told.is_some()
    });
    let read = owner.read();
    assert!(!read.starts_with("ok"), "the former owner read: {read}");
    let left = Device::open().leftovers(owner.target()).expect("query");
    assert_eq!(left, vec![]);
}

/// The former owner of the address, a process that runs `act`.
struct Former {
    _child: Child,
    id: u64,
    ready: Channel,
}

impl Former {
    fn start(act: fn(&Channel) -> !) -> Self {
        choose_among_few();
        let ready = Channel::new();
        let child = Child::spawn(|| {
            ready.send(&associate(&[MOVING, STAYING]).to_string());
            act(&ready);
        });
        let id = ready.receive().parse().expect("an id");
        ready.receive();
        Self {
            _child: child,
            id,
            ready,
        }
    }

    /// Removes the address from its set. Returns how many connections were
    /// reset.
    fn loses(&self) -> u64 {
        let target = Target::Association(self.id);
        let update = Device::open().update(target, Change::Remove, &[MOVING], true);
        update.expect("update")
    }
}

fn choose_among_few() {
    let range = format!("{} {}", PORTS.start, PORTS.end - 1);
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", range).expect("sysctl");
}

/// A listener with room for a connection from each of [`PORTS`].
fn serve_many() -> Sock {
    let server = Sock::v4(Proto::Tcp);
    server.bind((HOST4, SERVICE)).expect("bind");
    listen(server.as_fd(), 1024).expect("listen");
    server
}

fn connection() -> io::Result<Sock> {
    let sock = Sock::v4(Proto::Tcp);
    sock.connect((HOST4, SERVICE)).map(|()| sock)
}

/// Makes a connection from each port. Each is on its way through a Unix socket,
/// and none has a descriptor.
fn fill_with_connections(ready: &Channel) -> ! {
    for _ in PORTS {
        let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
        let connection = connection().expect("connect");
        send_descriptor(theirs.as_fd(), connection.as_fd()).expect("send");
        mem::forget((ours, theirs));
    }
    ready.send("");
    stay();
}

/// A listener that never answers.
fn silent() -> Sock {
    const RETURN: u16 = 6;
    let server = Sock::serving(Proto::Tcp, (HOST4, SERVICE));
    attach_classic(server.as_fd(), SO_ATTACH_FILTER, &[(RETURN, 0)]).expect("filter");
    server
}

fn bound() -> Sock {
    let sock = Sock::v4(Proto::Tcp);
    sock.bind((MOVING, PORTS.start)).expect("bind");
    sock
}

/// A connection that was requested and gets no answer.
fn asking() -> Sock {
    let sock = bound();
    fcntl(sock.as_fd(), F_SETFL, O_NONBLOCK).expect("O_NONBLOCK");
    let errno = sock.connect((HOST4, SERVICE)).err();
    let errno = errno.and_then(|e| e.raw_os_error());
    assert_eq!(errno, Some(EINPROGRESS));
    sock
}

/// A server that closes after the other end has.
fn closing() -> Child {
    let server = Sock::serving(Proto::Tcp, (HOST4, SERVICE));
    Child::spawn(|| loop {
        let (connection, _) = server.accept().expect("accept");
        while connection.receive().is_ok_and(|(data, _)| !data.is_empty()) {}
    })
}

/// Makes a connection and closes it, which leaves it in TIME_WAIT.
fn finish() -> io::Result<()> {
    let sock = Sock::v4(Proto::Tcp);
    // connect() can choose this port only, and fails while another connection
    // to the server has it.
    sock.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    let range = u32::from(PORTS.start) << 16 | u32::from(PORTS.start);
    sock.set(IPPROTO_IP, IP_LOCAL_PORT_RANGE, range as i32);
    sock.bind((MOVING, 0))?;
    sock.connect((HOST4, SERVICE))?;
    shutdown(sock.as_fd(), SHUT_WR)?;
    // Waits until the other end closes, too.
    sock.receive().map(drop)
}
