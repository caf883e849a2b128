// SPDX-License-Identifier: GPL-2.0

//! A connection over the host's loopback from before the association. The
//! host's services trust such connections, and after the association the
//! tenant's loopback is another one.

use std::os::fd::AsFd;

use crate::addr::{ip, ONE};
use crate::child::{in_child, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};
use crate::sys::pipe::write;

/// How long silence is observed, in milliseconds.
const SILENCE: i32 = 1000;

const LOOPBACKS: [(&str, &str); 3] = [
    ("v4_loopback", "127.0.0.1"),
    ("v6_loopback", "::1"),
    ("another_loopback_address", "127.0.0.2"),
];

/// What an association is made with, as part of a name.
const ASSIGNMENTS: [(&str, Assignment); 2] = [
    ("", Assignment::DEFAULT),
    ("_that_resets", Assignment::RESET),
];

/// Which end of the connection the process has.
#[derive(Clone, Copy)]
enum End {
    Client,
    Server,
}

const ENDS: [(&str, End); 2] = [("to", End::Client), ("from", End::Server)];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (where_, at) in LOOPBACKS {
        for (direction, end) in ENDS {
            for (how, assignment) in ASSIGNMENTS {
                tests.push(behaviour(
                    format!(
                        "a_connection_{direction}_the_host_over_{where_}_is_of_no_use_after_an_association{how}"
                    ),
                    move || {
                        let said = conversation(at, end, Some(&assignment));
                        assert_eq!(said, (false, false), "the host heard, the tenant heard");
                    },
                ));
            }
            tests.push(everywhere(
                format!("a_connection_{direction}_the_host_over_{where_}_goes_on_without_an_association"),
                move || {
                    let said = conversation(at, end, None);
                    assert_eq!(said, (true, true), "the host heard, the process heard");
                },
            ));
        }
    }
    for (where_, at) in LOOPBACKS {
        tests.extend([
            behaviour(
                format!("a_connection_within_a_tree_over_{where_}_goes_on"),
                move || within_a_tree(at, &Assignment::TREE),
            ),
            behaviour(
                format!("a_connection_of_a_process_with_itself_over_{where_}_goes_on"),
                move || with_itself(at),
            ),
        ]);
    }
    tests
}

/// A process has a connection with the host, and is associated if there are
/// terms. Returns whether the host receives what it sends then, and whether it
/// receives what the host sends.
fn conversation(at: &'static str, end: End, terms: Option<&Assignment>) -> (bool, bool) {
    let (ready, go, port, heard) = (
        Channel::new(),
        Channel::new(),
        Channel::new(),
        Channel::new(),
    );
    let child = Child::spawn(|| {
        let theirs = match end {
            End::Client => connected(at, &port),
            End::Server => accepted(at, &port),
        };
        assert_eq!(theirs.receive().expect("receive").0, b"before");
        theirs.send(b"before").expect("send");
        ready.send("");
        go.receive();
        // It does not matter here whether this fails or has no effect.
        let _ = theirs.send(b"after");
        let _ = write(theirs.as_fd(), b"after");
        ready.send("");
        go.receive();
        heard.send(&hears(&theirs).to_string());
    });
    // Made after the fork, so the child has no socket of the host.
    let host = match end {
        End::Client => accepted(at, &port),
        End::Server => connected(at, &port),
    };
    host.send(b"before").expect("send");
    assert_eq!(host.receive().expect("receive").0, b"before");
    ready.receive();
    if let Some(terms) = terms {
        associate_with(child.pid(), ONE, terms);
    }
    go.send("");
    ready.receive();
    let host_heard = hears(&host);
    let _ = host.send(b"after");
    go.send("");
    let tenant_heard = heard.receive() == "true";
    child.succeeded();
    (host_heard, tenant_heard)
}

/// The end that connects, once it has received the port.
fn connected(at: &str, port: &Channel) -> Sock {
    let port: u16 = port.receive().parse().expect("a port");
    let client = Sock::for_ip(Proto::Tcp, ip(at));
    client.connect((at, port)).expect("connect");
    client
}

/// The end that listens, and sends its port.
fn accepted(at: &str, port: &Channel) -> Sock {
    let server = Sock::serving(Proto::Tcp, (at, 0));
    port.send(&server.local().port().to_string());
    server.accept().expect("accept").0
}

/// Whether any byte arrives.
fn hears(sock: &Sock) -> bool {
    sock.has_input(SILENCE) && sock.receive().is_ok_and(|(data, _)| !data.is_empty())
}

/// A parent and its child have a connection, and are associated together.
fn within_a_tree(at: &'static str, terms: &Assignment) {
    let (ready, go) = (Channel::new(), Channel::new());
    let root = Child::spawn(|| {
        let server = Sock::serving(Proto::Tcp, (at, 0));
        let child = Child::spawn(|| {
            let client = Sock::for_ip(Proto::Tcp, ip(at));
            client.connect(server.local()).expect("connect");
            while let Ok((data, _)) = client.receive() {
                if data.is_empty() {
                    return;
                }
                client.send(&data).expect("send");
            }
            panic!("the connection broke");
        });
        let (connection, _) = server.accept().expect("accept");
        answers(&connection, b"before");
        ready.send("");
        go.receive();
        for _ in 0..3 {
            answers(&connection, b"after");
        }
        drop(connection);
        child.succeeded();
    });
    ready.receive();
    associate_with(root.pid(), ONE, terms);
    go.send("");
    root.succeeded();
}

fn answers(connection: &Sock, word: &[u8]) {
    connection.send(word).expect("send");
    assert_eq!(connection.receive().expect("receive").0, word);
}

fn with_itself(at: &'static str) {
    in_child(|| {
        let server = Sock::serving(Proto::Tcp, (at, 0));
        let client = Sock::for_ip(Proto::Tcp, ip(at));
        client.connect(server.local()).expect("connect");
        let (connection, _) = server.accept().expect("accept");
        crate::client::associate(ONE);
        for _ in 0..3 {
            client.send(b"there").expect("send");
            assert_eq!(connection.receive().expect("receive").0, b"there");
            connection.send(b"back").expect("send");
            assert_eq!(client.receive().expect("receive").0, b"back");
        }
    });
}
