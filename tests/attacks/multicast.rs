// SPDX-License-Identifier: GPL-2.0

//! Multicast: a socket can name the interface to send on by any address, which
//! then is the source. And any process may join a group.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsFd;

use libc::{
    EADDRNOTAVAIL, IPPROTO_IP, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, IPV6_MULTICAST_IF,
    IP_ADD_MEMBERSHIP, IP_MULTICAST_IF,
};

use crate::addr::{ip, Addr, ANY4, ANY6, HOST4, HOST6, ONE};
use crate::registry::{refusal, Test};
use crate::sock::{source_control, Proto, Sock};
use crate::sys::control_message::control_bytes;
use crate::sys::device::interface_index;
use crate::sys::message::send_batch;
use crate::sys::option::set_option_bytes;

use super::witness::{Eavesdrop, Spoof, PORT};

const GROUP4: [u8; 4] = [224, 0, 0, 251];
const GROUP6: Ipv6Addr = Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 5, 3);

pub fn tests() -> Vec<Test> {
    let by_address = Spoof {
        name: "multicast_by_anothers_address",
        proto: Proto::Udp,
        at: "0.0.0.0",
        foreign: HOST4,
        prepare: |to| {
            let member = joined4().expect("join");
            let sock = Sock::v4(Proto::Udp);
            Box::new(move || {
                by_address_of(&sock, HOST4)?;
                sock.send_to(b"x", (IpAddr::from(GROUP4), to.port()))?;
                drop(member);
                Ok(())
            })
        },
    };
    let later4 = Spoof {
        name: "a_second_message_to_a_group",
        prepare: |to| {
            let member = joined4().expect("join");
            let sock = Sock::v4(Proto::Udp);
            let to = Addr::from((IpAddr::from(GROUP4), to.port()));
            Box::new(move || {
                by_address_of(&sock, "10.0.0.1")?;
                twice(&sock, &to, ip(HOST4))?;
                drop(member);
                Ok(())
            })
        },
        ..by_address
    };
    let later6 = Spoof {
        name: "a_second_message_to_a_v6_group",
        at: "::",
        foreign: HOST6,
        prepare: |to| {
            let member = joined6().expect("join");
            let sock = Sock::v6(Proto::Udp);
            let to = Addr::from((IpAddr::from(GROUP6), to.port()));
            Box::new(move || {
                sock.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, dummy());
                twice(&sock, &to, ip(HOST6))?;
                drop(member);
                Ok(())
            })
        },
        ..by_address
    };
    let mut tests: Vec<Test> = [by_address, later4, later6]
        .into_iter()
        .flat_map(Spoof::tests)
        .collect();
    let overhear = |name, open, speak| Eavesdrop { name, open, speak };
    for eavesdrop in [
        overhear(
            "a_member_of_anothers_group",
            || {
                let sock = joined4()?;
                sock.bind((ANY4, PORT)).map(|()| sock)
            },
            speak4,
        ),
        overhear(
            "a_socket_on_a_group_address",
            || {
                let sock = joined4()?;
                sock.bind((IpAddr::from(GROUP4), PORT)).map(|()| sock)
            },
            speak4,
        ),
        overhear(
            "a_member_of_anothers_v6_group",
            || {
                let sock = joined6()?;
                sock.bind((ANY6, PORT)).map(|()| sock)
            },
            speak6,
        ),
        overhear(
            "a_socket_on_a_v6_group_address",
            || {
                let sock = joined6()?;
                sock.bind((IpAddr::from(GROUP6), PORT)).map(|()| sock)
            },
            speak6,
        ),
    ] {
        tests.extend(eavesdrop.tests());
    }
    tests.push(refusal(
        "bind_to_v6_multicast_is_refused",
        ONE,
        EADDRNOTAVAIL,
        || Box::new(|| Sock::v6(Proto::Udp).bind((IpAddr::from(GROUP6), PORT))),
    ));
    tests
}

/// Sends a message from a source that the kernel chooses, and one from
/// `foreign`.
fn twice(sock: &Sock, to: &Addr, foreign: IpAddr) -> io::Result<()> {
    let control = control_bytes(&source_control(foreign));
    let messages = [(to.bytes(), Vec::new()), (to.bytes(), control)];
    send_batch(sock.as_fd(), b"x", &messages, 0).map(drop)
}

/// Makes a socket send to groups on the interface that has this address.
fn by_address_of(sock: &Sock, addr: &str) -> io::Result<()> {
    let IpAddr::V4(addr) = ip(addr) else {
        panic!("{addr} in a test is not IPv4");
    };
    set_option_bytes(sock.as_fd(), IPPROTO_IP, IP_MULTICAST_IF, &addr.octets())
}

fn joined4() -> io::Result<Sock> {
    let sock = Sock::v4(Proto::Udp);
    // struct ip_mreq: group, address of the interface
    let request = [GROUP4, [10, 0, 0, 1]].concat();
    set_option_bytes(sock.as_fd(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request).map(|()| sock)
}

fn joined6() -> io::Result<Sock> {
    let sock = Sock::v6(Proto::Udp);
    // struct ipv6_mreq: group, interface
    let request = [&GROUP6.octets()[..], &dummy().to_ne_bytes()].concat();
    set_option_bytes(sock.as_fd(), IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request).map(|()| sock)
}

fn dummy() -> i32 {
    interface_index("dummy0").expect("an interface") as i32
}

fn speak4() {
    let sock = Sock::v4(Proto::Udp);
    by_address_of(&sock, HOST4).expect("IP_MULTICAST_IF");
    let to = (IpAddr::from(GROUP4), PORT);
    sock.send_to(b"x", to).expect("send");
}

fn speak6() {
    let sock = Sock::v6(Proto::Udp);
    sock.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, dummy());
    let to = (IpAddr::from(GROUP6), PORT);
    sock.send_to(b"x", to).expect("send");
}
