// SPDX-License-Identifier: GPL-2.0

//! A program that was loaded before is attached to a device over rtnetlink,
//! which `bpf(2)` does not see.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::capability::{needed_with, NET_ADMIN};
use super::packets::{victim, FORGED, LOOPBACK, PORT};
use super::rtnetlink::{attribute, request};
use crate::addr::ONE;
use crate::child::as_tenant;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::bpf::{program, set, EXIT};

// include/uapi/linux/bpf.h
const BPF_PROG_TYPE_XDP: u32 = 6;
const XDP_DROP: i32 = 1;

// include/uapi/linux/rtnetlink.h, if_link.h, netlink.h
const SET_LINK: u16 = 19;
const IFLA_XDP: u16 = 43;
const IFLA_XDP_FD: u16 = 1;
const IFLA_XDP_FLAGS: u16 = 3;
const NESTED: u16 = 0x8000;
/// Works whatever the device itself can do.
const XDP_FLAGS_SKB_MODE: u32 = 2;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::from(needed_with(
        "dropping_all_packets_by_a_program_attached_over_rtnetlink",
        &[NET_ADMIN],
        dropping,
        drop_all,
    ));
    // This is why the capability must be withheld.
    tests.push(behaviour(
        "dropping_all_packets_works_for_a_tenant_with_the_capability",
        || {
            let program = dropping();
            as_tenant(ONE, || attach(&program).expect("attach"));
            nothing_arrives().expect("all is dropped");
        },
    ));
    tests
}

fn dropping() -> OwnedFd {
    program(BPF_PROG_TYPE_XDP, 0, &[set(0, XDP_DROP), EXIT]).expect("a program")
}

fn drop_all(program: &OwnedFd) -> io::Result<()> {
    arrival(true)?;
    attach(program)?;
    nothing_arrives()
}

/// Attaches a program to the loopback interface.
fn attach(program: &OwnedFd) -> io::Result<()> {
    // struct ifinfomsg: family, type, interface, flags, mask of flags.
    let mut body = vec![0; 4];
    body.extend(LOOPBACK.to_ne_bytes());
    body.extend([0; 8]);
    let what = [
        attribute(IFLA_XDP_FD, &program.as_raw_fd().to_ne_bytes()),
        attribute(IFLA_XDP_FLAGS, &XDP_FLAGS_SKB_MODE.to_ne_bytes()),
    ];
    body.extend(attribute(IFLA_XDP | NESTED, &what.concat()));
    request(SET_LINK, &body)
}

fn nothing_arrives() -> io::Result<()> {
    arrival(false)
}

/// Sends a message between addresses of the machine, which must arrive if
/// `expected`.
fn arrival(expected: bool) -> io::Result<()> {
    let victim = victim(ONE[0]);
    Sock::v4(Proto::Udp).send_to(FORGED, (ONE[0], PORT))?;
    let limit = if expected { 10_000 } else { 500 };
    match victim.has_input(limit) == expected {
        true => Ok(()),
        false => Err(io::Error::other(format!("arrival: {}", !expected))),
    }
}
