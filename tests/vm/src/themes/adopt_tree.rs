// SPDX-License-Identifier: GPL-2.0

//! Associating a process with all its descendants: all of them or none, and
//! nobody escapes who is made meanwhile.

use addrconf_abi::{AssignFlags, Target};
use libc::{EADDRNOTAVAIL, EEXIST};

use crate::addr::{ANY4, HOST4, ONE, PAIRS, TWO};
use crate::child::{stay, Channel, Child};
use crate::client::{associate_with, entries, Device, Terms};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, Sock};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_tree_is_assigned_with_all_descendants", || {
            let (root, pids) = tree();
            associate_with(root.pid(), ONE, &Terms::flags(AssignFlags::TREE));
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
            associate_with(root.pid(), ONE, &Terms::DEFAULT);
            let found = Device::open().query(Target::Pid(root.pid()));
            assert_eq!(found.expect("query").pids, vec![root.pid()]);
        }),
        behaviour(
            "a_tree_with_an_associated_descendant_stays_as_it_is",
            || {
                let (root, pids) = tree();
                let id = associate_with(pids[1], TWO, &Terms::DEFAULT).id;
                let device = Device::open();
                let terms = Terms::flags(AssignFlags::TREE);
                let assigned = device.assign_with(Target::Pid(root.pid()), &entries(ONE), &terms);
                assert_eq!(
                    assigned.expect_err("partly taken").raw_os_error(),
                    Some(EEXIST)
                );
                assert_eq!(device.ids(), vec![id]);
                for pid in [root.pid(), pids[0], pids[2]] {
                    device.query(Target::Pid(pid)).expect_err("not associated");
                }
            },
        ),
        behaviour("no_descendant_escapes_while_a_tree_is_assigned", || {
            for _ in 0..3 {
                forks_against_assign();
            }
        }),
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
            associate_with(root.pid(), PAIRS[0], &Terms::flags(AssignFlags::TREE));
            for addr in ["10.0.0.1", "10.1.0.1"] {
                assert_eq!(ask(Proto::Tcp, (addr, 80)).expect("an answer"), "worker");
            }
            nobody_answers(Proto::Tcp, (HOST4, 80));
            stop.send("");
            root.succeeded();
        }),
    ]
}

/// A process with a child that has two; and the pids of these three.
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

/// Processes that have children all the time while their tree is assigned;
/// every child made afterwards is confined, and so is everybody who is left.
fn forks_against_assign() {
    let (ready, assigned, words) = (Channel::new(), Channel::new(), Channel::new());
    const FORKERS: usize = 4;
    let root = Child::spawn(|| {
        let _forkers: Vec<Child> = (0..FORKERS)
            .map(|_| {
                Child::spawn(|| {
                    ready.send("");
                    // Each is the child of the one before, which goes on to
                    // be its parent until the end.
                    fork_on(&assigned, &words, 0);
                    stay();
                })
            })
            .collect();
        stay();
    });
    for _ in 0..FORKERS {
        ready.receive();
    }
    associate_with(root.pid(), ONE, &Terms::flags(AssignFlags::TREE));
    for _ in 0..FORKERS {
        assigned.send("");
    }
    for _ in 0..FORKERS {
        assert_eq!(
            words.receive(),
            format!("{EADDRNOTAVAIL} ok"),
            "the last child"
        );
    }
    drop(root);
}

/// Has a child that has a child, and so on, until told that it is enough.
fn fork_on(enough: &Channel, words: &Channel, depth: usize) {
    let done = crate::sys::process::poll_readable([enough.reader()], 0).expect("poll") == [true];
    if done || depth == 200 {
        enough.receive();
        words.send(&verdicts(&[HOST4, "10.0.0.1"]));
        stay();
    }
    let _child = Child::spawn(|| fork_on(enough, words, depth + 1));
    stay();
}
