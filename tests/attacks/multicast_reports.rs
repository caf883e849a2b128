// SPDX-License-Identifier: GPL-2.0

//! When a process joins a multicast group, the machine reports that to the
//! network, with the address of the interface, and then receives what is sent
//! to the group.

use std::io;
use std::os::fd::AsFd;

use libc::{ENODEV, IPPROTO_IP, IPPROTO_IPV6};

use super::multicast_requests::{
    filter4, mreq, mreq6, mreq_source, mreqn, msfilter, request4, request6, source_request4,
    source_request6, GROUP4, GROUP6,
};
use super::wire::Wire;
use crate::addr::ONE;
use crate::child::{Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option_bytes;
use crate::uring::Ring;
use crate::world::configure;

/// How long a witness waits for a report, and how long it observes silence, in
/// milliseconds.
const PATIENCE: i32 = 10_000;
const SILENCE: i32 = 2000;

/// Options, some of which libc lacks (`include/uapi/linux/in.h`, `in6.h`).
const IP_ADD_MEMBERSHIP: i32 = 35;
const IP_DROP_MEMBERSHIP: i32 = 36;
const IP_UNBLOCK_SOURCE: i32 = 37;
const IP_BLOCK_SOURCE: i32 = 38;
const IP_ADD_SOURCE_MEMBERSHIP: i32 = 39;
const IP_MSFILTER: i32 = 41;
const MCAST_JOIN_GROUP: i32 = 42;
const MCAST_BLOCK_SOURCE: i32 = 43;
const MCAST_UNBLOCK_SOURCE: i32 = 44;
const MCAST_LEAVE_GROUP: i32 = 45;
const MCAST_JOIN_SOURCE_GROUP: i32 = 46;
const MCAST_MSFILTER: i32 = 48;
const IPV6_ADD_MEMBERSHIP: i32 = 20;
const IPV6_DROP_MEMBERSHIP: i32 = 21;

/// An option about a group: its name, level and number, the options that must
/// be set before it, and its value.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    level: i32,
    option: i32,
    before: Before,
    value: Value,
}

/// The value of an option.
type Value = fn() -> Vec<u8>;

const JOINED4: &[(i32, Value)] = &[(IP_ADD_MEMBERSHIP, mreq)];
const JOINED6: &[(i32, Value)] = &[(IPV6_ADD_MEMBERSHIP, mreq6)];
const BLOCKED4: &[(i32, Value)] = &[(IP_ADD_MEMBERSHIP, mreq), (IP_BLOCK_SOURCE, mreq_source)];
const BLOCKED6: &[(i32, Value)] = &[
    (IPV6_ADD_MEMBERSHIP, mreq6),
    (MCAST_BLOCK_SOURCE, source_request6),
];

#[rustfmt::skip]
const JOINING: [Form; 16] = [
    v4("ip_add_membership", IP_ADD_MEMBERSHIP, &[], mreq),
    v4("ip_add_membership_by_index", IP_ADD_MEMBERSHIP, &[], mreqn),
    v4("ip_add_source_membership", IP_ADD_SOURCE_MEMBERSHIP, &[], mreq_source),
    v4("ip_block_source", IP_BLOCK_SOURCE, JOINED4, mreq_source),
    v4("ip_unblock_source", IP_UNBLOCK_SOURCE, BLOCKED4, mreq_source),
    v4("ip_msfilter", IP_MSFILTER, JOINED4, msfilter),
    v4("mcast_join_group", MCAST_JOIN_GROUP, &[], request4),
    v4("mcast_join_source_group", MCAST_JOIN_SOURCE_GROUP, &[], source_request4),
    v4("mcast_block_source", MCAST_BLOCK_SOURCE, JOINED4, source_request4),
    v4("mcast_unblock_source", MCAST_UNBLOCK_SOURCE, BLOCKED4, source_request4),
    v4("mcast_msfilter", MCAST_MSFILTER, JOINED4, filter4),
    v6("ipv6_add_membership", IPV6_ADD_MEMBERSHIP, &[], mreq6),
    v6("mcast_join_group", MCAST_JOIN_GROUP, &[], request6),
    v6("mcast_join_source_group", MCAST_JOIN_SOURCE_GROUP, &[], source_request6),
    v6("mcast_block_source", MCAST_BLOCK_SOURCE, JOINED6, source_request6),
    v6("mcast_unblock_source", MCAST_UNBLOCK_SOURCE, BLOCKED6, source_request6),
];

const LEAVING: [Form; 4] = [
    v4("ip_drop_membership", IP_DROP_MEMBERSHIP, JOINED4, mreq),
    v4("mcast_leave_group", MCAST_LEAVE_GROUP, JOINED4, request4),
    v6("ipv6_drop_membership", IPV6_DROP_MEMBERSHIP, JOINED6, mreq6),
    v6("mcast_leave_group", MCAST_LEAVE_GROUP, JOINED6, request6),
];

/// Makes a socket.
type Make = fn() -> Sock;

/// The options that are set before, with their values.
type Before = &'static [(i32, Value)];

const fn v4(name: &'static str, option: i32, before: Before, value: Value) -> Form {
    Form {
        name,
        level: IPPROTO_IP,
        option,
        before,
        value,
    }
}

const fn v6(name: &'static str, option: i32, before: Before, value: Value) -> Form {
    Form {
        level: IPPROTO_IPV6,
        ..v4(name, option, before, value)
    }
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for form in JOINING {
        for (what, make) in form.sockets() {
            tests.push(refusal(
                format!("{}_on_a_{what}_socket_is_refused", form.name),
                ONE,
                ENODEV,
                move || {
                    let sock = form.prepared(*make);
                    Box::new(move || form.set(&sock))
                },
            ));
        }
        tests.push(refusal(
            format!("{}_of_{}_by_io_uring_is_refused", form.name, form.family()),
            ONE,
            ENODEV,
            move || {
                let sock = form.prepared(form.sockets()[0].1);
                let option = (form.level, form.option);
                Box::new(move || Ring::new().set_option_bytes(&sock, option, &(form.value)()))
            },
        ));
        if form.before.is_empty() {
            tests.extend([
                behaviour(
                    format!("{}_of_{}_sends_no_report", form.name, form.family()),
                    move || assert!(!form.is_reported(ONE), "there was a report"),
                ),
                everywhere(
                    format!(
                        "{}_of_{}_sends_a_report_for_others",
                        form.name,
                        form.family()
                    ),
                    move || assert!(form.is_reported(&[]), "there was no report"),
                ),
            ]);
        }
    }
    for form in LEAVING {
        tests.push(behaviour(
            format!("{}_of_{}_is_allowed", form.name, form.family()),
            move || {
                let sock = form.prepared(form.sockets()[0].1);
                associate(ONE);
                form.set(&sock).expect("leave");
                form.set(&sock).expect_err("left the group twice");
            },
        ));
    }
    tests
}

impl Form {
    fn family(&self) -> &'static str {
        if self.level == IPPROTO_IP {
            "v4"
        } else {
            "v6"
        }
    }

    /// The kinds of sockets on which it can be set.
    fn sockets(&self) -> &'static [(&'static str, Make)] {
        if self.level == IPPROTO_IP {
            &[
                ("v4", || Sock::v4(Proto::Udp)),
                ("dual_stack", || Sock::v6(Proto::Udp)),
            ]
        } else {
            &[("v6", || Sock::v6(Proto::Udp))]
        }
    }

    /// A socket on which everything is set that must come before.
    fn prepared(&self, make: Make) -> Sock {
        let sock = make();
        for (option, value) in self.before {
            set_option_bytes(sock.as_fd(), self.level, *option, &value()).expect("before");
        }
        sock
    }

    fn set(&self, sock: &Sock) -> io::Result<()> {
        set_option_bytes(sock.as_fd(), self.level, self.option, &(self.value)())
    }

    /// Whether the machine sends a report when a process sets the option. The
    /// process is associated with `set` unless that is empty.
    fn is_reported(self, set: &[&str]) -> bool {
        configure("link set dummy0 multicast on\n").expect("ip");
        let group = match self.family() {
            "v4" => GROUP4.octets().to_vec(),
            _ => GROUP6.octets().to_vec(),
        };
        let (ready, go) = (Channel::new(), Channel::new());
        // The membership ends with the process, which therefore stays.
        let _child = Child::spawn(|| {
            if !set.is_empty() {
                associate(set);
            }
            let sock = self.prepared(self.sockets()[0].1);
            ready.send("");
            go.receive();
            let outcome = self.set(&sock);
            assert!(outcome.is_ok() || !set.is_empty(), "{outcome:?}");
            ready.send("");
            crate::child::stay();
        });
        ready.receive();
        // Opened only now: a process with a packet socket cannot be associated.
        let wire = Wire::at_the_cable();
        go.send("");
        ready.receive();
        let patience = if set.is_empty() { PATIENCE } else { SILENCE };
        std::iter::from_fn(|| wire.next(patience)).any(|packet| packet.contains(&group))
    }
}
