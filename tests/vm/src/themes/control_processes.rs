// SPDX-License-Identifier: GPL-2.0

//! The processes of an association, as a description has them.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use addrconf_abi::Target;

use crate::addr::{ONE, SEVERAL, TWO};
use crate::child::{eventually, in_child, spawn_tenant, stay, Channel, Child};
use crate::client::{narrow, Description, Device};
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sys::namespace::unshare;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("each_process_is_named_once_in_ascending_order", || {
            let pids = Channel::new();
            let tenant = spawn_tenant(ONE, || {
                for _ in 0..20 {
                    std::mem::forget(Child::spawn(|| with_threads(&pids, 2)));
                }
                with_threads(&pids, 2);
            });
            let _other = idle(TWO);
            let mut all: Vec<i32> = (0..21).map(|_| number(&pids)).collect();
            all.sort_unstable();
            let found = processes(Target::Pid(tenant.pid()));
            assert_eq!((found.tasks, found.pids), (63, all));
        }),
        behaviour("a_process_that_exited_is_named_until_it_is_reaped", || {
            let (pids, go) = (Channel::new(), Channel::new());
            let tenant = spawn_tenant(ONE, || {
                let child = Child::spawn(|| ());
                pids.send(&child.pid().to_string());
                go.receive();
                child.succeeded();
                pids.send("");
                stay();
            });
            let mut both = vec![tenant.pid(), number(&pids)];
            both.sort_unstable();
            eventually("the end of the child", || {
                let stat = std::fs::read_to_string(format!("/proc/{}/stat", both[1]));
                stat.unwrap_or_default().contains(") Z ")
            });
            assert_eq!(processes(Target::Pid(tenant.pid())).pids, both);
            go.send("");
            pids.receive();
            let left = processes(Target::Pid(tenant.pid())).pids;
            assert_eq!(left, vec![tenant.pid()]);
        }),
        behaviour("a_process_that_narrowed_itself_is_one_of_the_part", || {
            let (pids, go) = (Channel::new(), Channel::new());
            let tenant = spawn_tenant(SEVERAL, || {
                std::mem::forget(Child::spawn(|| {
                    narrow(&SEVERAL[..1], "").expect("narrow");
                    with_threads(&pids, 1);
                }));
                go.receive();
                narrow(&SEVERAL[..1], "").expect("narrow");
                with_threads(&pids, 1);
            });
            let child = number(&pids);
            let (whole, part) = (Target::Pid(tenant.pid()), Target::Pid(child));
            let (id, other) = (processes(whole).id, processes(part).id);
            assert_ne!(id, other);
            assert_eq!(processes(whole).pids, vec![tenant.pid()]);
            assert_eq!(processes(part).pids, vec![child]);
            go.send("");
            number(&pids);
            assert_eq!(processes(whole).pids, vec![tenant.pid()]);
            assert!(processes(Target::Association(id)).pids.is_empty());
            assert_eq!(processes(part).pids, vec![child]);
        }),
        behaviour(
            "a_process_keeps_its_place_when_a_thread_executes_a_program",
            || {
                let tenant = spawn_tenant(ONE, || {
                    thread::spawn(|| {
                        let error = Command::new("sleep").arg("100").exec();
                        panic!("exec: {error}");
                    });
                    stay();
                });
                let name = format!("/proc/{}/comm", tenant.pid());
                eventually("the thread's exec of sleep", || {
                    std::fs::read_to_string(&name).unwrap_or_default() == "sleep\n"
                });
                let found = processes(Target::Pid(tenant.pid()));
                assert_eq!(found.pids, vec![tenant.pid()]);
            },
        ),
        behaviour("ids_of_an_inner_pid_namespace_are_those_outside", || {
            let pids = Channel::new();
            let tenant = spawn_tenant(ONE, || {
                unshare(libc::CLONE_NEWPID).expect("unshare");
                let child = Child::spawn(|| stay());
                pids.send(&child.pid().to_string());
                stay();
            });
            let mut both = vec![tenant.pid(), number(&pids)];
            both.sort_unstable();
            assert_eq!(processes(Target::Pid(tenant.pid())).pids, both);
        }),
        behaviour("ids_inside_an_inner_pid_namespace_are_its_own", || {
            in_child(|| {
                unshare(libc::CLONE_NEWPID).expect("unshare");
                in_child(|| {
                    let tenant = idle(ONE);
                    let found = processes(Target::Pid(tenant.pid()));
                    assert_eq!(found.pids, vec![tenant.pid()]);
                });
            });
        }),
        behaviour("descriptions_of_a_tenant_that_forks_can_be_read", || {
            let (ready, end) = (Channel::new(), Channel::new());
            let tenant = spawn_tenant(ONE, || {
                ready.send("");
                while !end.has_line() {
                    let wave: Vec<Child> = (0..10).map(|_| Child::spawn(|| ())).collect();
                    wave.into_iter().for_each(Child::succeeded);
                }
                stay();
            });
            ready.receive();
            for _ in 0..300 {
                let found = processes(Target::Pid(tenant.pid()));
                assert!(found.pids.is_sorted());
                assert!(found.pids.contains(&tenant.pid()));
            }
            end.send("");
            eventually("the end of the children", || {
                processes(Target::Pid(tenant.pid())).pids == [tenant.pid()]
            });
        }),
    ]
}

/// Sends its process id when it has so many threads besides its first, and stays.
fn with_threads(pids: &Channel, count: usize) {
    for _ in 0..count {
        thread::spawn(|| stay());
    }
    pids.send(&std::process::id().to_string());
    stay();
}

fn number(pids: &Channel) -> i32 {
    pids.receive().parse().expect("a pid")
}

fn processes(target: Target) -> Description {
    Device::open().query(target).expect("query")
}
