// SPDX-License-Identifier: GPL-2.0

//! An association lasts as long as its tasks and sockets, and counts its tasks.

use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::thread;

use addrconf_abi::{Target, SYSFS_PATH};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{eventually, in_child, spawn_tenant, stay, Channel, Child};
use crate::client::{associate, associate_process, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};
use crate::sys::clone::clone3_with_taken_pid;
use crate::sys::process::{self, Status};
use crate::sys::trace::send_descriptor;
use crate::sys::watch::poll_readable;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("an_association_ends_with_its_process", || {
            let id = Channel::new();
            in_child(|| id.send(&associate(ONE).to_string()));
            gone(id.receive().parse().expect("an id"));
        }),
        behaviour("an_association_ends_when_its_process_is_killed", || {
            let child = idle(ONE);
            let id = id_of(&child);
            assert!(Device::open().ids().contains(&id));
            drop(child);
            gone(id);
        }),
        behaviour("an_association_ends_when_a_zombie_is_reaped", || {
            let mut child = idle(ONE);
            let id = id_of(&child);
            child.kill();
            let pidfd = process::pidfd_open(child.pid()).expect("pidfd");
            poll_readable([pidfd.as_fd()], 10_000).expect("poll");
            assert_eq!(child.wait(), Status::Killed(libc::SIGKILL));
            gone(id);
        }),
        behaviour(
            "an_association_ends_with_a_socket_in_messages_nobody_can_receive",
            || {
                let id = Channel::new();
                in_child(|| {
                    id.send(&associate(ONE).to_string());
                    let (one, other) = UnixDatagram::pair().expect("Unix sockets");
                    let in_its_own = |socket: &UnixDatagram, peer: &UnixDatagram| {
                        let (socket, peer) = (socket.as_fd(), peer.as_fd());
                        send_descriptor(peer, socket).expect("sending the socket to itself");
                        let held = Sock::v4(Proto::Tcp);
                        send_descriptor(peer, held.as_fd())
                            .expect("sending a socket of the association");
                    };
                    in_its_own(&one, &other);
                    in_its_own(&other, &one);
                });
                let id = id.receive().parse().expect("an id");
                // The kernel frees them when another Unix socket is closed.
                drop(UnixDatagram::pair());
                gone(id);
            },
        ),
        behaviour("an_association_outlives_its_first_process", || {
            process::adopt_orphans().expect("prctl");
            let (orphan, go) = (Channel::new(), Channel::new());
            let first = spawn_tenant(ONE, || {
                let child = Child::spawn(|| {
                    orphan.send(&std::process::id().to_string());
                    go.receive();
                });
                std::mem::forget(child);
            });
            let pid: i32 = orphan.receive().parse().expect("a pid");
            first.succeeded();
            let found = Device::open().query(Target::Pid(pid)).expect("query");
            assert_eq!(found.pids, vec![pid]);
            tasks_become(found.id, 1);
            go.send("");
            // A zombie counts as a task until it is reaped.
            process::wait(pid, false).expect("wait");
            gone(found.id);
        }),
        behaviour("an_association_survives_exec", || {
            let mut sleeper = Command::new("sleep").arg("100").spawn().expect("sleep");
            let pid = sleeper.id() as i32;
            let id = associate_process(pid, ONE);
            let shell = spawn_tenant(TWO, || {
                use std::os::unix::process::CommandExt;
                let error = Command::new("sh").args(["-c", "exec sleep 100"]).exec();
                panic!("exec: {error}");
            });
            let name = format!("/proc/{}/comm", shell.pid());
            eventually("the shell's exec of sleep", || {
                std::fs::read_to_string(&name).unwrap_or_default() == "sleep\n"
            });
            assert_ne!(id_of(&shell), id);
            sleeper.kill().expect("kill");
            sleeper.wait().expect("wait");
            gone(id);
        }),
        behaviour("threads_are_counted_as_tasks", || {
            let (ready, go) = (Channel::new(), Channel::new());
            let child = spawn_tenant(ONE, || {
                thread::scope(|scope| {
                    for _ in 0..7 {
                        scope.spawn(|| {
                            ready.send("");
                            go.receive();
                        });
                    }
                });
                ready.send("");
                stay();
            });
            for _ in 0..7 {
                ready.receive();
            }
            let found = Device::open()
                .query(Target::Pid(child.pid()))
                .expect("query");
            assert_eq!((found.tasks, found.pids), (8, vec![child.pid()]));
            for _ in 0..7 {
                go.send("");
            }
            ready.receive();
            tasks_become(found.id, 1);
        }),
        behaviour("threads_are_counted_when_assigned", || {
            let ready = Channel::new();
            let child = Child::spawn(|| {
                for _ in 0..7 {
                    thread::spawn(|| stay());
                }
                ready.send("");
                stay();
            });
            ready.receive();
            let id = associate_process(child.pid(), ONE);
            tasks_become(id, 8);
        }),
        behaviour("a_fork_storm_leaves_the_count_right", fork_storm),
        behaviour("failed_forks_leave_the_count_right", || {
            let (ready, go) = (Channel::new(), Channel::new());
            let child = spawn_tenant(ONE, || {
                for _ in 0..200 {
                    let error = clone3_with_taken_pid().expect_err("pid 1 is in use already");
                    assert_eq!(error.raw_os_error(), Some(libc::EEXIST));
                }
                ready.send("");
                go.receive();
            });
            ready.receive();
            tasks_become(id_of(&child), 1);
            go.send("");
            child.succeeded();
        }),
        behaviour("a_released_process_may_bind_to_anything", || {
            let (go, answer) = (Channel::new(), Channel::new());
            let child = spawn_tenant(ONE, || {
                answer.send("");
                go.receive();
                answer.send(&verdicts(&[HOST4, "0.0.0.0"]));
            });
            answer.receive();
            let device = Device::open();
            let id = id_of(&child);
            assert_eq!(
                device.release(Target::Pid(child.pid())).expect("release"),
                1
            );
            go.send("");
            assert_eq!(answer.receive(), "ok ok");
            // The association had no other task.
            gone(id);
            child.succeeded();
        }),
        behaviour("release_of_a_process_leaves_its_children", || {
            let pids = Channel::new();
            let parent = family(&pids);
            let child: i32 = pids.receive().parse().expect("a pid");
            let device = Device::open();
            let id = id_of(&parent);
            assert_eq!(
                device.release(Target::Pid(parent.pid())).expect("release"),
                1
            );
            let found = device.query(Target::Pid(child)).expect("query");
            assert_eq!((found.id, found.pids), (id, vec![child]));
        }),
        behaviour("release_of_an_association_frees_all_its_tasks", || {
            let pids = Channel::new();
            let parent = family(&pids);
            let child: i32 = pids.receive().parse().expect("a pid");
            let device = Device::open();
            let id = id_of(&parent);
            assert_eq!(device.release(Target::Association(id)).expect("release"), 2);
            for pid in [parent.pid(), child] {
                let error = device
                    .query(Target::Pid(pid))
                    .expect_err("a released process is not associated");
                assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
            }
            gone(id);
        }),
        behaviour("a_released_process_can_be_associated_again", || {
            let child = idle(ONE);
            let id = id_of(&child);
            Device::open()
                .release(Target::Pid(child.pid()))
                .expect("release");
            assert!(associate_process(child.pid(), TWO) > id);
        }),
    ]
}

fn id_of(child: &Child) -> u64 {
    let found = Device::open().query(Target::Pid(child.pid()));
    found.expect("query").id
}

/// Waits until an association is gone from the list and from sysfs, and checks that it
/// cannot be queried.
fn gone(id: u64) {
    let path = format!("{SYSFS_PATH}/by-id/{id}");
    eventually(&format!("the end of association {id}"), || {
        !Device::open().ids().contains(&id) && !Path::new(&path).exists()
    });
    let error = Device::open()
        .query(Target::Association(id))
        .expect_err("the association has ended");
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
}

/// Waits until an association has this many tasks, as dead ones are counted for a
/// moment.
fn tasks_become(id: u64, tasks: u64) {
    let count = || {
        Device::open()
            .query(Target::Association(id))
            .map(|d| d.tasks)
    };
    eventually(&format!("a count of {tasks} tasks"), || {
        count().ok() == Some(tasks)
    });
}

/// A tenant with one child, which sends its pid.
fn family(pids: &Channel) -> Child {
    spawn_tenant(ONE, || {
        let child = Child::spawn(|| {
            pids.send(&std::process::id().to_string());
            stay();
        });
        std::mem::forget(child);
        stay();
    })
}

fn fork_storm() {
    let (ready, go) = (Channel::new(), Channel::new());
    let child = spawn_tenant(ONE, || {
        for _ in 0..300 {
            let wave: Vec<Child> = (0..10).map(|_| Child::spawn(|| ())).collect();
            wave.into_iter().for_each(Child::succeeded);
        }
        ready.send("");
        go.receive();
    });
    ready.receive();
    let id = id_of(&child);
    tasks_become(id, 1);
    go.send("");
    child.succeeded();
    gone(id);
}
