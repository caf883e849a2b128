// SPDX-License-Identifier: GPL-2.0

//! Control messages that name another tenant's address as the source, hidden
//! among others. The kernel uses the last of several, accepts old names of the
//! same message, and the IPv4 message on IPv6 sockets.

use std::net::IpAddr;
use std::os::fd::AsFd;

use libc::{EADDRNOTAVAIL, IPPROTO_IPV6, IPV6_2292PKTINFO};

use crate::addr::{ip, mapped, Addr};
use crate::registry::{Attack, Test};
use crate::sock::{source_control, Proto, Sock};
use crate::sys::control_message::{control_bytes, Control};
use crate::sys::message::send_batch;

use super::witness::spoof;

pub fn tests() -> Vec<Test> {
    [
        spoof("a_last_of_two_sources_v4", "10.0.0.3", "10.0.0.2", |to| {
            let controls = [ip("10.0.0.1"), ip("10.0.0.2")].map(source_control);
            sending(Sock::v4(Proto::Udp), to, &controls)
        }),
        spoof(
            "a_last_of_two_sources_v6",
            "2001:db8::3",
            "2001:db8::2",
            |to| {
                let controls = [ip("2001:db8::1"), ip("2001:db8::2")].map(source_control);
                sending(Sock::v6(Proto::Udp), to, &controls)
            },
        ),
        spoof(
            "a_source_behind_another_message",
            "10.0.0.3",
            "10.0.0.2",
            |to| {
                // IP_TTL of 64: the content is shorter than its aligned space.
                let ttl = (
                    libc::IPPROTO_IP,
                    libc::IP_TTL,
                    64_i32.to_ne_bytes().to_vec(),
                );
                sending(
                    Sock::v4(Proto::Udp),
                    to,
                    &[ttl, source_control(ip("10.0.0.2"))],
                )
            },
        ),
        spoof("an_old_style_source", "2001:db8::3", "2001:db8::2", |to| {
            let (_, _, content) = source_control(ip("2001:db8::2"));
            let control = (IPPROTO_IPV6, IPV6_2292PKTINFO, content);
            sending(Sock::v6(Proto::Udp), to, &[control])
        }),
        spoof("a_v4_source_on_a_v6_socket", "10.0.0.3", "10.0.0.2", |to| {
            mapped_to(to, ip("10.0.0.2"))
        }),
        spoof(
            "a_mapped_source_on_a_v6_socket",
            "10.0.0.3",
            "10.0.0.2",
            |to| mapped_to(to, mapped("10.0.0.2")),
        ),
        spoof(
            "a_source_for_a_connected_socket",
            "10.0.0.3",
            "10.0.0.2",
            |to| {
                let sock = Sock::v4(Proto::Udp);
                let bytes = control_bytes(&source_control(ip("10.0.0.2")));
                Box::new(move || {
                    sock.connect(to)?;
                    send_batch(sock.as_fd(), b"x", &[(&[], bytes)], 0).map(drop)
                })
            },
        ),
    ]
    .into_iter()
    .flat_map(|spoof| spoof.refused(EADDRNOTAVAIL))
    .collect()
}

fn mapped_to(to: Addr, source: IpAddr) -> Attack {
    let to = Addr::from((mapped("10.0.0.3"), to.port()));
    sending(Sock::v6(Proto::Udp), to, &[source_control(source)])
}

/// Sends a message with these control messages.
fn sending(sock: Sock, to: Addr, controls: &[Control]) -> Attack {
    let bytes = controls.iter().flat_map(control_bytes).collect();
    Box::new(move || send_batch(sock.as_fd(), b"x", &[(to.bytes(), bytes)], 0).map(drop))
}
