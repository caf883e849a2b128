// SPDX-License-Identifier: GPL-2.0

//! A corked message has its source from its first part, and leaves when the
//! cork is drawn by a call that nobody decides about as sending.

use std::net::IpAddr;
use std::os::fd::AsFd;

use libc::{IPPROTO_UDP, MSG_MORE, UDP_CORK};

use crate::addr::{ip, Addr, HOST4, HOST6};
use crate::registry::{Attack, Test};
use crate::sock::{source_control, Proto, Sock};
use crate::sys::packet::send_batch;
use crate::sys::socket::{control_bytes, set_option};

use super::witness::Spoof;

pub fn tests() -> Vec<Test> {
    let spoof = |name, at, foreign, prepare| Spoof {
        name,
        proto: Proto::Udp,
        at,
        foreign,
        prepare,
    };
    [
        spoof("a_corked_message_v4", "10.0.0.3", HOST4, |to| {
            let sock = corked(Sock::v4(Proto::Udp));
            Box::new(move || {
                sock.send_from(b"x", to, ip(HOST4))?;
                uncork(&sock)
            })
        }),
        spoof("a_message_corked_before_v4", "10.0.0.3", HOST4, |to| {
            corked_before(Sock::v4(Proto::Udp), to, ip(HOST4))
        }),
        spoof("a_message_corked_before_v6", "2001:db8::3", HOST6, |to| {
            corked_before(Sock::v6(Proto::Udp), to, ip(HOST6))
        }),
        spoof(
            "a_message_corked_before_on_a_bound_socket",
            "10.0.0.3",
            HOST4,
            |to| {
                let sock = Sock::v4(Proto::Udp);
                sock.bind((HOST4, 0)).expect("bind before");
                corked_before(sock, to, ip(HOST4))
            },
        ),
        spoof("a_message_finished_by_another", "10.0.0.3", HOST4, |to| {
            let sock = Sock::v4(Proto::Udp);
            let control = control_bytes(&source_control(ip(HOST4)));
            Box::new(move || {
                // The first opens it, the second is not looked at.
                let hostile = (to.bytes(), control);
                let mut messages = [hostile.clone(), hostile];
                let _ = send_batch(sock.as_fd(), b"x", &mut messages, MSG_MORE)?;
                sock.send_to(b"x", to.clone())
            })
        }),
    ]
    .into_iter()
    .flat_map(Spoof::tests)
    .collect()
}

fn corked_before(sock: Sock, to: Addr, foreign: IpAddr) -> Attack {
    let sock = corked(sock);
    sock.send_from(b"x", to, foreign).expect("cork before");
    Box::new(move || uncork(&sock))
}

fn corked(sock: Sock) -> Sock {
    sock.set(IPPROTO_UDP, UDP_CORK, 1);
    sock
}

fn uncork(sock: &Sock) -> std::io::Result<()> {
    set_option(sock.as_fd(), IPPROTO_UDP, UDP_CORK, 0)
}
