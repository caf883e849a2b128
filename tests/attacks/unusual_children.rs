// SPDX-License-Identifier: GPL-2.0

//! Rarely used ways to make a process, or to continue as one.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use addrconf_abi::Target;
use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, ONE};
use crate::child::{end_with, Channel, Child};
use crate::client::{associate_process, Device};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::{clone3, exit_thread, into_cgroup, sharing_memory};
use crate::sys::process::setsid;
use crate::sys::user::NOBODY;

/// An address that such a process must be refused, and one that it must be
/// allowed.
const PROBES: [&str; 2] = [HOST4, "10.0.0.1"];

/// Where control groups are mounted in the virtual machine.
const CGROUPS: &str = "/sys/fs/cgroup";

pub fn tests() -> Vec<Test> {
    vec![
        refusal("a_child_of_vfork_is_confined", ONE, EADDRNOTAVAIL, || {
            Box::new(|| status(sharing_memory(libc::CLONE_VFORK, attempt)?))
        }),
        refusal(
            "a_process_that_shares_all_memory_is_confined",
            ONE,
            EADDRNOTAVAIL,
            || Box::new(|| status(sharing_memory(0, attempt)?)),
        ),
        refusal(
            "a_process_that_shares_memory_and_descriptors_is_confined",
            ONE,
            EADDRNOTAVAIL,
            || {
                let flags = libc::CLONE_FILES | libc::CLONE_FS | libc::CLONE_SIGHAND;
                Box::new(move || status(sharing_memory(flags, attempt)?))
            },
        ),
        unusual("a_child_made_in_another_control_group_is_confined", |out| {
            let group = format!("{CGROUPS}/attack-{}", std::process::id());
            std::fs::create_dir(&group).expect("a control group");
            let directory = File::open(&group).expect("its directory");
            if into_cgroup(directory.as_fd()).expect("clone3").is_none() {
                end_with(|| out.send(&verdicts(&PROBES)));
            }
        }),
        unusual(
            "a_child_made_in_new_namespaces_at_once_is_confined",
            |out| {
                let spaces = libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWIPC;
                if clone3(spaces as u64).expect("clone3").is_none() {
                    end_with(|| out.send(&verdicts(&PROBES)));
                }
            },
        ),
        unusual("a_thread_that_outlives_the_first_is_confined", |out| {
            outlive(|| out.send(&verdicts(&PROBES)));
        }),
        unusual(
            "a_program_executed_after_the_first_threads_end_is_confined",
            |out| {
                // Read before the first thread ends, to which `/proc/self`
                // belongs.
                let program = std::env::current_exe().expect("own path");
                outlive(|| {
                    let mut command = Command::new(program);
                    command
                        .arg(probe::COMMAND)
                        .args(PROBES)
                        .stdout(out.sender());
                    panic!("{}", command.exec());
                });
            },
        ),
        unusual(
            "an_orphan_of_an_orphan_in_its_own_session_is_confined",
            |out| {
                let done = Channel::new();
                Child::spawn(|| {
                    setsid().expect("setsid");
                    Child::spawn(|| {
                        setsid().expect("setsid");
                        std::mem::forget(Child::spawn(|| {
                            done.receive();
                            out.send(&verdicts(&PROBES));
                        }));
                    })
                    .succeeded();
                })
                .succeeded();
                done.send("");
            },
        ),
        unusual(
            "a_program_with_the_right_to_another_user_is_confined",
            |out| {
                let program = format!("/tmp/set-uid-{}", std::process::id());
                std::fs::copy("/proc/self/exe", &program).expect("a copy of this program");
                let mode = Command::new("chmod").args(["4755", &program]).status();
                assert!(mode.expect("chmod").success());
                let ran = Command::new(&program)
                    .args([probe::COMMAND, probe::USER])
                    .args(PROBES)
                    .uid(NOBODY)
                    .output();
                std::fs::remove_file(&program).expect("rm");
                let said = String::from_utf8(ran.expect("the program").stdout).expect("text");
                let verdicts = said.trim().strip_prefix("0 ");
                out.send(verdicts.unwrap_or_else(|| panic!("the program is not root: {said}")));
            },
        ),
        behaviour(
            "a_process_whose_first_thread_has_ended_can_be_assigned",
            || {
                let (ready, go, answer) = (Channel::new(), Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            ready.send("");
                            go.receive();
                            answer.send(&verdicts(&PROBES));
                            crate::child::stay();
                        });
                        exit_thread();
                    });
                });
                ready.receive();
                let stat = format!("/proc/{}/stat", child.pid());
                crate::child::eventually("the first thread's end", || {
                    let text = std::fs::read_to_string(&stat).unwrap_or_default();
                    text.contains(") Z ")
                });
                associate_process(child.pid(), ONE);
                go.send("");
                assert_eq!(answer.receive(), format!("{EADDRNOTAVAIL} ok"));
                let device = Device::open();
                let found = device.query(Target::Pid(child.pid())).expect("query");
                assert_eq!(found.pids, vec![child.pid()]);
            },
        ),
    ]
}

/// A way to make a process. The probe runs in it, and sends its verdicts to
/// `out`.
fn unusual(name: &str, make: impl Fn(&Channel) + Copy + 'static) -> Test {
    refusal(name, ONE, EADDRNOTAVAIL, move || {
        let out = Channel::new();
        Box::new(move || {
            make(&out);
            let verdict = out.receive();
            let (foreign, member) = verdict.split_once(' ').expect("two verdicts");
            assert_eq!(member, "ok", "bind to an address of the set");
            status(foreign.parse().unwrap_or(0))
        })
    })
}

/// Binds outside the set. Returns the errno; 0 for success.
fn attempt() -> i32 {
    let bound = Sock::v4(Proto::Udp).bind((HOST4, 0));
    bound.map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0)
}

fn status(errno: i32) -> io::Result<()> {
    match errno {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// In a process of its own, runs `f` in a thread after the first thread has
/// ended.
fn outlive(f: impl FnOnce() + Send) {
    let child = Child::spawn(|| {
        let stat = "/proc/self/stat";
        thread::scope(|scope| {
            scope.spawn(|| {
                crate::child::eventually("the first thread's end", || {
                    let text = std::fs::read_to_string(stat).unwrap_or_default();
                    text.contains(") Z ")
                });
                end_with(f);
            });
            exit_thread();
        });
    });
    child.succeeded();
}
