// SPDX-License-Identifier: GPL-2.0

//! Very many raw or ping sockets. A packet visits all raw sockets of its
//! protocol, of whatever owner, and the ping sockets of its identifier.

use std::io;

use libc::{AF_INET, ENOBUFS, IPPROTO_ICMP, IPPROTO_TCP, SOCK_DGRAM, SOCK_RAW};

use super::ping_socket_foreign_source::ping_socket;
use super::raw_socket_allowed::allowed;
use crate::addr::{ONE, TWO};
use crate::child::as_tenant;
use crate::registry::{behaviour, everywhere, Test};
use crate::sock::Sock;

/// As many as a tenant may have.
const MOST: usize = 256;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_tenant_has_a_limit_of_raw_sockets", || {
            allowed(|| is_limited(|| Sock::new(AF_INET, SOCK_RAW, IPPROTO_TCP)));
        }),
        behaviour("a_tenant_has_a_limit_of_ping_sockets", || {
            // Makes the machine allow ping sockets.
            drop(ping_socket(AF_INET));
            as_tenant(ONE, || {
                is_limited(ping);
                // The limit of another tenant is its own.
            });
            as_tenant(TWO, || drop(ping().expect("another tenant's")));
        }),
        everywhere(
            "an_unassociated_process_has_no_limit_of_raw_sockets",
            || {
                let all = (0..MOST + 8).map(|_| Sock::new(AF_INET, SOCK_RAW, IPPROTO_TCP));
                let all: io::Result<Vec<Sock>> = all.collect();
                assert_eq!(all.expect("sockets").len(), MOST + 8);
            },
        ),
    ]
}

fn ping() -> io::Result<Sock> {
    Sock::new(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
}

/// Panics unless one socket more than the limit is refused until one is closed.
fn is_limited(open: impl Fn() -> io::Result<Sock>) {
    let mut all: Vec<Sock> = (0..MOST).map(|_| open().expect("a socket")).collect();
    for _ in 0..3 {
        let refused = open().expect_err("one too many").raw_os_error();
        assert_eq!(refused, Some(ENOBUFS));
    }
    drop(all.pop());
    crate::child::eventually("room", || match open() {
        Ok(sock) => {
            all.push(sock);
            true
        }
        Err(_) => false,
    });
}
