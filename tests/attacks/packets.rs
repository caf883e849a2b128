// SPDX-License-Identifier: GPL-2.0

//! Packets made by hand, conversations to overhear, and victims to deceive.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::thread::sleep;
use std::time::Duration;

use crate::addr::{ip, Addr};
use crate::child::{Channel, Child};
use crate::sock::{Proto, Sock};

/// What two others say to each other.
pub const SECRET: &[u8] = b"what two others say to each other";
/// What a forged message says.
pub const FORGED: &[u8] = b"pay the attacker";
/// The port on which others receive messages.
pub const PORT: u16 = 5353;
/// The loopback interface, in every network namespace.
pub const LOOPBACK: u32 = 1;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// A process that sends the secret to its own socket at an address again and
/// again. Ends when dropped.
pub fn conversation(at: &'static str) -> Child {
    let started = Channel::new();
    let child = Child::spawn(|| {
        let server = Sock::serving(Proto::Udp, (at, PORT));
        let client = Sock::for_ip(Proto::Udp, ip(at));
        started.send("");
        loop {
            client.send_to(SECRET, (at, PORT)).expect("send");
            // The message may be late on a busy machine.
            let _ = server.receive();
            sleep(Duration::from_millis(20));
        }
    });
    started.receive();
    child
}

/// A process that sends the secret to an address as fast as it can. Ends when
/// dropped.
pub fn rapid_talk(at: &'static str) -> Child {
    let started = Channel::new();
    let child = Child::spawn(|| {
        let _server = Sock::serving(Proto::Udp, (at, PORT));
        let client = Sock::for_ip(Proto::Udp, ip(at));
        started.send("");
        loop {
            client.send_to(SECRET, (at, PORT)).expect("send");
        }
    });
    started.receive();
    child
}

/// Whether these bytes hold the secret.
pub fn holds_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|part| part == SECRET)
}

/// Receives on a socket until the secret comes.
pub fn overhear(sock: &Sock) -> io::Result<()> {
    for _ in 0..200 {
        if holds_secret(&sock.receive()?.0) {
            return Ok(());
        }
    }
    Err(io::Error::other("200 messages came without the secret"))
}

/// The socket of a program that believes every message, and its source.
pub fn victim(at: &str) -> Sock {
    Sock::serving(Proto::Udp, (at, PORT))
}

/// Receives a message, which must be the forged one from this source.
pub fn deceived(victim: &Sock, source: &str) -> io::Result<()> {
    let (data, from) = victim.receive()?;
    if data == FORGED && from.ip() == ip(source) {
        Ok(())
    } else {
        let text = String::from_utf8_lossy(&data).into_owned();
        Err(io::Error::other(format!("got {text} from {}", from.ip())))
    }
}

/// The forged message to a victim, with an IP header that names any source.
pub fn forged(source: &str, to: &str) -> Vec<u8> {
    packet(
        ip(source),
        ip(to),
        libc::IPPROTO_UDP as u8,
        &udp(source, to),
    )
}

/// The forged message as it is on a link.
pub fn forged_frame(source: &str, to: &str) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend(ethertype(to).to_be_bytes());
    frame.extend(forged(source, to));
    frame
}

/// The UDP datagram of the forged message.
pub fn udp(source: &str, to: &str) -> Vec<u8> {
    let len = (8 + FORGED.len()) as u16;
    let mut bytes = Vec::new();
    for field in [PORT, PORT, len, 0] {
        bytes.extend(field.to_be_bytes());
    }
    bytes.extend(FORGED);
    let mut covered = [octets(ip(source)), octets(ip(to))].concat();
    covered.extend(u32::from(len).to_be_bytes());
    covered.extend((libc::IPPROTO_UDP as u32).to_be_bytes());
    covered.extend(&bytes);
    bytes[6..8].copy_from_slice(&checksum(&covered).to_be_bytes());
    bytes
}

/// An ICMP echo request.
pub fn echo_request() -> Vec<u8> {
    // Type, code, checksum, identifier, number.
    let mut bytes = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1];
    let sum = checksum(&bytes);
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// An IP packet.
pub fn packet(source: IpAddr, to: IpAddr, protocol: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes;
    if source.is_ipv4() {
        let len = ((20 + content.len()) as u16).to_be_bytes();
        // Version and length, service, length, id, flags, lifetime, protocol,
        // checksum.
        bytes = vec![0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, protocol, 0, 0];
        bytes.extend(octets(source));
        bytes.extend(octets(to));
        let sum = checksum(&bytes);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    } else {
        let len = (content.len() as u16).to_be_bytes();
        bytes = vec![0x60, 0, 0, 0, len[0], len[1], protocol, 64];
        bytes.extend(octets(source));
        bytes.extend(octets(to));
    }
    bytes.extend(content);
    bytes
}

/// struct sockaddr_ll: where a packet socket listens and sends.
pub fn on_loopback(to: &str) -> Addr {
    on_interface(LOOPBACK, ethertype(to))
}

/// The same, on an interface, for packets of this type.
pub fn on_interface(index: u32, ethertype: u16) -> Addr {
    let mut bytes = (libc::AF_PACKET as u16).to_ne_bytes().to_vec();
    bytes.extend(ethertype.to_be_bytes());
    bytes.extend(index.to_ne_bytes());
    bytes.resize(20, 0);
    Addr::raw(&bytes)
}

/// Makes the machine accept packets from its network whose source is an address
/// of its own, so that its tenants can play the hosts of a network.
pub fn trust_the_network() {
    for device in ["all", "default"] {
        let path = format!("/proc/sys/net/ipv4/conf/{device}/accept_local");
        fs::write(path, "1").expect("accept_local");
    }
}

fn ethertype(to: &str) -> u16 {
    match ip(to) {
        IpAddr::V4(_) => ETHERTYPE_IPV4,
        IpAddr::V6(_) => ETHERTYPE_IPV6,
    }
}

/// The bytes of an address, as they are in a packet.
pub fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

/// The Internet checksum.
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
