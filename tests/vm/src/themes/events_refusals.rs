// SPDX-License-Identifier: GPL-2.0

//! A refusal of each operation that one call of a process can bring about.

use std::io;

use addrconf_abi::{Operation, Refusal};
use libc::{AF_INET, AF_PACKET, EACCES, EADDRNOTAVAIL, EPERM, SOCK_RAW};

use crate::addr::{ip, HOST4};
use crate::sock::{Proto, Sock};
use crate::sys::option::set_option;
use crate::sys::process::take_descriptor;

/// A process outside, with a UDP socket.
pub(super) struct Outsider {
    /// Its process.
    pub pid: i32,
    /// Its socket, a number of that process.
    pub socket: i32,
}

/// A name; what should be told: the operation, why it is refused, the errno and what it was for; and
/// the call.
pub(super) type Refused = (
    &'static str,
    Operation,
    Refusal,
    i32,
    Option<(&'static str, u16)>,
    fn(&Outsider) -> io::Result<()>,
);

/// A refusal of each operation that a process of `ONE` can bring about by one call.
pub(super) fn refusals() -> Vec<Refused> {
    vec![
        (
            "bind",
            Operation::Bind,
            Refusal::AddressOutside,
            EADDRNOTAVAIL,
            Some(("192.0.2.7", 80)),
            |_| Sock::v4(Proto::Tcp).bind(("192.0.2.7", 80)),
        ),
        (
            "connect",
            Operation::Connect,
            Refusal::LoopbackOfOther,
            EACCES,
            Some(("127.64.9.9", 25)),
            |_| Sock::v4(Proto::Tcp).connect(("127.64.9.9", 25)),
        ),
        (
            "send",
            Operation::Send,
            Refusal::LoopbackOfOther,
            EACCES,
            Some(("127.64.9.9", 53)),
            |_| Sock::v4(Proto::Udp).send_to(b"x", ("127.64.9.9", 53)),
        ),
        (
            "source_in_a_message",
            Operation::Send,
            Refusal::SourceOutside,
            EADDRNOTAVAIL,
            Some(("10.0.0.1", 9)),
            |_| Sock::v4(Proto::Udp).send_from(b"x", ("10.0.0.1", 9), ip(HOST4)),
        ),
        (
            "packet_socket",
            Operation::Create,
            Refusal::KindNotCovered,
            EPERM,
            None,
            |_| Sock::new(AF_PACKET, SOCK_RAW, 0).map(drop),
        ),
        (
            "raw_socket",
            Operation::Create,
            Refusal::KindNotCovered,
            EPERM,
            None,
            |_| Sock::new(AF_INET, SOCK_RAW, 1).map(drop),
        ),
        (
            "mark",
            Operation::Option,
            Refusal::OptionDangerous,
            EPERM,
            None,
            |_| {
                let sock = Sock::v4(Proto::Udp);
                set_option(sock.number(), libc::SOL_SOCKET, libc::SO_MARK, 1)
            },
        ),
        (
            "descriptor_of_another_process",
            Operation::Trace,
            Refusal::ProcessOutside,
            EPERM,
            None,
            |outsider| take_descriptor(outsider.pid, outsider.socket).map(drop),
        ),
    ]
}
