// SPDX-License-Identifier: GPL-2.0

//! User 0 can write what belongs to root without any capability. That includes
//! the setting that names the program that the kernel runs when it lacks a
//! module. This program is a child of the kernel, has all rights, and is not
//! associated.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;

use libc::{AF_NETLINK, EACCES, EPROTONOSUPPORT, SOCK_RAW};

use crate::addr::{HOST4, ONE};
use crate::child::{as_tenant, in_child};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::Sock;
use crate::sys::capability::drop_all_capabilities;
use crate::sys::namespace::unshare;
use crate::sys::user::{become_user, effective_user, NOBODY};

/// The program that the kernel runs when it lacks a module.
const SETTING: &str = "/proc/sys/kernel/modprobe";

/// A protocol of netlink that there is no module for.
const NO_PROTOCOL: i32 = 31;

/// Becomes a user with too few rights to make the kernel run a program.
type Become = fn();

const HARMLESS: [(&str, Become); 2] = [
    ("as_another_user", || {
        become_user(NOBODY).expect("setuid");
    }),
    ("as_root_of_a_user_namespace", || {
        become_user(NOBODY).expect("setuid");
        unshare(libc::CLONE_NEWUSER).expect("unshare");
        fs::write("/proc/self/uid_map", format!("0 {NOBODY} 1")).expect("uid_map");
        assert_eq!(effective_user(), 0);
    }),
];

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        everywhere(
            "having_the_kernel_run_a_program_as_user_zero_without_capabilities_works",
            || {
                let helper = Helper::new();
                in_child(|| {
                    become_powerless();
                    helper.call().expect("the setting");
                });
                assert_eq!(helper.said(), "ok");
            },
        ),
        // This is why a tenant must not be user 0.
        behaviour(
            "having_the_kernel_run_a_program_as_user_zero_without_capabilities_works_for_a_tenant",
            || {
                let helper = Helper::new();
                as_tenant(ONE, || {
                    become_powerless();
                    assert_eq!(verdicts(&[HOST4]), "99");
                    helper.call().expect("the setting");
                });
                assert_eq!(helper.said(), "ok");
            },
        ),
    ];
    for (who, become_who) in HARMLESS {
        let name = format!("having_the_kernel_run_a_program_{who}_is_refused");
        tests.extend([
            behaviour(format!("{name}_to_a_tenant"), move || {
                let helper = Helper::new();
                as_tenant(ONE, || helper.is_refused_to(become_who));
            }),
            everywhere(name, move || {
                let helper = Helper::new();
                in_child(|| helper.is_refused_to(become_who));
            }),
        ]);
    }
    tests
}

/// Stays user 0, without any capability, and gets none by `exec`.
fn become_powerless() {
    drop_all_capabilities().expect("capset");
    assert_eq!(effective_user(), 0);
    let status = fs::read_to_string("/proc/self/status").expect("own status");
    for kind in ["CapEff", "CapPrm", "CapBnd", "CapAmb"] {
        assert!(
            status.contains(&format!("{kind}:\t0000000000000000\n")),
            "{kind}"
        );
    }
}

/// A program that reports what it may bind to on the network of this test.
/// Dropping this restores the setting.
struct Helper {
    program: String,
    said: String,
    before: String,
}

impl Helper {
    fn new() -> Self {
        let pid = std::process::id();
        let (program, said) = (
            format!("/tmp/helper-{pid}"),
            format!("/tmp/helper-said-{pid}"),
        );
        let probe = std::env::current_exe().expect("own path");
        let line = format!(
            "exec nsenter --net=/proc/{pid}/ns/net {} {} {HOST4} >{said} 2>&1",
            probe.display(),
            probe::COMMAND
        );
        fs::write(&program, format!("#!/bin/sh\n{line}\n")).expect("a program");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("chmod");
        let before = fs::read_to_string(SETTING).expect("the setting");
        Self {
            program,
            said,
            before,
        }
    }

    /// Makes the kernel run the program.
    fn call(&self) -> io::Result<()> {
        fs::write(SETTING, &self.program)?;
        let made = Sock::new(AF_NETLINK, SOCK_RAW, NO_PROTOCOL);
        let errno = made.expect_err("no such protocol").raw_os_error();
        assert_eq!(errno, Some(EPROTONOSUPPORT));
        Ok(())
    }

    /// What the program reported; nothing if it did not run.
    fn said(&self) -> String {
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        said.trim().to_owned()
    }

    fn is_refused_to(&self, become_who: Become) {
        become_who();
        let error = self.call().expect_err("the setting was written");
        assert_eq!(error.raw_os_error(), Some(EACCES), "{error}");
        assert_eq!(self.said(), "");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        fs::write(SETTING, self.before.trim()).expect("the setting");
        for file in [&self.program, &self.said] {
            // The file may not exist.
            let _ = fs::remove_file(file);
        }
    }
}
