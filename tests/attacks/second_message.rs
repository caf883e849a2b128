// SPDX-License-Identifier: GPL-2.0

//! Linux calls the LSM hook for the first message of `sendmmsg()` and not for
//! those after it to the same destination. One of these requests another's address
//! as its source. With the sixth kernel patch the hook checks each message, and
//! each packet is checked as well.

use std::net::IpAddr;
use std::os::fd::AsFd;

use crate::addr::{ip, mapped, Addr};
use crate::registry::{Attack, Test};
use crate::sock::{source_control, Proto, Sock};
use crate::sys::control_message::control_bytes;
use crate::sys::message::send_batch;

use super::witness::{spoof, Spoof};

pub fn tests() -> Vec<Test> {
    [
        spoof("a_second_message_v4", "10.0.0.3", "10.0.0.2", |to| {
            later(Sock::v4(Proto::Udp), to, ip("10.0.0.2"))
        }),
        spoof("a_second_message_v6", "2001:db8::3", "2001:db8::2", |to| {
            later(Sock::v6(Proto::Udp), to, ip("2001:db8::2"))
        }),
        spoof("a_second_message_mapped", "10.0.0.3", "10.0.0.2", |to| {
            let to = Addr::from((mapped("10.0.0.3"), to.port()));
            later(Sock::v6(Proto::Udp), to, mapped("10.0.0.2"))
        }),
        spoof(
            "a_second_message_of_a_bound_socket",
            "10.0.0.3",
            "10.0.0.2",
            |to| {
                let sock = Sock::v4(Proto::Udp);
                sock.bind(("10.0.0.1", 0)).expect("bind");
                later(sock, to, ip("10.0.0.2"))
            },
        ),
    ]
    .into_iter()
    .flat_map(Spoof::behind_another)
    .collect()
}

/// Sends one message from a source that the kernel chooses, then two from
/// `foreign`.
fn later(sock: Sock, to: Addr, foreign: IpAddr) -> Attack {
    let control = control_bytes(&source_control(foreign));
    Box::new(move || {
        let plain = (to.bytes(), Vec::new());
        let hostile = (to.bytes(), control);
        let messages = [plain, hostile.clone(), hostile];
        send_batch(sock.as_fd(), b"x", &messages, 0).map(drop)
    })
}
