// SPDX-License-Identifier: GPL-2.0

//! Sends messages with every system call, every flag and every control message.

use std::io::Result;
use std::net::IpAddr;

use super::sockets::is_stream;
use super::Actor;
use crate::message::Message;
use crate::socket;
use crate::sys::message::Outgoing;
use crate::{addr, received};

/// A payload of random length.
fn payload(a: &mut Actor, to: Option<IpAddr>, stream: bool) -> Vec<u8> {
    let len = match a.rng.below(20) {
        0 => 3000,
        1 => 20_000,
        2 => 1400,
        _ => a.rng.below(300),
    };
    // A stream ignores the address of a message.
    let message = Message::new(a.tenant, to.filter(|_| !stream), stream);
    message.bytes(len)
}

/// An address to send to, or none, and a payload that names it.
pub fn something(a: &mut Actor, fd: i32) -> (Vec<u8>, Vec<u8>) {
    let v6 = a.rng.percent(50);
    let (name, to) = if a.rng.percent(25) {
        (Vec::new(), None)
    } else {
        addr::random(a.world, a.tenant, &mut a.rng, v6)
    };
    let stream = is_stream(fd);
    let data = payload(a, to, stream);
    (name, data)
}

/// Random flags, always with `MSG_DONTWAIT`.
pub(super) fn flags(a: &mut Actor) -> i32 {
    let mut flags = libc::MSG_DONTWAIT;
    if a.rng.percent(20) {
        flags |= a.rng.pick(&[
            libc::MSG_FASTOPEN,
            libc::MSG_MORE,
            libc::MSG_DONTROUTE,
            libc::MSG_CONFIRM,
            libc::MSG_OOB,
            libc::MSG_EOR,
            0x400_0000, // MSG_ZEROCOPY
        ]);
    }
    flags
}

/// `sendto()`.
pub fn send_to(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    let (name, data) = something(a, fd);
    let flags = flags(a);
    socket::send_to(fd, &data, flags, &name).map(drop)
}

/// Valid and malformed control messages.
fn control(a: &mut Actor) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..a.rng.below(3) {
        let source = addr::ip(a.world, a.tenant, &mut a.rng);
        let index = a.rng.pick(&[0_u32, 0, 0, 1, 2, 3, 4]);
        let one = match (source, a.rng.below(6)) {
            (IpAddr::V4(ip), 0..3) => {
                // struct in_pktinfo: interface, source, unused.
                let mut info = index.to_ne_bytes().to_vec();
                info.extend(ip.octets());
                info.extend([0; 4]);
                received::write(libc::IPPROTO_IP, libc::IP_PKTINFO, &info)
            }
            (ip, 0..4) => {
                let ip = match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                let mut info = ip.octets().to_vec();
                info.extend(index.to_ne_bytes());
                received::write(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info)
            }
            (_, 4) => {
                let level = a.rng.pick(&[0, 41, 1, 17, 6]);
                let kind = a.rng.below(110) as i32;
                // No SCM_RIGHTS: random descriptors in flight would only leak.
                let kind = if level == 1 && kind < 4 { 4 } else { kind };
                let len = a.rng.below(40);
                received::write(level, kind, &a.rng.bytes(len))
            }
            _ => {
                let mut one = received::write(0, libc::IP_PKTINFO, &[0; 12]);
                one[0] = a.rng.next() as u8;
                one
            }
        };
        bytes.extend(one);
    }
    bytes
}

/// `sendmsg()`.
pub fn message(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    let (name, data) = something(a, fd);
    let (control, flags) = (control(a), flags(a));
    let out = Outgoing {
        name: &name,
        data: &data,
        control: &control,
    };
    socket::send_message(fd, &out, flags).map(drop)
}

/// `sendmmsg()`.
pub fn messages(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    let parts: Vec<_> = (0..1 + a.rng.below(5))
        .map(|_| (something(a, fd), control(a)))
        .collect();
    let out: Vec<_> = parts
        .iter()
        .map(|((name, data), control)| Outgoing {
            name,
            data,
            control,
        })
        .collect();
    let flags = flags(a);
    socket::send_messages(fd, &out, flags).map(drop)
}
