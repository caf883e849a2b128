// SPDX-License-Identifier: GPL-2.0

//! How a user with a grant tries to get the rights of others by programs that it executes in an
//! association of its own, where it answers at 127.0.0.1 in place of the machine.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use libc::{EADDRNOTAVAIL, EPERM};

use crate::addr::{HOST4, ONE};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{entries, errno, this_process, Device};
use crate::granted::{as_user, assign_shown, child_of, Granted, OTHER, USER};
use crate::probe;
use crate::program::{set_user_id, Programs};
use crate::registry::{behaviour, Test};
use crate::sys::capability::drop_capability;
use crate::sys::process::{thread_id, wait};
use crate::sys::trace::seize;
use crate::sys::user::{set_group, set_user_ids};

/// `CAP_NET_ADMIN` of `include/uapi/linux/capability.h`.
const CAP_NET_ADMIN: u32 = 12;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "a_set_user_id_program_gains_nothing_in_a_users_association",
            || {
                let _granted = Granted::new(ONE);
                let programs = Programs::new();
                let program = set_user_id(&programs);
                let run = |device: Option<&Device>| {
                    if let Some(device) = device {
                        let made = device.assign(this_process(), &entries(ONE), "");
                        made.expect("assign");
                    }
                    let args = [probe::COMMAND, probe::USER, HOST4];
                    let ran = Command::new(&program).args(args).output();
                    String::from_utf8(ran.expect("the program").stdout).expect("text")
                };
                // Root's program works for root outside: nobody answers at 127.0.0.1 there but root's
                // own services.
                as_user(|_| assert_eq!(run(None), "0 ok\n"));
                as_user(|device| {
                    assert_eq!(run(Some(device)), format!("{USER} {EADDRNOTAVAIL}\n"));
                });
            },
        ),
        behaviour(
            "a_program_that_is_executed_meanwhile_is_not_both_root_and_confined",
            || {
                let _granted = Granted::new(ONE);
                let programs = Programs::new();
                let said = executed_meanwhile(&set_user_id(&programs));
                assert_eq!(said, "0 ok", "{EADDRNOTAVAIL} instead of ok means confined");
            },
        ),
        behaviour("a_set_user_id_program_makes_no_call_for_the_user", || {
            let _granted = Granted::new(ONE);
            let device = Device::open();
            Child::spawn(|| {
                set_group(USER).expect("setgid");
                set_user_ids([USER, OTHER, OTHER]).expect("setuid");
                let made = device.assign(this_process(), &entries(ONE), "");
                assert_eq!(errno(made), EPERM);
                assert_eq!(errno(device.granted(0)), EPERM);
            })
            .succeeded();
            Child::spawn(|| {
                set_group(USER).expect("setgid");
                set_user_ids([USER, 0, 0]).expect("setuid");
                drop_capability(CAP_NET_ADMIN).expect("capset");
                let made = device.assign(this_process(), &entries(ONE), "");
                assert_eq!(errno(made), EPERM);
            })
            .succeeded();
        }),
    ]
}

/// A process of the user executes a program with root's rights while another associates it. The
/// execution has begun and takes long: it ends the other thread, which a tracer does not let go.
/// Returns what the program said: whose rights it has, and whether it is confined.
fn executed_meanwhile(program: &str) -> String {
    let (other, go, said) = (Channel::new(), Channel::new(), Channel::new());
    let victim = child_of(USER, |_| {
        thread::scope(|scope| {
            scope.spawn(|| {
                other.send(&thread_id().to_string());
                stay();
            });
            go.receive();
            let mut command = Command::new(program);
            command.args([probe::COMMAND, probe::USER, HOST4]);
            let failed = command.stdout(said.sender()).exec();
            panic!("{program}: {failed}");
        })
    });
    let pid = victim.pid();
    let (traced, let_go) = (Channel::new(), Channel::new());
    let tracer = child_of(USER, |_| {
        let thread: i32 = other.receive().parse().expect("a thread");
        seize(thread).expect("seize");
        traced.send(&thread.to_string());
        let_go.receive();
        wait(thread, false).expect("wait");
        stay();
    });
    let thread = traced.receive();
    go.send("");
    eventually("the end of the other thread", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{thread}/stat"));
        stat.unwrap_or_default().contains(") Z ")
    });
    let begun = Channel::new();
    let assigning = child_of(USER, |device| {
        begun.send("");
        let made = assign_shown(device, pid, ONE);
        assert_eq!(errno(made), EPERM, "the program has root's rights by now");
    });
    begun.receive();
    // The call goes on meanwhile.
    thread::sleep(Duration::from_secs(1));
    let_go.send("");
    let said = said.receive();
    drop(tracer);
    assigning.succeeded();
    said
}
