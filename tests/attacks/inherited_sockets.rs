// SPDX-License-Identifier: GPL-2.0

//! A tenant has sockets of others: of the host, from before it was associated;
//! of its whole; of its part; or of another tenant, in a shared table of
//! descriptors. Tries all operations on all kinds of these sockets, of each
//! owner.

use std::mem;
use std::net::IpAddr;

use libc::{SOL_SOCKET, SO_REUSEPORT};

use super::inherited_operations::{Operation, OPERATIONS};
use crate::addr::{ip, HOST4, HOST6, ONE, PAIRS, TWO};
use crate::child::{in_child, stay, Channel};
use crate::client::{associate, narrow, narrow_keeping};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::sharing_descriptors;
use crate::sys::descriptor::opened_by_another;

/// A kind of socket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Of TCP, with a connection to be accepted.
    Listener,
    /// Of TCP, with something to read.
    Connection,
    /// Of UDP, with a message.
    Datagram,
    /// Of UDP, connected, with a message.
    Talk,
    /// Of UDP, in a group with `SO_REUSEPORT`, with a message.
    Member,
    /// Of TCP, listening in such a group, with a connection to be accepted.
    Server,
}

impl Kind {
    fn proto(self) -> Proto {
        match self {
            Listener | Connection | Server => Proto::Tcp,
            Datagram | Talk | Member => Proto::Udp,
        }
    }
}

use Kind::{Connection, Datagram, Listener, Member, Server, Talk};

const KINDS: [Kind; 6] = [Listener, Connection, Datagram, Talk, Member, Server];

/// The owner of the socket that a process uses.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    /// The process's, which is unassociated.
    Nobodys,
    /// Its association's.
    Own,
    /// The host's.
    Hosts,
    /// Another tenant's.
    Anothers,
    /// Of the whole of its association, at an address that the part does not
    /// have.
    Wholes,
    /// The same, at an address that the part has.
    WholesThere,
    /// The same, on the loopback of the whole, which the part keeps.
    WholesOnLoopback,
    /// Of a part of its association.
    Parts,
    /// The same, of a part that keeps the loopback.
    PartsOnLoopback,
}

use Whose::{
    Anothers, Hosts, Nobodys, Own, Parts, PartsOnLoopback, Wholes, WholesOnLoopback, WholesThere,
};

const OWNERS: [Whose; 8] = [
    Own,
    Hosts,
    Anothers,
    Wholes,
    WholesThere,
    WholesOnLoopback,
    Parts,
    PartsOnLoopback,
];

impl Whose {
    /// The owner's addresses, one of each family.
    fn addresses(self) -> [&'static str; 2] {
        match self {
            Nobodys | Hosts => [HOST4, HOST6],
            Own | Wholes | WholesThere | Parts => [ONE[0], ONE[1]],
            Anothers => [TWO[0], TWO[1]],
            WholesOnLoopback | PartsOnLoopback => ["127.0.0.1", "::1"],
        }
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for kind in KINDS {
        let what = format!("{kind:?}").to_lowercase();
        tests.push(everywhere(
            format!("all_operations_on_a_{what}_work_for_an_unassociated_process"),
            move || walk(kind, Nobodys),
        ));
        for whose in OWNERS {
            let name = format!(
                "operations_on_a_{what}_of_{}_are_as_the_table_says",
                whose.name()
            );
            tests.push(behaviour(name, move || walk(kind, whose)));
        }
    }
    tests
}

/// The errno that an operation must return; 0 for success.
fn expected(operation: &Operation, kind: Kind, whose: Whose) -> i32 {
    let goes_on = kind == Connection && matches!(whose, WholesThere | Parts);
    match whose {
        // The gate knows those of such a part by their scope, which is that of the whole.
        Nobodys | Own | PartsOnLoopback => 0,
        // The connection is between addresses of the own set, so it continues.
        // But it may not become another connection.
        _ if goes_on && !operation.name.contains("connect") => 0,
        _ => operation.verdict.errno(),
    }
}

/// Tries all operations at an address of each family.
fn walk(kind: Kind, whose: Whose) {
    for at in whose.addresses() {
        in_child(|| walk_at(kind, whose, ip(at)));
    }
}

/// Tries each operation on a socket of its own. Panics with those that returned
/// something else.
fn walk_at(kind: Kind, whose: Whose, at: IpAddr) {
    let tried: Vec<&Operation> = OPERATIONS
        .iter()
        .filter(|operation| operation.on.contains(&kind))
        .collect();
    let sockets = given(whose, || tried.iter().map(|_| open(kind, at)).collect());
    let mut wrong = Vec::new();
    for (operation, sock) in tried.iter().zip(&sockets) {
        let outcome = (operation.run)(sock);
        let errno = outcome.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
        let expected = expected(operation, kind, whose);
        if errno != expected {
            wrong.push(format!("{}: {errno}, not {expected}", operation.name));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} at {at}: {wrong:#?}",
        wrong.len(),
        tried.len()
    );
}

/// Makes sockets of the given owner, and associates this process, which then
/// has them.
fn given(whose: Whose, make: impl FnOnce() -> Vec<Sock>) -> Vec<Sock> {
    match whose {
        Nobodys => make(),
        Own => {
            associate(ONE);
            make()
        }
        Hosts => {
            let sockets = make();
            associate(ONE);
            sockets
        }
        Anothers => {
            let (go, opened) = (Channel::new(), Channel::new());
            let other = sharing_descriptors(|| {
                go.receive();
                associate(TWO);
                show(&opened, make());
            });
            other.expect("clone3");
            associate(ONE);
            go.send("");
            shown(&opened)
        }
        Wholes | WholesThere | WholesOnLoopback => {
            associate(PAIRS[0]);
            let sockets = make();
            let set = match whose {
                Wholes => ["10.1.0.1", "2001:db8:1::1"],
                _ => [ONE[0], ONE[1]],
            };
            let narrowed = match whose {
                WholesOnLoopback => narrow_keeping(&set, ""),
                _ => narrow(&set, ""),
            };
            narrowed.expect("narrow");
            sockets
        }
        Parts | PartsOnLoopback => {
            associate(PAIRS[0]);
            let opened = Channel::new();
            let other = sharing_descriptors(|| {
                let narrowed = match whose {
                    PartsOnLoopback => narrow_keeping(ONE, ""),
                    _ => narrow(ONE, ""),
                };
                narrowed.expect("narrow");
                show(&opened, make());
            });
            other.expect("clone3");
            shown(&opened)
        }
    }
}

/// Reports the numbers of the sockets in the shared table, and keeps all open.
fn show(opened: &Channel, sockets: Vec<Sock>) -> ! {
    let numbers: Vec<String> = sockets.iter().map(|s| s.number().to_string()).collect();
    mem::forget(sockets);
    opened.send(&numbers.join(" "));
    stay()
}

fn shown(opened: &Channel) -> Vec<Sock> {
    let numbers = opened.receive();
    let sockets = numbers.split(' ').map(|number| {
        let number = number.parse().expect("a number");
        Sock::from(opened_by_another(number))
    });
    sockets.collect()
}

/// Makes a socket of a kind at an address, and its peer, which stays open.
pub fn open(kind: Kind, at: IpAddr) -> Sock {
    let sock = Sock::for_ip(kind.proto(), at);
    if matches!(kind, Member | Server) {
        sock.set(SOL_SOCKET, SO_REUSEPORT, 1);
    }
    sock.bind((at, 0)).expect("bind");
    let other = match kind {
        Listener | Server => {
            sock.listen().expect("listen");
            let client = Sock::for_ip(Proto::Tcp, at);
            client.connect(sock.local()).expect("connect");
            client
        }
        Connection => {
            let server = Sock::serving(Proto::Tcp, (at, 0));
            sock.connect(server.local()).expect("connect");
            let (theirs, _) = server.accept().expect("accept");
            theirs.send(b"x").expect("send");
            theirs
        }
        Datagram | Talk | Member => {
            let peer = Sock::serving(Proto::Udp, (at, 0));
            if kind == Talk {
                sock.connect(peer.local()).expect("connect");
            }
            peer.send_to(b"x", sock.local()).expect("send");
            peer
        }
    };
    mem::forget(other);
    sock
}
