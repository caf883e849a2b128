// SPDX-License-Identifier: GPL-2.0

//! How a user in an association tries to get the rights of others: it narrows itself, and so gets a
//! loopback where it answers in place of the tenant, and executes a set-user-id program there.

use std::process::Command;
use std::thread;

use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, ONE, SEVERAL};
use crate::child::{as_tenant, Channel};
use crate::client::narrow;
use crate::probe;
use crate::program::{set_user_id, Programs};
use crate::registry::{behaviour, Test};
use crate::sys::capability::drop_capability;
use crate::sys::user::become_user;

/// An ordinary user.
const USER: u32 = 1000;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_set_user_id_program_gains_nothing_in_a_part", || {
            let programs = Programs::new();
            let program = set_user_id(&programs);
            let said = || {
                let args = [probe::COMMAND, probe::USER, HOST4];
                let ran = Command::new(&program).args(args).output();
                String::from_utf8(ran.expect("the program").stdout).expect("text")
            };
            as_tenant(SEVERAL, || {
                become_user(USER).expect("an ordinary user");
                // The tenant's loopback is what an administrator gave it.
                assert_eq!(said(), format!("0 {EADDRNOTAVAIL}\n"));
                narrow(&SEVERAL[..1], "").expect("narrow");
                assert_eq!(said(), format!("{USER} {EADDRNOTAVAIL}\n"));
            });
        }),
        behaviour(
            "nor_does_one_that_another_thread_of_the_part_executes",
            || {
                let programs = Programs::new();
                let program = set_user_id(&programs);
                let (ready, go) = (Channel::new(), Channel::new());
                as_tenant(ONE, || {
                    become_user(USER).expect("an ordinary user");
                    thread::scope(|scope| {
                        let other = scope.spawn(|| {
                            ready.send("");
                            go.receive();
                            let args = [probe::COMMAND, probe::USER];
                            let ran = Command::new(&program).args(args).output();
                            String::from_utf8(ran.expect("the program").stdout).expect("text")
                        });
                        ready.receive();
                        narrow(&ONE[..1], "").expect("narrow");
                        go.send("");
                        assert_eq!(other.join().expect("a thread"), format!("{USER}\n"));
                    });
                });
            },
        ),
        behaviour(
            "who_administers_its_namespace_keeps_its_rights_in_a_part",
            || {
                as_tenant(ONE, || {
                    narrow(&ONE[..1], "").expect("narrow");
                    assert!(!has_no_new_privs());
                    drop_capability(CAP_SYS_ADMIN).expect("capset");
                    narrow(&ONE[..1], "").expect("narrow");
                    assert!(has_no_new_privs());
                });
            },
        ),
    ]
}

/// `CAP_SYS_ADMIN` of `include/uapi/linux/capability.h`.
const CAP_SYS_ADMIN: u32 = 21;

/// Whether this process gains no rights by executing programs.
fn has_no_new_privs() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("its status");
    status.contains("NoNewPrivs:\t1\n")
}
