// SPDX-License-Identifier: GPL-2.0

//! A process forks as fast as it can, from several threads, while it is being
//! associated. A child is in the association that its maker is in.

use std::os::fd::AsFd;
use std::thread;

use addrconf_abi::Target;
use libc::EADDRNOTAVAIL;

use crate::addr::{Addr, HOST4, ONE};
use crate::child::{end_with, eventually, stay, Channel, Child};
use crate::client::{associate_process, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::clone::{clone3, exit_thread_with};
use crate::sys::process::{self, Status};
use crate::sys::socket::{bind, socket};

/// How many children are made before the association, and how many at most in
/// all until a confined one.
const BEFORE: usize = 20;
const CHILDREN: usize = 150;

/// How often each test is repeated.
const ROUNDS: usize = 5;

/// How many threads make children.
const MAKERS: usize = 4;

/// How many children each makes at least before the association, and after it.
const SURE: usize = 10;

/// How many children stay in the end.
const STAYING: u64 = 4;

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

/// A process forks and reports, in the order in which it makes them, what each
/// child may bind to. `meanwhile` runs once some are made.
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

/// Four threads make children with a bare `clone3()` while their process is
/// being associated. Once it is associated, every child is, and no thread is
/// free again.
fn threads() {
    let (ready, associated) = (Channel::new(), Channel::new());
    let (made, stop) = (Channel::new(), Channel::new());
    let maker = Child::spawn(|| {
        let to = Addr::from((HOST4, 0));
        thread::scope(|scope| {
            for _ in 0..MAKERS {
                scope.spawn(|| make_children(&to, &ready, &associated));
            }
        });
        // The last ones stay, to be counted.
        for _ in 0..STAYING {
            if clone3(0).expect("clone3").is_none() {
                end_with(|| stay());
            }
        }
        made.send("");
        stop.receive();
    });
    for _ in 0..MAKERS {
        ready.receive();
    }
    let id = associate_process(maker.pid(), ONE);
    associated.send("");
    made.receive();
    let device = Device::open();
    eventually("all tasks are counted", || {
        let found = device.query(Target::Association(id)).expect("query");
        found.tasks == STAYING + 1 && found.pids.len() as u64 == found.tasks
    });
    stop.send("");
    maker.succeeded();
}

/// Makes children that bind to a foreign address: some that succeed, more while
/// the process is being associated, and some after that.
fn make_children(to: &Addr, ready: &Channel, associated: &Channel) {
    for _ in 0..SURE {
        assert_eq!(errno_of_a_child(to), 0, "refused before the association");
    }
    ready.send("");
    let (mut confined, mut afterwards) = (false, 0);
    while afterwards < SURE {
        let after = associated.has_line();
        let errno = errno_of_a_child(to);
        assert!([0, EADDRNOTAVAIL].contains(&errno), "errno {errno}");
        assert!(
            errno != 0 || !confined && !after,
            "a child is free: after the association {after}, after a confined one {confined}"
        );
        confined |= errno != 0;
        afterwards += usize::from(after);
    }
}

/// Makes a child that binds to an address. Returns the child's errno.
fn errno_of_a_child(to: &Addr) -> i32 {
    // Takes no lock and no memory: another thread may have held a lock when
    // this one was cloned.
    let Some(pid) = clone3(0).expect("clone3") else {
        exit_thread_with(errno_of_binding(to));
    };
    match process::wait(pid, false) {
        Ok(Some((_, Status::Exited(errno)))) => errno,
        other => panic!("the child did not exit with an errno: {other:?}"),
    }
}

fn errno_of_binding(to: &Addr) -> i32 {
    let bound = socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)
        .and_then(|sock| bind(sock.as_fd(), to.bytes()));
    bound.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0)
}
