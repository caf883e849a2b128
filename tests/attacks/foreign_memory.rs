// SPDX-License-Identifier: GPL-2.0

//! Reading and writing the memory of a process that is not associated.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use libc::{EACCES, EPERM};

use crate::addr::{ONE, TWO};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::server::idle;
use crate::sys::clone::become_user;
use crate::sys::trace::{read_memory, write_memory};

/// A user without privileges.
const NOBODY: u32 = 65534;

/// Where the tried memory is: the same place in every process of this program.
static MUTABLE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(7);

type Way = (&'static str, i32, fn(i32) -> io::Result<()>);

const WAYS: [Way; 3] = [
    ("process_vm_readv", EPERM, |pid| {
        read_memory(pid, place(), &mut [0; 8])
    }),
    ("process_vm_writev", EPERM, |pid| {
        write_memory(pid, place(), &[1; 8])
    }),
    ("proc_mem", EACCES, |pid| {
        let file = File::options()
            .write(true)
            .open(format!("/proc/{pid}/mem"))?;
        file.write_at(&[1; 8], place() as u64).map(drop)
    }),
];

fn place() -> usize {
    (&raw const MUTABLE) as usize
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (doing, errno, access) in &WAYS {
        for (whose, user) in [("roots_own", None), ("the_same_users", Some(NOBODY))] {
            tests.push(refusal(
                format!("{doing}_of_{whose}_unassociated_process_is_refused"),
                ONE,
                *errno,
                move || against(user, *access),
            ));
        }
        tests.push(behaviour(
            format!("{doing}_of_another_tenants_process_is_refused"),
            move || {
                let other = idle(TWO);
                as_tenant(ONE, || {
                    let error = access(other.pid()).expect_err("another tenant's");
                    assert_eq!(error.raw_os_error(), Some(*errno), "{error}");
                });
                access(other.pid()).expect("the host may");
            },
        ));
    }
    tests
}

/// An unassociated process, and this one, both of `user` if there is one.
fn against(user: Option<u32>, access: fn(i32) -> io::Result<()>) -> Attack {
    let ready = Channel::new();
    let victim = Child::spawn(|| {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
        ready.send("");
        stay();
    });
    ready.receive();
    Box::new(move || {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
        access(victim.pid())
    })
}
