// SPDX-License-Identifier: GPL-2.0

//! Opening descriptors under `/proc`, those of the process itself and of
//! another. Files can be opened so, but no sockets. A pipe may be one from
//! which a shell takes commands.

use std::fs::File;
use std::os::fd::AsRawFd;

use libc::{EACCES, ENXIO};

use crate::addr::{ANY4, HOST4, ONE};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::registry::{behaviour, everywhere, refusal, Attack, Test};
use crate::sock::{Proto, Sock};
use crate::sys::pipe::pipe;
use crate::sys::user::{become_user, NOBODY};

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("a_socket_cannot_be_opened_under_proc", || {
            let (owner, number) = owner();
            cannot_be_opened(&format!("/proc/{}/fd/{number}", owner.pid()), ENXIO);
        }),
        behaviour("a_tenant_opens_no_socket_under_proc", || {
            let (owner, number) = owner();
            as_tenant(ONE, || {
                cannot_be_opened(&format!("/proc/{}/fd/{number}", owner.pid()), EACCES);
                let own = Sock::serving(Proto::Tcp, (ANY4, 80));
                cannot_be_opened(&format!("/proc/self/fd/{}", own.number()), ENXIO);
            });
        }),
        opened("roots_own", None),
        opened("the_same_users", Some(NOBODY)),
        behaviour("a_tenant_opens_the_files_of_its_own_processes", || {
            as_tenant(ONE, || {
                opening_a_pipe(None)().expect("a child's pipe");
            });
        }),
    ]
}

/// Opens a pipe of an unassociated process for writing.
fn opened(whose: &str, user: Option<u32>) -> Test {
    let name = format!("opening_a_pipe_of_{whose}_unassociated_process_under_proc_is_refused");
    refusal(name, ONE, EACCES, move || opening_a_pipe(user))
}

/// A child has a pipe, and this process opens it. Both are of `user`, if there
/// is one.
fn opening_a_pipe(user: Option<u32>) -> Attack {
    let become_them = move || {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
    };
    let number = Channel::new();
    let owner = Child::spawn(|| {
        become_them();
        let (read, _write) = pipe().expect("pipe");
        number.send(&read.as_raw_fd().to_string());
        stay();
    });
    let path = format!("/proc/{}/fd/{}", owner.pid(), number.receive());
    Box::new(move || {
        let _owner = &owner;
        become_them();
        File::options().write(true).open(&path).map(drop)
    })
}

fn cannot_be_opened(path: &str, errno: i32) {
    let error = File::open(path).expect_err("the socket was opened");
    assert_eq!(error.raw_os_error(), Some(errno), "{error}");
}

/// An unassociated process with a socket, and the socket's number.
fn owner() -> (Child, i32) {
    let number = Channel::new();
    let owner = Child::spawn(|| {
        let sock = Sock::serving(Proto::Tcp, (HOST4, 80));
        number.send(&sock.number().to_string());
        stay();
    });
    let number = number.receive().parse().expect("a number");
    (owner, number)
}
