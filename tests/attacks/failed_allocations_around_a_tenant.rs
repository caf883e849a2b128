// SPDX-License-Identifier: GPL-2.0

//! Memory runs out where a tenant gets something that might not be confined: a
//! thread, a program, a descriptor, a thread of the kernel, a connection from
//! outside.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::{exit, Command};
use std::thread;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, SOL_SOCKET, SO_SNDTIMEO};

use super::failed_allocations_of_a_tenant::foreign_bind;
use super::shortage::{self, each_failure, each_failure_with, needs_no_memory, ready};
use crate::addr::{Addr, ANY4, HOST4, ONE};
use crate::child::{as_tenant, eventually, spawn_tenant, stay, Channel, Child};
use crate::fault::{Faults, HastyFaults, Log};
use crate::probe;
use crate::program::{arguments, program_rule, rules_about, Programs, Shops};
use crate::registry::Test;
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;
use crate::sys::process::Status;
use crate::sys::trace::{receive_descriptor, send_descriptor};
use crate::uring::Ring;

/// How many allocations of `exec` fail, one in each run: more than it makes
/// before the program starts.
const OF_EXEC: u32 = 150;

/// How many connections are requested.
const CONNECTIONS: usize = 20;

pub fn tests() -> Vec<Test> {
    shortage::tests(vec![
        ("a_thread_without_memory_is_confined", make_threads),
        ("a_program_without_memory_is_confined", execute),
        ("a_program_of_a_rule_without_memory_is_confined", enter),
        ("refusing_a_foreign_socket_needs_no_memory", receive),
        ("bind_by_a_ring_without_memory_changes_nothing", || {
            by_ring(|(ring, sock)| ring.bind_by_caller(sock, (HOST4, 0)));
        }),
        (
            "bind_by_a_rings_worker_without_memory_changes_nothing",
            || {
                by_ring(|(ring, sock)| ring.bind(&*sock, (HOST4, 0)));
            },
        ),
        (
            "connections_from_outside_without_memory_are_to_the_set",
            connections,
        ),
    ])
}

fn make_threads() {
    ready(false);
    let log = Log::quiet();
    as_tenant(ONE, || {
        each_failure(
            true,
            || thread::Builder::new().spawn(foreign_bind).map(|t| t.join()),
            |outcome| {
                if let Ok(errno) = outcome {
                    assert_eq!(*errno.as_ref().expect("a thread"), EADDRNOTAVAIL);
                }
            },
        );
    });
    log.has_no_other_complaint();
}

fn execute() {
    ready(true);
    as_tenant(ONE, || {
        // The call that lacks memory may be the program's own.
        each_execution(
            || probe::command(&[HOST4]),
            |said, nth| assert_ne!(said, "ok", "at allocation {nth}"),
        );
    });
}

/// A rule takes the process in as it executes the program, or it does not live to execute it.
fn enter() {
    ready(true);
    let (shops, programs) = (Shops::new(), Programs::new());
    let one = programs.copy("one");
    rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
    let command = || {
        let mut command = Command::new(&one);
        command.args(arguments());
        command
    };
    each_execution(command, |said, nth| {
        let foreign = said.split_whitespace().last();
        assert!(
            foreign.is_none_or(|verdict| verdict != "ok"),
            "at allocation {nth}: {said}"
        );
    });
    eventually("the end of all tasks", || shops.shop.describe().tasks == 0);
}

/// Executes a program while an allocation fails, each in turn, and checks what those say that
/// are executed.
fn each_execution(command: impl Fn() -> Command, check: impl Fn(&str, u32)) {
    let (mut ran, mut failed) = (0, 0);
    for nth in 1..=OF_EXEC {
        let out = Channel::new();
        let mut child = Child::spawn(|| {
            let mut command = command();
            command.stdout(out.sender());
            let faults = Faults::of_this_thread().expect("fail-nth");
            let tried = faults.at(nth, || command.exec());
            eprintln!("{tried:?}");
            exit(1);
        });
        match child.wait() {
            Status::Exited(0) => {
                check(&out.receive(), nth);
                ran += 1;
            }
            _ => failed += 1,
        }
    }
    assert!(ran > 0 && failed > 0, "{ran} ran, {failed} did not");
}

fn receive() {
    ready(true);
    let foreign = Sock::serving(Proto::Tcp, (HOST4, 0));
    as_tenant(ONE, || {
        needs_no_memory(
            || {
                let pair = UnixDatagram::pair().expect("socketpair");
                send_descriptor(pair.0.as_fd(), foreign.as_fd()).expect("send");
                pair
            },
            |pair| receive_descriptor(pair.1.as_fd()),
            |_, outcome| {
                let got = outcome.as_ref().expect("a message");
                assert!(got.is_none(), "a foreign socket was received");
            },
        );
    });
}

/// Binds outside the set through a ring.
fn by_ring(bind: fn(&mut (Ring, Sock)) -> io::Result<()>) {
    ready(false);
    let log = Log::quiet();
    as_tenant(ONE, || {
        each_failure_with(
            false,
            || std::cell::RefCell::new((Ring::new(), Sock::v4(Proto::Udp))),
            |on| bind(&mut on.borrow_mut()),
            |on, _| assert_eq!(on.borrow().1.local().port(), 0, "the socket is bound"),
        );
    });
    log.has_no_other_complaint();
}

/// Memory for incoming packets is not allocated by a thread of the tenant. So
/// allocations fail for everybody here, while the host connects to a wildcard
/// of a tenant.
fn connections() {
    let device = ready(true);
    let (started, go, said) = (Channel::new(), Channel::new(), Channel::new());
    let tenant = spawn_tenant(ONE, || {
        let server = Sock::serving(Proto::Tcp, (ANY4, 80));
        started.send("");
        go.receive();
        let mut all = Vec::new();
        while server.has_input(0) {
            let (connection, _) = server.accept().expect("accept");
            said.send(&connection.local().ip().to_string());
            all.push(connection);
        }
        said.send("end");
        stay();
    });
    started.receive();
    let faults = HastyFaults::start().expect("settings of fault injection");
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let foreign = connect((HOST4, 80).into());
            assert!(foreign.is_err(), "somebody answers at {HOST4}");
            connect((ONE[0], 80).into())
        })
        .collect();
    assert!(faults.count() > 0, "no allocation failed");
    drop(faults);
    go.send("");
    let to = std::iter::from_fn(|| Some(said.receive()).filter(|word| word != "end"));
    let to: Vec<_> = to.collect();
    assert!(!to.is_empty() && clients.iter().any(|c| c.is_ok()));
    assert!(to.iter().all(|at| at == ONE[0]), "{to:?}");
    let found = device.query(Target::Pid(tenant.pid())).expect("query");
    assert!(
        found.sockets > to.len() as u64,
        "some connections belong to no association"
    );
}

/// Tries to connect, for 4 seconds at most.
fn connect(to: Addr) -> io::Result<Sock> {
    let sock = Sock::v4(Proto::Tcp);
    // struct timeval
    let limit = [4_i64.to_ne_bytes(), [0; 8]].concat();
    set_option_bytes(sock.as_fd(), SOL_SOCKET, SO_SNDTIMEO, &limit)?;
    sock.connect(to).map(|()| sock)
}
