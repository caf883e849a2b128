// SPDX-License-Identifier: GPL-2.0

//! Opening descriptors, one's own and another process's, under `/proc`. Files
//! can be had so, but sockets by nobody.

use std::fs::File;

use libc::ENXIO;

use crate::addr::{ANY4, HOST4, ONE};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::{Proto, Sock};

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("a_socket_cannot_be_opened_under_proc", || {
            let (owner, number) = owner();
            cannot_be_opened(&format!("/proc/{}/fd/{number}", owner.pid()));
        }),
        behaviour("a_tenant_opens_no_socket_under_proc", || {
            let (owner, number) = owner();
            as_tenant(ONE, || {
                cannot_be_opened(&format!("/proc/{}/fd/{number}", owner.pid()));
                let own = Sock::serving(Proto::Tcp, (ANY4, 80));
                cannot_be_opened(&format!("/proc/self/fd/{}", own.number()));
            });
        }),
    ]
}

fn cannot_be_opened(path: &str) {
    let error = File::open(path).expect_err("a socket");
    assert_eq!(error.raw_os_error(), Some(ENXIO), "{error}");
}

/// An unassociated process with a socket, and its number.
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
