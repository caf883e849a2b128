// SPDX-License-Identifier: GPL-2.0

//! Reading and writing the memory of a process that is not associated.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use libc::{EACCES, EPERM};

use super::traced_process::against;
use crate::addr::{ONE, TWO};
use crate::child::as_tenant;
use crate::registry::{behaviour, refusal, Test};
use crate::server::idle;
use crate::sys::trace::{read_memory, write_memory};
use crate::sys::user::NOBODY;

/// The memory that is read and written: at the same place in every process of
/// this program.
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
                    let error =
                        access(other.pid()).expect_err("access to another tenant's process");
                    assert_eq!(error.raw_os_error(), Some(*errno), "{error}");
                });
                access(other.pid()).expect("nothing refuses the host");
            },
        ));
    }
    tests
}
