// SPDX-License-Identifier: GPL-2.0

//! A call of a tenant runs out of memory. The tenant can bring that about, and
//! must gain nothing by it.

use std::io;
use std::os::fd::AsFd;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, ENOMEM, IPPROTO_UDP, UDP_CORK};

use super::shortage::{self, each_failure, each_failure_with, needs_no_memory, ready};
use super::witness::sources;
use crate::addr::{ip, Addr, ANY4, HOST4, ONE, PAIRS};
use crate::child::{as_tenant, eventually, spawn_tenant, Channel};
use crate::client::narrow;
use crate::fault::{Faults, Log};
use crate::probe::verdicts;
use crate::registry::Test;
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option;
use crate::sys::process;

pub fn tests() -> Vec<Test> {
    shortage::tests(vec![
        (
            "narrowing_without_memory_leaves_no_more_than_before",
            narrow_itself,
        ),
        ("fork_without_memory_changes_nothing", fork),
        ("socket_without_memory_changes_nothing", socket),
        ("refusing_a_bind_needs_no_memory", || {
            refused(|sock| sock.bind((HOST4, 0)));
        }),
        ("bind_without_memory_changes_nothing", || {
            calls(Proto::Tcp, |sock| sock.bind((ONE[0], 0)));
        }),
        ("sendmsg_without_memory_changes_nothing", || {
            calls(Proto::Udp, |sock| sock.send_to(b"x", (ONE[0], 9)));
        }),
        ("refusing_a_source_in_sendmsg_needs_no_memory", || {
            refused(|sock| sock.send_from(b"x", (ONE[0], 9), ip(HOST4)));
        }),
        ("connect_without_memory_changes_nothing", connect),
        ("listen_without_memory_changes_nothing", listen),
        ("accept_without_memory_changes_nothing", accept),
        (
            "a_message_sent_in_parts_without_memory_comes_from_the_set",
            corked,
        ),
    ])
}

fn narrow_itself() {
    ready(true);
    // Each attempt needs a new process: none may narrow itself without end.
    for nth in 1.. {
        let done = Channel::new();
        as_tenant(PAIRS[0], || {
            let faults = Faults::of_this_thread().expect("fail-nth");
            let narrowing = || narrow(&["10.0.0.1"], "");
            let (outcome, failed) = faults.at(nth, narrowing).expect("fail-nth");
            assert_eq!(verdicts(&["10.0.0.1", HOST4]), "ok 99");
            let other = verdicts(&["10.1.0.1"]);
            match outcome {
                Ok(()) => assert_eq!(other, "99"),
                // Threads that were moved before the failure stay moved, if
                // any.
                Err(error) => assert_eq!(error.raw_os_error(), Some(ENOMEM), "{error}"),
            }
            done.send(if failed { "failed" } else { "no more" });
        });
        if done.receive() == "no more" {
            assert!(nth > 1, "no allocation failed: this proves nothing");
            return;
        }
    }
}

fn fork() {
    let device = ready(false);
    let log = Log::quiet();
    let (done, go) = (Channel::new(), Channel::new());
    let tenant = spawn_tenant(ONE, || {
        each_failure(
            true,
            || match process::fork()? {
                Some(pid) => Ok(process::wait(pid, false)),
                None => process::exit_now(foreign_bind()),
            },
            |outcome| {
                if let Ok(ended) = outcome {
                    let (_, status) = ended.as_ref().expect("wait").expect("a status");
                    assert_eq!(status, process::Status::Exited(EADDRNOTAVAIL));
                }
            },
        );
        done.send("");
        go.receive();
    });
    done.receive();
    // Failed forks no longer count as tasks.
    eventually("one task", || {
        let found = device.query(Target::Pid(tenant.pid()));
        found.expect("query").tasks == 1
    });
    go.send("");
    tenant.succeeded();
    log.has_no_other_complaint();
}

/// The errno of binding outside the set.
pub fn foreign_bind() -> i32 {
    let bound = Sock::v4(Proto::Udp).bind((HOST4, 0));
    bound.map_or_else(|e| e.raw_os_error().unwrap_or(1), |()| 0)
}

fn socket() {
    ready(true);
    as_tenant(ONE, || {
        each_failure(
            true,
            || Sock::new(libc::AF_INET, libc::SOCK_DGRAM, 0),
            |outcome| {
                if let Ok(sock) = outcome {
                    sock.bind((HOST4, 0)).expect_err("an unassociated socket");
                    sock.bind((ONE[0], 0))
                        .expect("bind to an address of the set");
                }
            },
        );
    });
}

/// Makes `call` as a tenant, on a fresh socket each time.
fn calls(proto: Proto, call: fn(&Sock) -> io::Result<()>) {
    ready(true);
    as_tenant(ONE, || {
        each_failure_with(
            true,
            || Sock::v4(proto),
            call,
            |_, _| assert_eq!(foreign_bind(), EADDRNOTAVAIL),
        );
    });
}

/// The same for a call that must be refused.
fn refused(call: fn(&Sock) -> io::Result<()>) {
    ready(true);
    as_tenant(ONE, || {
        needs_no_memory(
            || Sock::v4(Proto::Udp),
            call,
            |_, outcome| {
                let error = outcome.as_ref().expect_err("not refused");
                assert_eq!(error.raw_os_error(), Some(EADDRNOTAVAIL), "{error}");
            },
        );
    });
}

fn connect() {
    ready(true);
    let server = Sock::serving(Proto::Tcp, (HOST4, 80));
    as_tenant(ONE, || {
        each_failure_with(
            true,
            || Sock::v4(Proto::Tcp),
            |sock| sock.connect((HOST4, 80)),
            |_, outcome| {
                if outcome.is_ok() {
                    assert_eq!(foreign_bind(), EADDRNOTAVAIL);
                }
            },
        );
    });
    // Every connection that arrived came from the set.
    while server.has_input(0) {
        let (_, from) = server.accept().expect("accept");
        assert_eq!(from, Addr::from((ONE[0], from.port())));
    }
}

fn listen() {
    ready(true);
    as_tenant(ONE, || {
        each_failure_with(
            true,
            || Sock::v4(Proto::Tcp),
            Sock::listen,
            |_, _| assert_eq!(foreign_bind(), EADDRNOTAVAIL),
        );
    });
}

fn accept() {
    ready(true);
    as_tenant(ONE, || {
        each_failure_with(
            true,
            || {
                let server = Sock::serving(Proto::Tcp, (ANY4, 0));
                let client = Sock::v4(Proto::Tcp);
                let to = (ONE[0], server.local().port());
                client.connect(to).expect("connect");
                (server, client)
            },
            |(server, _client)| server.accept(),
            |_, outcome| {
                if let Ok((connection, _)) = outcome {
                    assert_eq!(connection.local().ip(), ip(ONE[0]));
                }
                assert_eq!(foreign_bind(), EADDRNOTAVAIL);
            },
        );
    });
}

fn corked() {
    ready(true);
    let witness = Sock::serving(Proto::Udp, (HOST4, 0));
    let to = witness.local();
    as_tenant(ONE, || {
        each_failure_with(
            true,
            || Sock::v4(Proto::Udp),
            |sock| {
                set_option(sock.as_fd(), IPPROTO_UDP, UDP_CORK, 1)?;
                sock.send_to(b"x", to.clone())?;
                sock.send_to(b"y", to.clone())?;
                set_option(sock.as_fd(), IPPROTO_UDP, UDP_CORK, 0)
            },
            |_, _| assert_eq!(foreign_bind(), EADDRNOTAVAIL),
        );
    });
    let sources = sources(Proto::Udp, &witness);
    assert!(!sources.is_empty());
    assert!(
        sources.iter().all(|&from| from == ip(ONE[0])),
        "{sources:?}"
    );
}
