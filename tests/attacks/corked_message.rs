// SPDX-License-Identifier: GPL-2.0

//! A corked message takes its source from its first part. It leaves when the
//! cork is removed, in a call that is not checked as a send.

use std::net::IpAddr;
use std::os::fd::AsFd;

use addrconf_abi::Bypass;
use libc::{EADDRNOTAVAIL, IPPROTO_UDP, MSG_MORE, UDP_CORK};

use crate::addr::{ip, Addr, HOST4, HOST6, ONE};
use crate::client::associate;
use crate::registry::{behaviour, everywhere, Attack, Test};
use crate::sock::{source_control, Proto, Sock};
use crate::sys::control_message::control_bytes;
use crate::sys::message::send_batch;
use crate::sys::option::set_option;

use super::packet_socket_opened_before::cannot_be_associated;
use super::witness::{sources, spoof, Spoof};

pub fn tests() -> Vec<Test> {
    let begun_outside = spoof("a_corked_message_v4", "10.0.0.3", HOST4, |to| {
        let sock = corked(Sock::v4(Proto::Udp));
        Box::new(move || {
            sock.send_from(b"x", to, ip(HOST4))?;
            uncork(&sock)
        })
    });
    let finished = spoof("a_message_finished_by_another", "10.0.0.3", HOST4, |to| {
        let sock = Sock::v4(Proto::Udp);
        let control = control_bytes(&source_control(ip(HOST4)));
        Box::new(move || {
            // The first message begins the datagram. Without the sixteenth
            // kernel patch no LSM checks the second.
            let hostile = (to.bytes(), control);
            let messages = [hostile.clone(), hostile];
            let _ = send_batch(sock.as_fd(), b"x", &messages, MSG_MORE)?;
            sock.send_to(b"x", to.clone())
        })
    });
    let refused = [begun_outside, finished].map(|spoof| spoof.refused(EADDRNOTAVAIL));
    [
        spoof("a_message_corked_before_v4", "10.0.0.3", HOST4, |to| {
            corked_before(Sock::v4(Proto::Udp), to, ip(HOST4))
        }),
        spoof("a_message_corked_before_v6", "2001:db8::3", HOST6, |to| {
            corked_before(Sock::v6(Proto::Udp), to, ip(HOST6))
        }),
    ]
    .into_iter()
    .flat_map(Spoof::tests)
    .chain(refused.into_iter().flatten())
    .chain([
        behaviour(
            "a_process_with_half_a_message_from_elsewhere_cannot_be_associated",
            || {
                let half = bound_and_corked((ip("10.0.0.3"), 9).into());
                cannot_be_associated(Bypass::HalfMessage, Some(half.number()));
            },
        ),
        behaviour(
            "a_process_that_finished_its_message_can_be_associated",
            || {
                let sock = bound_and_corked((ip("10.0.0.3"), 9).into());
                uncork(&sock).expect("uncork");
                associate(ONE);
            },
        ),
        everywhere(
            "half_a_message_of_an_unassociated_process_leaves_when_uncorked",
            || {
                let witness = Sock::serving(Proto::Udp, ("10.0.0.3", 0));
                let sock = bound_and_corked(witness.local());
                uncork(&sock).expect("uncork");
                assert_eq!(sources(Proto::Udp, &witness), [ip(HOST4)]);
            },
        ),
    ])
    .collect()
}

/// A socket bound to an address of the host, with the beginning of a message.
pub(super) fn bound_and_corked(to: Addr) -> Sock {
    let sock = corked(Sock::v4(Proto::Udp));
    sock.bind((HOST4, 0)).expect("bind");
    sock.send_to(b"x", to).expect("cork");
    sock
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
