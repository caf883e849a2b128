// SPDX-License-Identifier: GPL-2.0

//! A process that administers the network can give the machine any address, or
//! take another's away. No set grows by that.

use std::io;

use libc::EADDRNOTAVAIL;

use super::capability::{needed, NET_ADMIN};
use super::rtnetlink::{self, attribute};
use crate::addr::ONE;
use crate::child::as_tenant;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const IFA_LOCAL: u16 = 2;
/// The address in question.
const ADDRESS: [u8; 4] = [10, 0, 0, 77];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    tests.extend(needed(
        "giving_the_machine_an_address",
        &[NET_ADMIN],
        || {
            request(NEW_ADDRESS, ADDRESS)?;
            Sock::v4(Proto::Udp).send_to(b"x", ("10.0.0.77", 9))
        },
    ));
    tests.extend(needed("taking_an_address_away", &[NET_ADMIN], || {
        // The address that every machine has on its loopback interface.
        request(DELETE_ADDRESS, [127, 0, 0, 1])
    }));
    tests.push(behaviour(
        "a_new_address_of_the_machine_is_in_no_set",
        || {
            as_tenant(ONE, || {
                request(NEW_ADDRESS, ADDRESS).expect("a new address");
                let bound = Sock::v4(Proto::Udp).bind(("10.0.0.77", 0));
                let errno = bound.expect_err("bound").raw_os_error();
                assert_eq!(errno, Some(EADDRNOTAVAIL));
            });
        },
    ));
    tests
}

/// Adds an address to the loopback interface, or deletes one.
fn request(kind: u16, address: [u8; 4]) -> io::Result<()> {
    // struct ifaddrmsg: family, prefix, flags, scope, interface.
    let prefix = if address[0] == 127 { 8 } else { 32 };
    let mut body = vec![libc::AF_INET as u8, prefix, 0, 0];
    body.extend(super::packets::LOOPBACK.to_ne_bytes());
    body.extend(attribute(IFA_LOCAL, &address));
    rtnetlink::request(kind, &body)
}
