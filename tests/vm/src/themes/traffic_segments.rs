// SPDX-License-Identifier: GPL-2.0

//! Packets that stand for several: each counts as what goes over the wire.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;

use addrconf_abi::Traffic;

use crate::addr::{ip, ONE};
use crate::attacks::packets::{checksum, octets, packet};
use crate::child::{eventually, stay, Channel, Child};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::device::{device_ioctl, device_request, TUNSETIFF};
use crate::world::configure;

use super::traffic::{both, Counting, V4, V6};

/// Bytes of data in all segments but the last.
const SEGMENT: u16 = 100;
/// Bytes of data in all of a packet.
const DATA: u16 = 250;
const SEGMENTS: u64 = 3;
/// The port of the server.
const PORT: u16 = 7;
/// A socket wants segments as one packet (`UDP_GRO` of include/uapi/linux/udp.h).
const UDP_GRO: i32 = 104;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (family, to, from, header) in [
        ("v4", ONE[0], "192.0.2.7", V4),
        ("v6", ONE[1], "2001:db8:2::7", V6),
    ] {
        tests.push(behaviour(
            format!("segments_of_a_program_are_counted_each_{family}"),
            move || {
                let shop = Defined::new("shop", ONE);
                let (ready, came) = (Channel::new(), Channel::new());
                let _server = Child::spawn(|| {
                    shop.enter();
                    let server = Sock::serving(Proto::Udp, (to, PORT));
                    server.set(libc::SOL_UDP, UDP_GRO, 1);
                    ready.send("");
                    let (data, _) = server.receive().expect("a packet");
                    came.send(&data.len().to_string());
                    stay();
                });
                ready.receive();
                let _counting = Counting::begin();
                let mut tunnel = tunnel();
                tunnel.write_all(&segments(from, to)).expect("inject");
                // The socket got it as one.
                assert_eq!(came.receive(), DATA.to_string());
                let received = Traffic {
                    packets: SEGMENTS,
                    bytes: u64::from(DATA) + SEGMENTS * header,
                };
                eventually("the packet", || both(&shop).0 != Traffic::NONE);
                assert_eq!(both(&shop), (received, Traffic::NONE));
            },
        ));
    }
    tests
}

/// A tunnel device that takes packets with segments, behind which is a network.
fn tunnel() -> File {
    let mut options = File::options();
    let file = options.read(true).write(true).open("/dev/net/tun");
    let file = file.expect("/dev/net/tun");
    let kind = (libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR) as i16;
    device_ioctl(file.as_fd(), TUNSETIFF, device_request("tun0", kind)).expect("a tunnel");
    configure(
        "link set tun0 up\nroute add 192.0.2.0/24 dev tun0\nroute add 2001:db8:2::/64 dev tun0\n",
    )
    .expect("routes");
    file
}

/// A datagram of several segments, as a virtual machine sends it: behind a `struct virtio_net_hdr`
/// (include/uapi/linux/virtio_net.h), which has their size, but not their number.
fn segments(from: &str, to: &str) -> Vec<u8> {
    let length = 8 + DATA;
    // The sum of the pseudo-header; the rest is left to the device.
    let mut covered = [octets(ip(from)), octets(ip(to))].concat();
    covered.extend([0, libc::IPPROTO_UDP as u8]);
    covered.extend(length.to_be_bytes());
    let sum = !checksum(&covered);
    // From port 9.
    let mut content = [9, PORT, length, sum].map(u16::to_be_bytes).concat();
    content.resize(length.into(), 7);
    let ip = packet(ip(from), ip(to), libc::IPPROTO_UDP as u8, &content);
    // Where the datagram is in it.
    let start = ip.len() as u16 - length;
    // VIRTIO_NET_HDR_F_NEEDS_CSUM, and VIRTIO_NET_HDR_GSO_UDP_L4. Then the length of all headers, the
    // size of a segment, the checksum's start and its place there.
    let mut bytes = vec![1, 5];
    for number in [start + 8, SEGMENT, start, 6] {
        bytes.extend(number.to_ne_bytes());
    }
    bytes.extend(ip);
    bytes
}
