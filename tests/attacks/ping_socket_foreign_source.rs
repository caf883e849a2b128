// SPDX-License-Identifier: GPL-2.0

//! A ping socket on an address of another, or with the identifier of another's
//! ping.

use std::fs;
use std::io;

use libc::{
    AF_INET, AF_INET6, EADDRNOTAVAIL, IPPROTO_ICMP, IPPROTO_ICMPV6, SOCK_DGRAM, SOL_SOCKET,
    SO_REUSEADDR,
};

use super::packets::echo_request;
use crate::addr::{ip, ANY4, HOST4, HOST6, ONE, TWO};
use crate::child::{Channel, Child};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::Sock;

/// The identifier of the ping whose answer is to be stolen.
const IDENTIFIER: u16 = 77;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, domain, source, to) in [
        ("v4", AF_INET, "10.0.0.2", HOST4),
        ("v6", AF_INET6, "2001:db8::2", HOST6),
    ] {
        tests.extend([
            refusal(
                format!("a_{family}_ping_socket_cannot_be_bound_to_anothers_address"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let sock = ping_socket(domain);
                    Box::new(move || {
                        sock.bind((source, 0))?;
                        ping(&sock, to)
                    })
                },
            ),
            refusal(
                format!("a_{family}_ping_socket_bound_before_does_not_send"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let sock = ping_socket(domain);
                    sock.bind((source, 0)).expect("bind before");
                    Box::new(move || ping(&sock, to))
                },
            ),
            refusal(
                format!("a_{family}_ping_message_cannot_ask_for_anothers_address"),
                ONE,
                EADDRNOTAVAIL,
                move || {
                    let sock = ping_socket(domain);
                    Box::new(move || sock.send_from(&request(domain), (to, 0), ip(source)))
                },
            ),
        ]);
    }
    tests.extend([
        everywhere("an_answer_to_a_ping_of_a_host_can_be_stolen", || {
            assert_eq!(who_is_answered(&[], &[], HOST4), "thief");
        }),
        everywhere(
            "an_answer_to_a_ping_on_a_hosts_loopback_can_be_stolen",
            || {
                assert_eq!(who_is_answered(&[], &[], "127.0.0.1"), "thief");
            },
        ),
        behaviour(
            "an_answer_to_anothers_ping_on_loopback_cannot_be_stolen",
            || {
                assert_eq!(who_is_answered(ONE, TWO, "127.0.0.1"), "owner");
            },
        ),
        behaviour(
            "an_answer_to_the_hosts_ping_on_loopback_cannot_be_stolen",
            || {
                assert_eq!(who_is_answered(ONE, &[], "127.0.0.1"), "owner");
            },
        ),
        behaviour("an_answer_to_anothers_ping_cannot_be_stolen", || {
            assert_eq!(who_is_answered(ONE, TWO, HOST4), "owner");
        }),
    ]);
    tests
}

/// A socket for echo requests, of either family.
pub fn ping_socket(domain: i32) -> Sock {
    // Otherwise no process may make one.
    fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").expect("a range");
    let protocol = match domain {
        AF_INET => IPPROTO_ICMP,
        _ => IPPROTO_ICMPV6,
    };
    Sock::new(domain, SOCK_DGRAM, protocol).expect("a ping socket")
}

/// An echo request of this family.
pub fn request(domain: i32) -> Vec<u8> {
    let mut request = echo_request();
    if domain == AF_INET6 {
        request[0] = 128;
    }
    request
}

/// Sends a request and gets the answer.
fn ping(sock: &Sock, to: &str) -> io::Result<()> {
    sock.send_to(&request(sock.local().family()), (to, 0))?;
    sock.receive().map(drop)
}

/// Thief and owner have a socket with the same identifier, the thief the newer
/// one. The owner pings an address. Returns which one gets the
/// answer.
fn who_is_answered(thief: &[&str], owner: &[&str], to: &str) -> String {
    let (ready, go, answered) = (Channel::new(), Channel::new(), Channel::new());
    let open = |set: &[&str]| {
        if !set.is_empty() {
            associate(set);
        }
        let sock = ping_socket(AF_INET);
        sock.set(SOL_SOCKET, SO_REUSEADDR, 1);
        sock.bind((ANY4, IDENTIFIER)).expect("bind");
        ready.send("");
        sock
    };
    let _owner = Child::spawn(|| {
        let sock = open(owner);
        go.receive();
        sock.send_to(&request(AF_INET), (to, 0)).expect("send");
        if sock.receive().is_ok() {
            answered.send("owner");
        }
    });
    ready.receive();
    let _thief = Child::spawn(|| {
        if open(thief).receive().is_ok() {
            answered.send("thief");
        }
    });
    ready.receive();
    go.send("");
    answered.receive()
}
