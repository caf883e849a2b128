// SPDX-License-Identifier: GPL-2.0

//! Associating a process with all its descendants: all of them or none. Descendants
//! that are made meanwhile do not escape.

use std::fs::File;
use std::os::fd::AsFd;
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, EEXIST};

use crate::addr::{ANY4, HOST4, ONE, PAIRS, TWO};
use crate::child::{descend, stay, Channel, Child};
use crate::client::{associate_with, entries, Assignment, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::runner::pace;
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Sock};
use crate::sys::memory::Mapped;
use crate::sys::process::{adopt_orphans, wait};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_tree_is_assigned_with_all_descendants", || {
            let (root, pids) = tree();
            associate_with(root.pid(), ONE, &Assignment::TREE);
            let mut found = Device::open()
                .query(Target::Pid(root.pid()))
                .expect("query")
                .pids;
            found.sort_unstable();
            let mut all = [vec![root.pid()], pids].concat();
            all.sort_unstable();
            assert_eq!(found, all);
        }),
        behaviour("without_the_tree_descendants_stay_free", || {
            let (root, _) = tree();
            associate_with(root.pid(), ONE, &Assignment::DEFAULT);
            let found = Device::open().query(Target::Pid(root.pid()));
            assert_eq!(found.expect("query").pids, vec![root.pid()]);
        }),
        behaviour(
            "a_tree_with_an_associated_descendant_stays_as_it_is",
            || {
                let (root, pids) = tree();
                let id = associate_with(pids[1], TWO, &Assignment::DEFAULT).id;
                let device = Device::open();
                let terms = Assignment::TREE;
                let assigned = device.assign_with(Target::Pid(root.pid()), &entries(ONE), &terms);
                assert_eq!(
                    assigned
                        .expect_err("a descendant is associated already")
                        .raw_os_error(),
                    Some(EEXIST)
                );
                assert_eq!(device.ids(), vec![id]);
                for pid in [root.pid(), pids[0], pids[2]] {
                    device
                        .query(Target::Pid(pid))
                        .expect_err("the process must not be associated");
                }
            },
        ),
        behaviour("no_descendant_escapes_while_a_tree_is_assigned", || {
            for _ in 0..3 {
                forks_against_assign();
            }
        }),
        behaviour("no_orphan_escapes_while_its_tree_is_assigned", || {
            for _ in 0..5 {
                orphans_against_assign(0, 0, |_| ());
            }
        }),
        behaviour(
            "no_orphan_of_an_orphan_escapes_while_its_tree_is_assigned",
            || {
                for _ in 0..15 / pace() {
                    // A grandchild becomes a child of the root when its parent exits. Its
                    // grandparent waits for that exit, and then exits as well.
                    orphans_against_assign(SIBLINGS, PLACES, |nr| {
                        if nr % 2 == 0 {
                            let _ = wait(-1, false);
                        }
                    });
                }
            },
        ),
        behaviour("servers_of_a_tree_narrow_when_assigned", || {
            let (ready, stop) = (Channel::new(), Channel::new());
            let root = Child::spawn(|| {
                let worker = Child::spawn(|| {
                    let sock = Sock::serving(Proto::Tcp, (ANY4, 80));
                    ready.send("");
                    loop {
                        if let Ok((connection, _)) = sock.accept() {
                            let _ = connection.send(b"worker");
                        }
                    }
                });
                stop.receive();
                drop(worker);
            });
            ready.receive();
            associate_with(root.pid(), PAIRS[0], &Assignment::TREE);
            for addr in ["10.0.0.1", "10.1.0.1"] {
                assert_eq!(ask(Proto::Tcp, (addr, 80)).expect("no answer"), "worker");
            }
            nobody_answers(Proto::Tcp, (HOST4, 80));
            stop.send("");
            root.succeeded();
        }),
    ]
}

/// A process with a child that has two children. Returns the pids of these three, too.
fn tree() -> (Child, Vec<i32>) {
    let pids = Channel::new();
    let own_pid = || pids.send(&std::process::id().to_string());
    let root = Child::spawn(|| {
        let _child = Child::spawn(|| {
            own_pid();
            let _children: Vec<Child> = (0..2)
                .map(|_| {
                    Child::spawn(|| {
                        own_pid();
                        stay();
                    })
                })
                .collect();
            stay();
        });
        stay();
    });
    let pids = (0..3).map(|_| pids.receive().parse().expect("a pid"));
    let pids = pids.collect();
    (root, pids)
}

/// How many lines of descent grow at the same time.
const FORKERS: usize = 4;

/// How many generations of each line exist before the assignment, at least, and how many
/// are made after it.
const SURE: usize = 5;

/// From this generation on, a line grows slowly.
const MANY: usize = 100;
/// A line of this many generations fails the test.
const TOO_MANY: usize = 1000;

/// How many idle children the root has, so that looking at all of them takes a while.
const SIBLINGS: usize = 100;
/// How many times a file is mapped by the others, so that exiting takes a while.
const PLACES: usize = 1000;
const PAGE: usize = 4096;

/// While a tree is assigned, its processes each make one child and exit, so that the
/// child becomes one of the root. The last ones must be confined.
fn orphans_against_assign(siblings: usize, places: usize, linger: fn(usize)) {
    let (ready, enough, words) = (Channel::new(), Channel::new(), Channel::new());
    let root = Child::spawn(|| {
        adopt_orphans().expect("prctl");
        let waiting = (0..siblings).map(|_| Child::spawn(|| enough.await_line()));
        let _waiting: Vec<Child> = waiting.collect();
        for _ in 0..FORKERS {
            // This child exits after it has forked.
            let descend_and_tell = || {
                let program = File::open("/proc/self/exe").expect("open");
                let places = (0..places).map(|_| Mapped::of(program.as_fd(), PAGE).expect("mmap"));
                // The mappings end when the process exits.
                std::mem::forget(places.collect::<Vec<_>>());
                if descend(&ready, &enough, linger) {
                    words.send(&verdicts(&[HOST4, "10.0.0.1"]));
                    stay();
                }
            };
            Child::spawn(descend_and_tell).succeeded();
        }
        while wait(-1, false).is_ok() {}
    });
    for _ in 0..FORKERS {
        ready.receive();
    }
    associate_with(root.pid(), ONE, &Assignment::TREE);
    enough.send("");
    for _ in 0..FORKERS {
        assert_eq!(
            words.receive(),
            format!("{EADDRNOTAVAIL} ok"),
            "what an orphan may bind to"
        );
    }
    drop(root);
}

/// The channels of the processes of a growing tree.
struct Growth {
    /// From each line: enough generations exist.
    some: Channel,
    /// To all: the assignment is done.
    assigned: Channel,
    /// From the last of each line: how many generations it has.
    count: Channel,
    /// To all: report what you may bind to.
    tell: Channel,
    /// From each process: what it may bind to.
    words: Channel,
}

/// Lines of processes grow while their tree is assigned. All processes must be confined,
/// those made before as well as those made after.
fn forks_against_assign() {
    let growth = Growth {
        some: Channel::new(),
        assigned: Channel::new(),
        count: Channel::new(),
        tell: Channel::new(),
        words: Channel::new(),
    };
    let root = Child::spawn(|| {
        let _forkers: Vec<Child> = (0..FORKERS)
            .map(|_| Child::spawn(|| grow(&growth, 1, 0)))
            .collect();
        stay();
    });
    for _ in 0..FORKERS {
        growth.some.receive();
    }
    associate_with(root.pid(), ONE, &Assignment::TREE);
    growth.assigned.send("");
    let counts = (0..FORKERS).map(|_| growth.count.receive().parse::<usize>());
    let all: usize = counts.map(|count| count.expect("a number")).sum();
    growth.tell.send("");
    for nr in 0..all {
        let confined = format!("{EADDRNOTAVAIL} ok");
        assert_eq!(
            growth.words.receive(),
            confined,
            "what process {nr} of {all} may bind to"
        );
    }
    let found = Device::open().query(Target::Pid(root.pid()));
    assert_eq!(found.expect("query").pids.len(), all + 1);
    drop(root);
}

/// The life of generation `nr` of a line, of which `after` were made after the
/// assignment. Makes the next generation until enough were made after it.
fn grow(growth: &Growth, nr: usize, after: usize) {
    if nr == SURE {
        growth.some.send("");
    }
    let after = after + usize::from(growth.assigned.has_line());
    let _child = if after <= SURE {
        assert!(
            nr < TOO_MANY,
            "{nr} generations were made and the assignment is not done: this proves nothing"
        );
        if nr > MANY {
            sleep(Duration::from_millis(10));
        }
        Some(Child::spawn(|| grow(growth, nr + 1, after)))
    } else {
        growth.count.send(&nr.to_string());
        None
    };
    growth.tell.await_line();
    growth.words.send(&verdicts(&[HOST4, "10.0.0.1"]));
    stay();
}
