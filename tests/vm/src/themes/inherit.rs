// SPDX-License-Identifier: GPL-2.0

//! Children of members are members, however they are made.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, ONE};
use crate::child::{end_with, in_child, stay, Channel, Child};
use crate::client::{associate, associate_process};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::clone3;
use crate::sys::namespace::unshare;
use crate::sys::process;

/// An address that a process which inherited the association must be refused, and one
/// that it must be allowed.
const PROBES: [&str; 2] = [HOST4, "10.0.0.1"];

pub fn tests() -> Vec<Test> {
    vec![
        inherited("a_forked_child_is_confined", |out| in_child(|| tell(out))),
        inherited("a_grandchild_is_confined", |out| {
            in_child(|| in_child(|| in_child(|| tell(out))));
        }),
        inherited("a_child_of_clone3_is_confined", |out| cloned(0, out)),
        inherited("a_child_of_clone3_with_shared_files_is_confined", |out| {
            cloned((libc::CLONE_FILES | libc::CLONE_FS) as u64, out);
        }),
        inherited("a_child_made_for_the_parent_is_confined", |out| {
            // The child becomes a sibling of its maker.
            cloned(libc::CLONE_PARENT as u64, out);
        }),
        inherited("a_spawned_program_is_confined", |out| {
            // The standard library uses posix_spawn(), which is vfork().
            let status = probe::command(&PROBES).stdout(out.sender()).status();
            assert!(status.expect("spawn").success());
        }),
        inherited("a_program_run_by_a_shell_is_confined", |out| {
            let me = std::env::current_exe().expect("own path");
            let script = format!("({} probe {} {})", me.display(), PROBES[0], PROBES[1]);
            let status = Command::new("sh")
                .args(["-c", &script])
                .stdout(out.sender())
                .status();
            assert!(status.expect("spawn").success());
        }),
        inherited("an_executed_program_is_confined", |out| {
            in_child(|| execute(out));
        }),
        inherited("a_program_executed_by_another_thread_is_confined", |out| {
            in_child(|| {
                thread::scope(|scope| scope.spawn(|| execute(out)).join()).expect("a thread");
            });
        }),
        inherited("a_new_thread_is_confined", |out| {
            thread::scope(|scope| scope.spawn(|| tell(out)).join()).expect("a thread");
        }),
        inherited("a_child_forked_by_another_thread_is_confined", |out| {
            thread::scope(|scope| scope.spawn(|| cloned(0, out)).join()).expect("a thread");
        }),
        inherited("a_daemon_is_confined", |out| {
            in_child(|| {
                process::setsid().expect("setsid");
                // The daemon binds after its parent has exited.
                let parent_gone = Channel::new();
                let parent = Child::spawn(|| {
                    let daemon = Child::spawn(|| {
                        parent_gone.receive();
                        tell(out);
                    });
                    std::mem::forget(daemon);
                });
                parent.succeeded();
                parent_gone.send("");
            });
        }),
        inherited("a_child_under_another_user_is_confined", |out| {
            let status = probe::command(&PROBES)
                .uid(65534)
                .gid(65534)
                .stdout(out.sender())
                .status();
            assert!(status.expect("spawn").success());
        }),
        refusal(
            "a_child_in_its_own_namespaces_is_confined",
            ONE,
            EADDRNOTAVAIL,
            || Box::new(in_own_namespaces),
        ),
        refusal(
            "a_thread_that_ran_before_is_confined",
            ONE,
            EADDRNOTAVAIL,
            || {
                let (go, wait) = mpsc::channel();
                let thread = thread::spawn(move || {
                    wait.recv().expect("a go");
                    verdicts(&PROBES)
                });
                Box::new(move || {
                    go.send(()).expect("a thread that waits");
                    outcome(&thread.join().expect("a thread"))
                })
            },
        ),
        behaviour("a_child_forked_before_is_not_confined", || {
            let (go, answer) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                go.receive();
                answer.send(&verdicts(&PROBES));
            });
            associate(ONE);
            go.send("");
            assert_eq!(answer.receive(), "ok ok");
            child.succeeded();
        }),
        behaviour("the_parent_of_an_associated_child_is_not_confined", || {
            in_child(|| {
                associate(ONE);
            });
            assert_eq!(verdicts(&PROBES), "ok ok");
        }),
        behaviour("no_thread_escapes_while_its_process_is_associated", || {
            for _ in 0..5 {
                threads_against_assign();
            }
        }),
    ]
}

/// A test of one way to make a process. `make` runs [`tell`] in the new process, or the
/// probe program with `out` as its output.
fn inherited(name: &str, make: impl Fn(&Channel) + Copy + 'static) -> Test {
    refusal(name, ONE, EADDRNOTAVAIL, move || {
        let out = Channel::new();
        Box::new(move || {
            make(&out);
            outcome(&out.receive())
        })
    })
}

fn tell(out: &Channel) {
    out.send(&verdicts(&PROBES));
}

/// The verdict on the foreign address, as a result.
///
/// # Panics
///
/// If the verdict on the member is not "ok".
fn outcome(verdicts: &str) -> io::Result<()> {
    let (foreign, member) = verdicts.split_once(' ').expect("two verdicts");
    assert_eq!(member, "ok", "binding to an address of the set");
    match foreign {
        "ok" => Ok(()),
        errno => Err(io::Error::from_raw_os_error(
            errno.parse().expect("an errno"),
        )),
    }
}

fn cloned(flags: u64, out: &Channel) {
    if clone3(flags).expect("clone3").is_none() {
        end_with(|| tell(out));
    }
    // The parent does not wait for the child: the test waits for a line in `out`.
}

fn execute(out: &Channel) {
    let error = probe::command(&PROBES).stdout(out.sender()).exec();
    panic!("exec: {error}");
}

/// Binds in a child with its own network namespace, which has no addresses. There
/// `IP_FREEBIND` lets it bind to any. In its own user namespace it is root.
fn in_own_namespaces() -> io::Result<()> {
    let out = Channel::new();
    in_child(|| {
        let all = libc::CLONE_NEWUSER | libc::CLONE_NEWNET | libc::CLONE_NEWPID;
        unshare(all).expect("unshare");
        in_child(|| {
            let sock = Sock::v4(Proto::Udp);
            sock.set(libc::IPPROTO_IP, libc::IP_FREEBIND, 1);
            let errno = |e: io::Error| e.raw_os_error().unwrap_or(0).to_string();
            out.send(
                &sock
                    .bind((HOST4, 0))
                    .map_or_else(errno, |()| "ok".to_owned()),
            );
        });
    });
    outcome(&format!("{} ok", out.receive()))
}

/// How many threads exist before the assignment, at least, and how many are made after it.
const SURE: usize = 15;
/// From this many threads on there is a pause after each, as the machine may be busy.
const MANY: usize = 500;
/// This many threads fail the test.
const TOO_MANY: usize = 1000;
/// The pause after each thread when there are [`MANY`].
const PAUSE: Duration = Duration::from_millis(20);

/// A process makes threads as fast as it can while it is associated from outside. Each
/// thread must then be confined, made before or after.
fn threads_against_assign() {
    let (some, assigned, answers) = (Channel::new(), Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        let (mut gates, mut after) = (Vec::new(), 0);
        while after < SURE {
            after += usize::from(assigned.has_line());
            let (open, gate) = mpsc::channel::<()>();
            let thread = thread::spawn(move || {
                // This ends when the sender is dropped.
                let _ = gate.recv();
                verdicts(&PROBES)
            });
            gates.push((open, thread));
            if gates.len() == SURE {
                some.send("");
            }
            if gates.len() > MANY {
                thread::sleep(PAUSE);
            }
            assert!(
                gates.len() < TOO_MANY,
                "{TOO_MANY} threads were made and the assignment is not done: this proves nothing"
            );
        }
        for (open, thread) in gates {
            drop(open);
            let verdict = thread.join().expect("a thread");
            answers.send(&verdict);
        }
        answers.send("end");
        stay();
    });
    some.receive();
    associate_process(child.pid(), ONE);
    assigned.send("");
    let said = std::iter::from_fn(|| Some(answers.receive()).filter(|word| word != "end"));
    let said: Vec<_> = said.collect();
    assert!(said.len() >= 2 * SURE, "too few threads: {said:?}");
    let free = said
        .iter()
        .filter(|word| **word != format!("{EADDRNOTAVAIL} ok"));
    assert_eq!(free.count(), 0, "threads that are not confined: {said:?}");
}
