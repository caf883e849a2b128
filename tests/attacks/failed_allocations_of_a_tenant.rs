// SPDX-License-Identifier: GPL-2.0

//! A call of a tenant runs out of memory, which the tenant can see to itself:
//! it gains nothing by that.

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, ENOMEM};

use std::io;

use super::shortage::{self, each_failure, each_failure_with, ready};
use crate::addr::{ip, Addr, HOST4, ONE, PAIRS};
use crate::child::{as_tenant, eventually, Channel, Child};
use crate::client::narrow;
use crate::probe::verdicts;
use crate::registry::Test;
use crate::sock::{Proto, Sock};
use crate::sys::fault::{Faults, Log};
use crate::sys::process;

pub fn tests() -> Vec<Test> {
    shortage::tests(vec![
        (
            "narrowing_without_memory_leaves_no_more_than_before",
            narrow_itself,
        ),
        ("fork_without_memory_changes_nothing", fork),
        ("socket_without_memory_changes_nothing", socket),
        ("bind_without_memory_changes_nothing", || {
            calls(false, |sock| sock.bind((HOST4, 0)))
        }),
        ("bind_to_a_member_without_memory_changes_nothing", || {
            calls(true, |sock| sock.bind((ONE[0], 0)))
        }),
        ("sendmsg_without_memory_changes_nothing", || {
            calls(true, |sock| sock.send_to(b"x", (ONE[0], 9)))
        }),
        (
            "sendmsg_from_a_foreign_source_without_memory_changes_nothing",
            || {
                calls(false, |sock| sock.send_from(b"x", (ONE[0], 9), ip(HOST4)));
            },
        ),
        ("connect_without_memory_changes_nothing", connect),
        ("listen_without_memory_changes_nothing", listen),
    ])
}

fn narrow_itself() {
    ready(true);
    // Each time another process, for nobody may narrow itself without end.
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
                // The threads that were moved so far stay so, if any.
                Err(error) => assert_eq!(error.raw_os_error(), Some(ENOMEM), "{error}"),
            }
            done.send(if failed { "failed" } else { "no more" });
        });
        if done.receive() == "no more" {
            return;
        }
    }
}

fn fork() {
    let device = ready(false);
    let log = Log::quiet();
    let (done, go) = (Channel::new(), Channel::new());
    let tenant = Child::tenant(ONE, || {
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
    // Failed ones were counted out again.
    eventually("one task", || {
        let found = device.query(Target::Pid(tenant.pid()));
        found.expect("query").tasks == 1
    });
    go.send("");
    tenant.succeeded();
    log.has_no_other_complaint();
}

/// The errno of binding outside the set.
fn foreign_bind() -> i32 {
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
                    sock.bind((ONE[0], 0)).expect("a member");
                }
            },
        );
    });
}

/// A call of a tenant on a fresh datagram socket.
fn calls(good: bool, call: fn(&Sock) -> io::Result<()>) {
    ready(true);
    as_tenant(ONE, || {
        each_failure_with(
            good,
            || Sock::v4(Proto::Udp),
            call,
            |_| assert_eq!(foreign_bind(), EADDRNOTAVAIL),
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
            |outcome| {
                if outcome.is_ok() {
                    assert_eq!(foreign_bind(), EADDRNOTAVAIL);
                }
            },
        );
    });
    // Of all that came in, nothing came from elsewhere.
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
            |_| assert_eq!(foreign_bind(), EADDRNOTAVAIL),
        );
    });
}
