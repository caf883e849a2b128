// SPDX-License-Identifier: GPL-2.0

//! A process that forks as fast as it can, by several threads, while it is
//! being associated, narrowed or released: a child is what its maker is.

use std::thread;

use addrconf_abi::Target;
use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, ONE};
use crate::child::{end_with, eventually, stay, Channel, Child};
use crate::client::{associate_process, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::clone::exit_thread;
use crate::sys::process::{self, clone3};

/// How many children before and after.
const BEFORE: usize = 20;
const CHILDREN: usize = 150;

/// How often.
const ROUNDS: usize = 5;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("no_child_of_a_storm_is_free_after_a_confined_one", || {
            for _ in 0..ROUNDS {
                let said = storm(|pid| {
                    associate_process(pid, ONE);
                });
                // In the order they were made: free ones, then confined ones.
                let first = said.iter().position(|v| v.starts_with("99"));
                let first = first.expect("none was confined: this proves nothing");
                let escaped = said[first..].iter().filter(|v| *v != "99 ok").count();
                assert_eq!(escaped, 0, "{said:?}");
                assert!(said[..first].iter().all(|v| v == "ok ok"), "{said:?}");
                assert!(first >= BEFORE, "none was free: this proves nothing");
            }
        }),
        behaviour("a_storm_by_many_threads_leaves_none_outside", || {
            for _ in 0..ROUNDS {
                threads();
            }
        }),
    ]
}

/// A process forks and says, in the order in which it made them, what each
/// child may bind to; `meanwhile` is run when some are made.
fn storm(meanwhile: impl FnOnce(i32)) -> Vec<String> {
    assert_eq!(EADDRNOTAVAIL, 99);
    let (some, out, go) = (Channel::new(), Channel::new(), Channel::new());
    let maker = Child::spawn(|| {
        for nr in 0.. {
            let answer = Channel::new();
            Child::spawn(|| answer.send(&verdicts(&[HOST4, ONE[0]]))).succeeded();
            let verdict = answer.receive();
            let last = nr >= CHILDREN || (nr > BEFORE && verdict != "ok ok");
            out.send(&verdict);
            if nr == BEFORE {
                some.send("");
            }
            if last {
                break;
            }
        }
        for _ in 0..5 {
            let answer = Channel::new();
            Child::spawn(|| answer.send(&verdicts(&[HOST4, ONE[0]]))).succeeded();
            out.send(&answer.receive());
        }
        out.send("end");
        go.receive();
    });
    some.receive();
    meanwhile(maker.pid());
    let mut said = Vec::new();
    loop {
        let line = out.receive();
        if line == "end" {
            break;
        }
        said.push(line);
    }
    go.send("");
    maker.succeeded();
    said
}

/// Four threads make children by a bare `clone3()` while their process is
/// associated. What is made after that is all in it.
fn threads() {
    let (ready, stop, made) = (Channel::new(), Channel::new(), Channel::new());
    let maker = Child::spawn(|| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for nr in 0..CHILDREN / 4 {
                        // Without locks and memory: other threads had them.
                        match clone3(0).expect("clone3") {
                            None => exit_thread(),
                            Some(pid) => drop(process::wait(pid, false)),
                        }
                        if nr == 5 {
                            ready.send("");
                        }
                    }
                });
            }
        });
        // The last ones stay, to be counted.
        for _ in 0..4 {
            if clone3(0).expect("clone3").is_none() {
                end_with(|| stay());
            }
        }
        made.send("");
        stop.receive();
    });
    ready.receive();
    let id = associate_process(maker.pid(), ONE);
    for _ in 1..4 {
        ready.receive();
    }
    made.receive();
    let device = Device::open();
    eventually("the count of tasks", || {
        let found = device.query(Target::Association(id)).expect("query");
        found.tasks == 5 && found.pids.len() == 5
    });
    stop.send("");
}
