// SPDX-License-Identifier: GPL-2.0

//! `sockets`: those of associations, who holds them, and what is not known.

use std::net::SocketAddr;

use serde_json::Value;

use super::{addrctl, nginx};
use crate::error::ErrorKind;
use crate::system::{Protocol, Socket, State};
use crate::testing::{tcp, Fake};

/// A machine with two associations, of which the first is exclusive.
fn machine() -> Fake {
    let fake = nginx();
    fake.state().local = Some(vec![
        "10.0.0.1".parse().unwrap(),
        "10.0.0.9".parse().unwrap(),
    ]);
    addrctl(&fake, "define shop 10.0.0.1,2001:db8::1 --exclusive").unwrap();
    addrctl(&fake, "define blog 10.0.0.2").unwrap();
    addrctl(&fake, "assign 812 --to shop").unwrap();
    fake.state().group("/system.slice/nginx.service", &[812]);
    fake
}

/// Adds a socket of an association, or of none, that these processes hold.
fn add(fake: &Fake, socket: Socket, owner: Option<u64>, pids: &[i32]) {
    let mut state = fake.state();
    state.owners.extend(owner.map(|id| (socket.cookie, id)));
    state.sockets.push((socket, pids.to_vec()));
}

/// A connection from `local` to another machine, with this number.
fn connection(local: &str, state: State, inode: u64) -> Socket {
    Socket {
        remote: Some("192.0.2.7:50000".parse::<SocketAddr>().unwrap()),
        cookie: 100 + inode,
        ..tcp(local, state, inode)
    }
}

/// Adds a connection of association 1, and what is left of one of nobody.
pub(super) fn add_some(fake: &Fake) {
    let held = connection("10.0.0.1:80", State::Established, 2);
    add(fake, held, Some(1), &[812]);
    add(
        fake,
        tcp("10.0.0.1:8080", State::Listening, 3),
        Some(1),
        &[812],
    );
    add(fake, remnant("10.0.0.9:80"), None, &[]);
}

/// What is left of a connection.
fn remnant(local: &str) -> Socket {
    Socket {
        is_remnant: true,
        uid: 0,
        ..connection(local, State::TimeWait, 0)
    }
}

/// What `line` prints, without the heading.
fn rows(fake: &Fake, line: &str) -> Vec<String> {
    let printed = addrctl(fake, line).unwrap();
    printed.lines().skip(1).map(str::to_owned).collect()
}

fn sockets(fake: &Fake, line: &str) -> Vec<Value> {
    let json = addrctl(fake, &format!("{line} --json")).unwrap();
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["version"], 1);
    document["sockets"].as_array().unwrap().clone()
}

#[test]
fn sockets_of_associations_are_listed_with_who_holds_them() {
    let fake = machine();
    let mut listener = tcp("0.0.0.0:80", State::Listening, 1);
    (listener.unread, listener.unsent) = (2, 511);
    add(&fake, listener, Some(1), &[812, 813]);
    add(
        &fake,
        connection("10.0.0.1:80", State::Established, 2),
        Some(1),
        &[812],
    );
    // Two that no process holds: one in the queue of the listener, one that was closed.
    let waiting = connection("10.0.0.1:80", State::Established, 0);
    add(
        &fake,
        Socket {
            cookie: 3,
            ..waiting
        },
        Some(1),
        &[],
    );
    let closed = connection("10.0.0.1:80", State::FinWait1, 0);
    add(
        &fake,
        Socket {
            cookie: 4,
            unsent: 70,
            ..closed
        },
        Some(1),
        &[],
    );
    // One that is in an io_uring alone.
    let udp = Socket {
        protocol: Protocol::Udp,
        uid: 1000,
        ..tcp("[2001:db8::1]:53", State::Unconnected, 5)
    };
    add(&fake, udp, Some(1), &[]);
    let raw = Socket {
        protocol: Protocol::Raw,
        uid: 0,
        ..tcp("10.0.0.2:1", State::Unconnected, 6)
    };
    add(&fake, raw, Some(2), &[813]);
    add(&fake, tcp("0.0.0.0:22", State::Listening, 7), None, &[]);
    assert_eq!(
        addrctl(&fake, "sockets").unwrap(),
        "\
ID  NAME  PROTO  STATE        LOCAL             REMOTE           USER      UNREAD  UNSENT  UNIT           HELD BY
 1  shop  tcp    listening    0.0.0.0:80        -                www-data       2     511  nginx.service  812 (nginx) and 1 more
 1  shop  tcp    established  10.0.0.1:80       192.0.2.7:50000  www-data       0       0  -              nobody: not accepted yet
 1  shop  tcp    established  10.0.0.1:80       192.0.2.7:50000  www-data       0       0  nginx.service  812 (nginx)
 1  shop  tcp    fin-wait-1   10.0.0.1:80       192.0.2.7:50000  www-data       0      70  -              nobody: it lingers
 1  shop  udp    unconnected  [2001:db8::1]:53  -                1000           0       0  -              no process is seen
 2  blog  raw/1  unconnected  10.0.0.2          -                root           0       0  -              813 (nginx)
"
    );
    let states = |line: &str| -> Vec<_> {
        let all = sockets(&fake, line).into_iter();
        all.map(|socket| {
            (
                socket["association"].as_u64(),
                socket["local"]["port"].clone(),
            )
        })
        .collect()
    };
    assert_eq!(states("sockets blog"), [(Some(2), 1.into())]);
    let open = [
        (Some(1), 80.into()),
        (Some(1), 53.into()),
        (Some(2), 1.into()),
    ];
    assert_eq!(states("sockets --listening"), open);
    let host = (None, Value::from(22));
    assert_eq!(states("sockets --all --listening").last(), Some(&host));
}

#[test]
fn json_tells_what_is_known_and_null_for_what_is_not() {
    let fake = machine();
    add(
        &fake,
        connection("10.0.0.1:80", State::Established, 2),
        Some(1),
        &[812],
    );
    add(&fake, remnant("10.0.0.9:80"), None, &[]);
    let all = sockets(&fake, "sockets --all");
    assert_eq!(
        all[0].to_string(),
        r#"{"association":1,"holders":[{"command":"nginx","pid":812,"unit":"nginx.service"}],"local":{"address":"10.0.0.1","port":80},"name":"shop","protocol":"tcp","remote":{"address":"192.0.2.7","port":50000},"state":"established","uid":33,"unheld":null,"unread":0,"unsent":0}"#
    );
    let last = &all[1];
    for field in ["association", "name"] {
        assert!(last[field].is_null(), "{last}");
    }
    assert_eq!(last["state"], "time-wait");
    assert_eq!(last["unheld"], "lingers");
}

#[test]
fn a_remnant_is_of_the_association_of_its_connection() {
    let fake = machine();
    add(&fake, remnant("127.0.0.1:80"), Some(2), &[]);
    let all = sockets(&fake, "sockets");
    assert_eq!(
        (&all[0]["association"], &all[0]["name"]),
        (&2.into(), &"blog".into())
    );
    // An association may have ended before its last connections.
    fake.state().owners.insert(100, 9);
    let all = sockets(&fake, "sockets");
    assert_eq!(
        (&all[0]["association"], &all[0]["name"]),
        (&9.into(), &Value::Null)
    );
}

#[test]
fn a_socket_without_an_association_is_not_judged_by_its_address() {
    let fake = machine();
    add(
        &fake,
        connection("10.0.0.1:80", State::Established, 2),
        None,
        &[813],
    );
    assert!(rows(&fake, "sockets").is_empty());
    assert_eq!(rows(&fake, "sockets --all").len(), 1);
}

#[test]
fn a_kernel_without_a_protocol_is_named() {
    let fake = machine();
    add(
        &fake,
        tcp("0.0.0.0:80", State::Listening, 1),
        Some(1),
        &[812],
    );
    fake.state().notes.clear();
    fake.state().untold = vec![Protocol::Raw];
    assert_eq!(rows(&fake, "sockets").len(), 1);
    assert!(fake.state().notes.is_empty());
    fake.state().untold = vec![Protocol::Udp];
    assert_eq!(rows(&fake, "sockets").len(), 1);
    assert!(fake.state().notes[0].contains("CONFIG_INET_UDP_DIAG"));
    fake.state().untold = vec![Protocol::Tcp];
    let error = addrctl(&fake, "sockets").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot list the sockets of associations: the kernel does not tell its sockets; it needs \
         CONFIG_INET_DIAG, and where that is a module, the modules inet_diag and tcp_diag"
    );
}

#[test]
fn a_module_that_does_not_tell_and_an_association_that_is_not_there_are_errors() {
    let fake = machine();
    let error = addrctl(&fake, "sockets 7").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = addrctl(&fake, "sockets mail").unwrap_err();
    assert_eq!(error.exit_code(), 5, "{error}");
    fake.state().module = Some(9);
    let error = addrctl(&fake, "sockets").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error}");
}
