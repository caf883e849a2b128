// SPDX-License-Identifier: GPL-2.0

//! What leaves, whether or not anybody receives it. Packets between addresses
//! of one machine pass its loopback interface, where a packet socket sees them.

use std::net::IpAddr;

use libc::{AF_PACKET, SOCK_DGRAM};

use super::packets::{on_interface, on_loopback};
use crate::addr::{ip, Addr};
use crate::sock::Sock;
use crate::sys::device::interface_index;

/// After how much silence all packets have passed, in milliseconds.
const SILENCE: i32 = 500;

/// The flag of a TCP segment that requests a connection, and the flag of
/// segments that answer.
const SYN: u8 = 2;
const ACK: u8 = 16;

/// A socket that sees the packets of one family.
pub struct Wire(Sock);

/// An IP packet.
pub struct Packet(Vec<u8>);

impl Wire {
    /// Watches packets of this address's family on the loopback, from now on.
    pub fn watched_for(like: &str) -> Self {
        Self::seen_at(on_loopback(like))
    }

    /// Watches all packets of the interface that leads out of the machine. Only
    /// sockets for packets of every type see those that leave.
    pub fn at_the_cable() -> Self {
        let index = interface_index("dummy0").expect("an interface");
        Self::seen_at(on_interface(index, libc::ETH_P_ALL as u16))
    }

    fn seen_at(place: Addr) -> Self {
        let sock = Sock::new(AF_PACKET, SOCK_DGRAM, 0).expect("a packet socket");
        sock.bind(place).expect("bind");
        Self(sock)
    }

    /// The packets that pass until there is silence.
    pub fn packets(&self) -> Vec<Packet> {
        std::iter::from_fn(|| self.next(SILENCE)).collect()
    }

    /// The next IP packet, if one passes within this many milliseconds.
    pub fn next(&self, milliseconds: i32) -> Option<Packet> {
        while self.0.has_input(milliseconds) {
            let (bytes, _) = self.0.receive().expect("what has passed");
            if matches!(bytes[0] >> 4, 4 | 6) {
                return Some(Packet(bytes));
            }
        }
        None
    }

    /// Whether a packet requested a connection from `source` to this port.
    pub fn saw_connection(&self, source: &str, port: u16) -> bool {
        let packets = self.packets();
        packets.iter().any(|p| p.connects(ip(source), port))
    }
}

impl Packet {
    /// The source address that it names.
    pub fn source(&self) -> IpAddr {
        match self.0[0] >> 4 {
            4 => v4(&self.0[12..16]),
            _ => v6(&self.0[8..24]),
        }
    }

    /// The destination address.
    pub fn destination(&self) -> IpAddr {
        match self.0[0] >> 4 {
            4 => v4(&self.0[16..20]),
            _ => v6(&self.0[24..40]),
        }
    }

    /// Whether it contains these bytes anywhere.
    pub fn contains(&self, bytes: &[u8]) -> bool {
        self.0.windows(bytes.len()).any(|part| part == bytes)
    }

    /// The length of the header; for IPv6, without the headers that follow it.
    fn header_len(&self) -> usize {
        match self.0[0] >> 4 {
            4 => usize::from(self.0[0] & 15) * 4,
            _ => 40,
        }
    }

    /// The number of the protocol that it carries.
    pub fn protocol(&self) -> i32 {
        i32::from(match self.0[0] >> 4 {
            4 => self.0[9],
            _ => self.0[6],
        })
    }

    /// The IPv4 options.
    pub fn options(&self) -> &[u8] {
        &self.0[20..self.header_len().max(20)]
    }

    /// Whether it is an ICMPv6 echo request.
    pub fn is_v6_echo_request(&self) -> bool {
        self.protocol() == libc::IPPROTO_ICMPV6 && self.content()[0] == 128
    }

    fn connects(&self, source: IpAddr, port: u16) -> bool {
        self.asks_for(port) && self.source() == source
    }

    /// Whether it requests a connection to this port.
    pub fn asks_for(&self, port: u16) -> bool {
        let content = self.content();
        self.opens(SYN) && content[2..4] == port.to_be_bytes()
    }

    /// Whether it accepts a connection to this port.
    pub fn grants(&self, port: u16) -> bool {
        let content = self.content();
        self.opens(SYN | ACK) && content[..2] == port.to_be_bytes()
    }

    fn opens(&self, flags: u8) -> bool {
        self.protocol() == libc::IPPROTO_TCP && self.content()[13] & (SYN | ACK) == flags
    }

    /// What follows the header.
    pub fn content(&self) -> &[u8] {
        &self.0[self.header_len()..]
    }
}

fn v4(bytes: &[u8]) -> IpAddr {
    <[u8; 4]>::try_from(bytes).expect("4 bytes").into()
}

fn v6(bytes: &[u8]) -> IpAddr {
    <[u8; 16]>::try_from(bytes).expect("16 bytes").into()
}
