// SPDX-License-Identifier: GPL-2.0

//! A process has very many descriptors of one connection, in many threads.
//! Ending its connections must not fail for lack of memory.

use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use addrconf_abi::{Change, Target};

use crate::addr::{HOST4, PAIRS};
use crate::child::{stay, Channel, Child};
use crate::client::{associate_process, entries, Assignment, Device};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::limit::allow_descriptors;

/// Copies of a descriptor. One word for each copy in each thread would be more
/// than the kernel allocates in one piece.
const COPIES: usize = 53_000;
const THREADS: usize = 10;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "copies_of_a_connection_do_not_keep_it_from_being_ended_by_an_update",
            || {
                let server = Sock::serving(Proto::Tcp, (HOST4, 0));
                let child = connected("10.0.0.1", &server);
                associate_process(child.pid(), PAIRS[0]);
                let (device, pid) = (Device::open(), Target::Pid(child.pid()));
                let ended = device.update(pid, Change::Remove, &["10.0.0.1"], true);
                assert_eq!(ended.expect("update"), 1);
            },
        ),
        behaviour(
            "copies_of_a_connection_do_not_keep_it_from_being_ended_by_assign",
            || {
                let server = Sock::serving(Proto::Tcp, (HOST4, 0));
                let child = connected(HOST4, &server);
                let terms = Assignment::RESET;
                let device = Device::open();
                let assigned =
                    device.assign_with(Target::Pid(child.pid()), &entries(PAIRS[0]), &terms);
                assigned.expect("assign");
                let (connection, _) = server.accept().expect("accept");
                connection.receive().expect_err("the connection goes on");
            },
        ),
    ]
}

/// An unassociated process that has a connection, in [`COPIES`] descriptors.
fn connected(from: &str, server: &Sock) -> Child {
    let ready = Channel::new();
    let child = Child::spawn(|| {
        allow_descriptors(COPIES + 100).expect("setrlimit");
        let sock = Sock::v4(Proto::Tcp);
        sock.bind((from, 0)).expect("bind");
        sock.connect(server.local()).expect("connect");
        let copy = |_| sock.as_fd().try_clone_to_owned().expect("dup");
        let _copies: Vec<OwnedFd> = (0..COPIES).map(copy).collect();
        for _ in 1..THREADS {
            thread::spawn(|| stay());
        }
        ready.send("");
        stay();
    });
    ready.receive();
    child
}
