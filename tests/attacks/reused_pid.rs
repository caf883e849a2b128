// SPDX-License-Identifier: GPL-2.0

//! A new process has the pid of one that is gone. It is another process,
//! even for programs that remember the number.

use std::os::fd::AsRawFd;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, ENOENT, ESRCH};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{as_tenant, end_with, stay, Channel, Child};
use crate::client::{entries, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sys::clone::with_pid;
use crate::sys::process::{kill, pidfd_open, wait};

/// How often a pid is reused.
const ROUNDS: usize = 20;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "a_process_with_a_former_tenants_pid_is_not_associated",
            || {
                for _ in 0..ROUNDS {
                    let pid = former_tenant();
                    let answer = Channel::new();
                    reuse(pid, || answer.send(&verdicts(&[HOST4])));
                    assert_eq!(answer.receive(), "ok");
                    let asked = Device::open().query(Target::Pid(pid));
                    let error = asked.expect_err("not associated");
                    assert_eq!(error.raw_os_error(), Some(ENOENT));
                    end(pid);
                }
            },
        ),
        behaviour("a_tenant_with_a_former_free_pid_is_confined", || {
            for _ in 0..ROUNDS {
                let pid = former_free_process();
                as_tenant(ONE, || {
                    let answer = Channel::new();
                    reuse(pid, || answer.send(&verdicts(&[HOST4, ONE[0]])));
                    assert_eq!(answer.receive(), format!("{EADDRNOTAVAIL} ok"));
                    end(pid);
                });
            }
        }),
        behaviour(
            "a_pidfd_of_a_former_process_does_not_mean_the_new_one",
            || {
                let old = idle(ONE);
                let (pid, pidfd) = (old.pid(), pidfd_open(old.pid()).expect("pidfd"));
                drop(old);
                let answer = Channel::new();
                let go = Channel::new();
                reuse(pid, || {
                    go.receive();
                    answer.send(&verdicts(&[HOST4]));
                });
                let (device, target) = (Device::open(), Target::PidFd(pidfd.as_raw_fd()));
                let errors = [
                    device.assign(target, &entries(TWO), "").map(drop),
                    device.release(target).map(drop),
                    device.query(target).map(drop),
                ];
                for error in errors {
                    let error = error.expect_err("a process that is gone");
                    assert_eq!(error.raw_os_error(), Some(ESRCH), "{error}");
                }
                go.send("");
                assert_eq!(answer.receive(), "ok");
                // The pid means the new process.
                let assigned = device.assign(Target::Pid(pid), &entries(TWO), "");
                assigned.expect("the new process");
                end(pid);
            },
        ),
        behaviour("a_pid_that_nobody_has_any_more_is_nobody", || {
            let pid = former_tenant();
            let assigned = Device::open().assign(Target::Pid(pid), &entries(TWO), "");
            let error = assigned.expect_err("a pid without a process");
            assert_eq!(error.raw_os_error(), Some(ESRCH), "{error}");
        }),
    ]
}

/// The pid of a tenant that is gone.
fn former_tenant() -> i32 {
    let tenant = idle(ONE);
    tenant.pid()
}

/// The pid of an unassociated process that is gone, which could bind anywhere.
fn former_free_process() -> i32 {
    let answer = Channel::new();
    let free = Child::spawn(|| answer.send(&verdicts(&[HOST4])));
    let pid = free.pid();
    assert_eq!(answer.receive(), "ok");
    free.succeeded();
    pid
}

/// A process with that pid, which runs `f` and stays.
fn reuse(pid: i32, f: impl FnOnce()) {
    let made = with_pid(pid).expect("a process with that pid");
    match made {
        Some(got) => assert_eq!(got, pid),
        None => end_with(|| {
            f();
            stay();
        }),
    }
}

fn end(pid: i32) {
    kill(pid, libc::SIGKILL).expect("kill");
    wait(pid, false).expect("wait");
}
