// SPDX-License-Identifier: GPL-2.0

//! Checks the source address of every packet against the sender that its payload
//! names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::message::{check_sent, Message, Seen};
use crate::pool;
use crate::socket::receive_from;
use crate::sys::clock::now;
use crate::world::{Counter, World};

const OUTGOING: u8 = 4;

/// The parts of an IP packet that are checked.
struct Packet<'a> {
    source: IpAddr,
    to: IpAddr,
    protocol: u8,
    /// From the transport header on.
    rest: &'a [u8],
}

/// Reads the IP header and what follows it before the transport header.
fn read(bytes: &[u8]) -> Option<Packet<'_>> {
    match bytes.first()? >> 4 {
        4 => {
            let len = usize::from(bytes[0] & 15) * 4;
            let source: [u8; 4] = bytes.get(12..16)?.try_into().ok()?;
            let to: [u8; 4] = bytes.get(16..20)?.try_into().ok()?;
            // Only the first fragment has a transport header.
            if u16::from_be_bytes([bytes[6], bytes[7]]) & 0x1fff != 0 {
                return None;
            }
            Some(Packet {
                source: Ipv4Addr::from(source).into(),
                to: Ipv4Addr::from(to).into(),
                protocol: bytes[9],
                rest: bytes.get(len..)?,
            })
        }
        6 => {
            let source: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            let to: [u8; 16] = bytes.get(24..40)?.try_into().ok()?;
            let (mut protocol, mut at) = (*bytes.get(6)?, 40);
            // Hop-by-hop options, routing, destination options; 44: fragment.
            while matches!(protocol, 0 | 43 | 60 | 44) {
                if protocol == 44
                    && u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]) & 0xfff8 != 0
                {
                    return None;
                }
                let len = if protocol == 44 {
                    8
                } else {
                    8 + usize::from(*bytes.get(at + 1)?) * 8
                };
                protocol = bytes[at];
                at += len;
            }
            Some(Packet {
                source: Ipv6Addr::from(source).into(),
                to: Ipv6Addr::from(to).into(),
                protocol,
                rest: bytes.get(at..)?,
            })
        }
        _ => None,
    }
}

impl Packet<'_> {
    /// The payload that a program sent, and whether it is of a stream. `None` for
    /// answers of the kernel, which may quote anything.
    fn payload(&self) -> Option<(&[u8], bool)> {
        let at = match self.protocol {
            6 => usize::from(self.rest.get(12)? >> 4) * 4,
            // An echo request.
            1 | 58 if matches!(self.rest.first()?, 8 | 128) => 8,
            1 | 58 => return None,
            17 | 136 => 8,
            _ => 0,
        };
        Some((self.rest.get(at..)?, self.protocol == 6))
    }

    /// Whether a program must have caused the packet: it is neither a reset nor
    /// another answer of the kernel.
    fn is_wanted(&self) -> bool {
        match self.protocol {
            6 => self.rest.get(13).is_some_and(|flags| flags & 4 == 0),
            17 | 136 | 132 => true,
            1 | 58 => matches!(self.rest.first(), Some(8 | 128)),
            _ => false,
        }
    }
}

/// Checks all packets on `fd` until the run ends.
pub fn watch(world: World, fd: i32, host: bool) {
    let mut bytes = vec![0; 70_000];
    while !world.stopped() {
        let Ok((len, name)) = receive_from(fd, &mut bytes, 0) else {
            continue;
        };
        let Some(packet) = read(&bytes[..len]) else {
            continue;
        };
        // struct sockaddr_ll: interface at 4, hardware type at 8, packet type at 10.
        let seen = Seen {
            host,
            interface: i32::from_ne_bytes([name[4], name[5], name[6], name[7]]),
            hardware: u16::from_ne_bytes([name[8], name[9]]),
            protocol: packet.protocol,
            direction: name[10],
        };
        let leaves = seen.direction == OUTGOING;
        if let Some((payload, stream)) = packet.payload() {
            if let Some(message) = Message::read(payload) {
                if message.sender != 0 {
                    check_sent(world, &message, (packet.source, packet.to), stream, seen);
                }
            }
        }
        let excused = match packet.protocol {
            6 => world.free_until().max(world.early_until()),
            _ => world.free_until(),
        };
        if leaves == host && pool::is_dark(packet.source) && packet.is_wanted() && now() > excused {
            let start = &packet.rest[..packet.rest.len().min(20)];
            let facts = format_args!(
                "a packet of protocol {} to {} has the source {}, which no tenant may use: {seen:?}, \
                 begins with {start:02x?}",
                packet.protocol, packet.to, packet.source
            );
            world.violation(Counter::PacketViolations, 0, facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A UDP packet in IPv4 with four bytes of options.
    fn packet() -> Vec<u8> {
        let mut bytes = vec![0x46, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0];
        bytes.extend([10, 1, 1, 5, 10, 9, 0, 2, 1, 1, 1, 1]);
        bytes.extend([0; 8]);
        bytes.extend(b"payload");
        bytes
    }

    #[test]
    fn options_are_skipped_to_find_the_payload() {
        let bytes = packet();
        let packet = read(&bytes).expect("a packet");
        assert_eq!(packet.source, IpAddr::from([10, 1, 1, 5]));
        assert_eq!(packet.to, IpAddr::from([10, 9, 0, 2]));
        assert_eq!(packet.payload(), Some((&b"payload"[..], false)));
        assert!(packet.is_wanted());
    }

    #[test]
    fn later_fragments_and_short_packets_are_passed_over() {
        let mut bytes = packet();
        bytes[7] = 1;
        assert!(read(&bytes).is_none());
        for len in 0..20 {
            assert!(read(&packet()[..len]).is_none());
        }
    }
}
