// SPDX-License-Identifier: GPL-2.0

//! An address leaves a tenant's set, and connections there are reset. Wherever
//! the tenant has them, none continues, and none is in the way of the next owner.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;

use addrconf_abi::{Change, Target};
use libc::{ECONNRESET, EPIPE, SOL_SOCKET, SO_ERROR};

use crate::addr::{ip, PAIRS};
use crate::child::{as_tenant, eventually, Channel, Child};
use crate::client::{associate, narrow, Device};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::message::recvfrom;
use crate::sys::socket::accept;
use crate::sys::trace::{receive_descriptor, send_descriptor};
use crate::uring::{On, Ring};

const PORT: u16 = 80;

/// Tries to read from a connection.
type Read<'a> = Box<dyn FnMut() -> io::Result<Vec<u8>> + 'a>;

/// Where a tenant keeps a connection that came to a listener.
#[derive(Clone, Copy)]
pub struct Place {
    name: &'static str,
    /// How many connections the call reports as reset.
    resets: u64,
    keep: for<'a> fn(&'a Sock, &'a Outsider) -> Read<'a>,
}

pub const PLACES: [Place; 6] = [
    place("accepted", |server, _| {
        let connection = accepted(server);
        Box::new(move || read(&connection))
    }),
    place("not_accepted_yet", |server, _| {
        Box::new(move || {
            if !server.has_input(0) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            read(&Sock::from(accept(server.as_fd())?.0))
        })
    }),
    place("on_its_way_through_a_unix_socket", |server, _| {
        let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
        send_descriptor(theirs.as_fd(), accepted(server).as_fd()).expect("send");
        let mut got = None;
        Box::new(move || {
            if got.is_none() {
                got = receive_descriptor(ours.as_fd())?.map(Sock::from);
            }
            read(got.as_ref().ok_or(io::ErrorKind::PermissionDenied)?)
        })
    }),
    place("in_the_table_of_a_ring", |server, _| {
        let mut ring = Ring::new();
        ring.register(&[&accepted(server)]).expect("register");
        Box::new(move || {
            let count = ring.receive(On::Slot(0))?;
            Ok(vec![0; count as usize])
        })
    }),
    place("held_by_an_outsider", |server, outsider| {
        outsider.give(accepted(server));
        Box::new(move || outsider.read())
    }),
    // The connection is in its final wait, and no process has it.
    Place {
        resets: 0,
        ..place("closed", |server, _| {
            drop(accepted(server));
            Box::new(move || Err(io::ErrorKind::NotConnected.into()))
        })
    },
];

const fn place(name: &'static str, keep: for<'a> fn(&'a Sock, &'a Outsider) -> Read<'a>) -> Place {
    Place {
        name,
        resets: 1,
        keep,
    }
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for place in PLACES {
        for (family, nr) in [("v4", 0), ("v6", 2)] {
            tests.push(behaviour(
                format!("a_{family}_connection_that_is_{}_is_reset", place.name),
                move || is_reset(place, nr, false),
            ));
        }
        tests.extend([
            behaviour(
                format!("a_parts_connection_that_is_{}_is_reset", place.name),
                move || is_reset(place, 0, true),
            ),
            behaviour(
                format!("a_connection_that_is_{}_goes_on_until_then", place.name),
                move || goes_on(place),
            ),
        ]);
    }
    tests
}

/// The address numbered `nr` leaves the set, and the connection is reset.
fn is_reset(place: Place, nr: usize, by_part: bool) {
    let at = PAIRS[0][nr];
    let owner = Owner::keeping(place, at, by_part);
    let update = Device::open().update(owner.target(), Change::Remove, &[at], true);
    assert_eq!(update.expect("update"), place.resets, "connections reset");
    // This call may be the first to report the reset.
    let mut told = owner.client.send(b"secret").err();
    eventually("the client sees the reset", || {
        told = told.take().or_else(|| pending_error(&owner.client));
        told.is_some()
    });
    let told = told.and_then(|e| e.raw_os_error());
    assert!([Some(ECONNRESET), Some(EPIPE)].contains(&told), "{told:?}");
    let read = owner.read();
    assert!(!read.starts_with("ok"), "the former owner read: {read}");
    // The next owner can use the address.
    as_tenant(&[at], || {
        let sock = Sock::for_ip(Proto::Tcp, ip(at));
        sock.serve(Proto::Tcp, (at, PORT)).expect("serve");
    });
}

/// Another address leaves the set, and the connection continues: what is tried
/// above would read from it.
fn goes_on(place: Place) {
    let owner = Owner::keeping(place, PAIRS[0][0], false);
    let update = Device::open().update(owner.target(), Change::Remove, &[PAIRS[0][1]], true);
    assert_eq!(update.expect("update"), 0, "connections reset");
    if place.resets == 0 {
        return;
    }
    owner.client.send(b"secret").expect("send");
    eventually("the owner reads data", || owner.read().starts_with("ok 6"));
}

/// A tenant with a connection.
pub struct Owner {
    _child: Child,
    id: u64,
    orders: Channel,
    words: Channel,
    pub client: Sock,
}

impl Owner {
    /// A tenant that keeps a connection in some place; or its part does.
    pub fn keeping(place: Place, at: &str, by_part: bool) -> Self {
        let (orders, words) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let outsider = Outsider::new();
            words.send(&associate(PAIRS[0]).to_string());
            if by_part {
                narrow(&[at], "").expect("narrow");
            }
            let server = Sock::serving(Proto::Tcp, (at, PORT));
            words.send("");
            orders.receive();
            let mut read = (place.keep)(&server, &outsider);
            words.send("");
            loop {
                orders.receive();
                words.send(&match read() {
                    Ok(data) if !data.is_empty() => format!("ok {}", data.len()),
                    other => format!("{other:?}").replace('\n', " "),
                });
            }
        });
        let id = words.receive().parse().expect("an id");
        words.receive();
        let client = Sock::for_ip(Proto::Tcp, ip(at));
        client.connect((at, PORT)).expect("connect");
        orders.send("");
        words.receive();
        Self {
            _child: child,
            id,
            orders,
            words,
            client,
        }
    }

    pub fn target(&self) -> Target {
        Target::Association(self.id)
    }

    /// What it reads from the connection.
    pub fn read(&self) -> String {
        self.orders.send("");
        self.words.receive()
    }
}

/// A process of the host that holds connections for a tenant.
pub struct Outsider {
    _child: Child,
    way: UnixDatagram,
    orders: Channel,
    words: Channel,
}

impl Outsider {
    fn new() -> Self {
        let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
        let (orders, words) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| {
            let connection = receive_descriptor(theirs.as_fd()).expect("a message");
            let connection = Sock::from(connection.expect("a descriptor"));
            words.send("");
            loop {
                orders.receive();
                words.send(&read(&connection).map_or(0, |data| data.len()).to_string());
            }
        });
        Self {
            _child: child,
            way: ours,
            orders,
            words,
        }
    }

    fn give(&self, sock: Sock) {
        send_descriptor(self.way.as_fd(), sock.as_fd()).expect("send");
        self.words.receive();
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        self.orders.send("");
        let count = self.words.receive().parse().expect("a number");
        Ok(vec![0; count])
    }
}

fn accepted(server: &Sock) -> Sock {
    server.accept().expect("accept").0
}

/// Why a connection ended, if it did. Each error is reported once.
pub fn pending_error(sock: &Sock) -> Option<io::Error> {
    match sock.option(SOL_SOCKET, SO_ERROR) {
        0 => None,
        errno => Some(io::Error::from_raw_os_error(errno)),
    }
}

/// Reads what is there.
fn read(sock: &Sock) -> io::Result<Vec<u8>> {
    if !sock.has_input(0) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    Ok(recvfrom(sock.as_fd(), 64)?.0)
}
