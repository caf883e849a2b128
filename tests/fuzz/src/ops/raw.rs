// SPDX-License-Identifier: GPL-2.0

//! Raw sockets, which some tenants may have. They send headers with any source.

use std::io::Result;
use std::net::{IpAddr, Ipv4Addr};

use libc::{AF_INET, AF_INET6, SOCK_NONBLOCK, SOCK_RAW};

use super::Actor;
use crate::message::Message;
use crate::socket;
use crate::world::Counter;
use crate::{addr, pool};

const ECHO: [u8; 2] = [8, 128];
const UDP: u8 = 17;

/// Opens a raw socket, which must fail for tenants that may have none, and sends on
/// it.
pub fn raw(a: &mut Actor) -> Result<()> {
    let v6 = a.rng.percent(40);
    let family = if v6 { AF_INET6 } else { AF_INET };
    let protocol = a.rng.pick(&[1, 58, 17, 17, 6, 255, 255]);
    let fd = socket::socket(family, SOCK_RAW | SOCK_NONBLOCK, protocol)?;
    if !a.world.may_have_raw(a.tenant) && a.world.applies(a.tenant, u64::MAX) {
        let facts = format_args!("it opened a raw socket, which it may not have");
        a.world
            .violation(Counter::SocketViolations, a.tenant, facts);
    }
    a.fds.push(fd);
    a.world.count(Counter::RawSockets);
    if a.rng.percent(50) {
        super::sockets::ask_where(fd);
    }
    if a.rng.percent(40) {
        let (name, _) = addr::random(a.world, a.tenant, &mut a.rng, v6);
        socket::bind(fd, &name)?;
    }
    for _ in 0..a.rng.below(4) {
        let _ = send(a, fd, protocol, v6);
    }
    Ok(())
}

/// Sends a packet on a raw socket; with protocol 255, including its IP header.
fn send(a: &mut Actor, fd: i32, protocol: i32, v6: bool) -> Result<()> {
    let to = some(a, v6);
    let message = Message::new(a.tenant, None, false).bytes(0);
    let transport = match protocol {
        1 | 58 => [&[ECHO[usize::from(v6)], 0, 0, 0, 0, 1, 0, 1], &message[..]].concat(),
        _ => udp(&message, a.rng.pick(&addr::PORTS)),
    };
    let packet = if protocol == 255 {
        let source = some(a, v6);
        [header(source, to, transport.len()), transport].concat()
    } else {
        transport
    };
    let flags = super::send::flags(a);
    socket::send_to(fd, &packet, flags, &addr::bytes(to, 0)).map(drop)
}

/// A random address of a family.
fn some(a: &mut Actor, v6: bool) -> IpAddr {
    for _ in 0..16 {
        let found = addr::ip(a.world, a.tenant, &mut a.rng);
        if found.is_ipv6() == v6 {
            return found;
        }
    }
    pool::dark(0, v6)
}

/// A UDP datagram without a checksum.
fn udp(payload: &[u8], port: u16) -> Vec<u8> {
    let mut bytes = [port.to_be_bytes(), port.to_be_bytes()].concat();
    bytes.extend((8 + payload.len() as u16).to_be_bytes());
    bytes.extend([0; 2]);
    bytes.extend(payload);
    bytes
}

/// An IP header for a UDP packet of this length.
fn header(source: IpAddr, to: IpAddr, len: usize) -> Vec<u8> {
    match (source, to) {
        (IpAddr::V6(source), IpAddr::V6(to)) => {
            let mut bytes = vec![0x60, 0, 0, 0];
            bytes.extend((len as u16).to_be_bytes());
            bytes.extend([UDP, 64]);
            bytes.extend(source.octets());
            bytes.extend(to.octets());
            bytes
        }
        (source, to) => {
            let v4 = |addr| match addr {
                IpAddr::V4(v4) => v4,
                IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
            };
            // Linux fills in length and checksum.
            let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, UDP, 0, 0];
            bytes.extend(v4(source).octets());
            bytes.extend(v4(to).octets());
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_header_says_its_source_at_the_usual_place() {
        let source = pool::dark(1, false);
        let bytes = header(source, pool::PEER4.into(), 8);
        assert_eq!(bytes.len(), 20);
        assert_eq!(IpAddr::from([12, 13, 14, 15].map(|i| bytes[i])), source);
        let bytes = header(pool::dark(1, true), pool::PEER6.into(), 8);
        assert_eq!(bytes.len(), 40);
    }
}
