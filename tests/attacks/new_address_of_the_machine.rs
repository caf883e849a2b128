// SPDX-License-Identifier: GPL-2.0

//! Whoever administers the network can give the machine any address, or take
//! another's away; but no set grows by it.

use std::io;

use libc::{AF_NETLINK, EADDRNOTAVAIL, SOCK_RAW};

use super::capability::{needed, NET_ADMIN};
use crate::addr::{Addr, ONE};
use crate::child::as_tenant;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
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
        // The one that every machine has on this interface.
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

/// Tells the kernel over rtnetlink about an address of the loopback interface,
/// and waits for its answer.
fn request(kind: u16, address: [u8; 4]) -> io::Result<()> {
    // struct nlmsghdr: length, kind, flags (REQUEST, ACK), number, port.
    let mut bytes = 32_u32.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(5_u16.to_ne_bytes());
    bytes.extend([0; 8]);
    // struct ifaddrmsg: family, prefix, flags, scope, interface.
    let prefix = if address[0] == 127 { 8 } else { 32 };
    bytes.extend([libc::AF_INET as u8, prefix, 0, 0]);
    bytes.extend(super::packets::LOOPBACK.to_ne_bytes());
    // The attribute IFA_LOCAL.
    bytes.extend(8_u16.to_ne_bytes());
    bytes.extend(2_u16.to_ne_bytes());
    bytes.extend(address);
    let sock = Sock::new(AF_NETLINK, SOCK_RAW, 0)?;
    let mut kernel = (AF_NETLINK as u16).to_ne_bytes().to_vec();
    kernel.resize(12, 0);
    sock.send_to(&bytes, Addr::raw(&kernel))?;
    let (answer, _) = sock.receive()?;
    // struct nlmsgerr comes after the header.
    match i32::from_ne_bytes(answer[16..20].try_into().expect("4 bytes")) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}
