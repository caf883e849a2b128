// SPDX-License-Identifier: GPL-2.0

//! An XDP socket sends frames that the program wrote, from memory that it
//! shares with the kernel.

use std::io;
use std::os::fd::AsFd;

use addrconf_abi::Bypass;
use libc::{AF_XDP, EAFNOSUPPORT, SOCK_RAW};

use super::packet_socket_opened_before::cannot_be_associated;
use super::packets::{deceived, forged_frame, trust_the_network, victim, LOOPBACK};
use crate::addr::{Addr, HOST4, HOST6, ONE};
use crate::registry::{behaviour, refusal, Test};
use crate::sock::Sock;
use crate::sys::memory::Shared;
use crate::sys::message::sendto;
use crate::sys::option::{option_bytes, set_option, set_option_bytes};

const FRAME: usize = 4096;
const FRAMES: i32 = 4;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::from(
        [("v4", "10.0.0.2", HOST4), ("v6", "2001:db8::2", HOST6)].map(|(family, source, to)| {
            refusal(
                format!("an_xdp_socket_cannot_forge_a_{family}_packet"),
                ONE,
                EAFNOSUPPORT,
                move || {
                    trust_the_network();
                    let victim = victim(to);
                    Box::new(move || {
                        let sock = Sock::new(AF_XDP, SOCK_RAW, 0)?;
                        transmit(&sock, &forged_frame(source, to))?;
                        deceived(&victim, source)
                    })
                },
            )
        }),
    );
    tests.push(behaviour(
        "a_process_with_an_xdp_socket_cannot_be_associated",
        || {
            let sock = Sock::new(AF_XDP, SOCK_RAW, 0).expect("an XDP socket");
            cannot_be_associated(Bypass::XdpSocket, Some(sock.number()));
        },
    ));
    tests
}

/// Sends a frame over the loopback interface.
fn transmit(sock: &Sock, frame: &[u8]) -> io::Result<()> {
    let fd = sock.as_fd();
    let frames = Shared::new(FRAME * FRAMES as usize)?;
    // struct xdp_umem_reg: address, length, frame, headroom, flags, room.
    let mut area = frames.address().to_ne_bytes().to_vec();
    area.extend(((FRAME * FRAMES as usize) as u64).to_ne_bytes());
    area.extend((FRAME as u32).to_ne_bytes());
    area.resize(32, 0);
    set_option_bytes(fd, libc::SOL_XDP, libc::XDP_UMEM_REG, &area)?;
    for ring in [
        libc::XDP_UMEM_FILL_RING,
        libc::XDP_UMEM_COMPLETION_RING,
        libc::XDP_TX_RING,
    ] {
        set_option(fd, libc::SOL_XDP, ring, FRAMES)?;
    }
    // struct xdp_mmap_offsets: four rings, the second to send; of each the
    // producer, the consumer, the descriptors and the flags.
    let offsets = option_bytes(fd, libc::SOL_XDP, libc::XDP_MMAP_OFFSETS, 128)?;
    let offset = |nr: usize| {
        let bytes = offsets[32 + 8 * nr..40 + 8 * nr].try_into();
        u64::from_ne_bytes(bytes.expect("8 bytes")) as usize
    };
    let (producer, descriptors) = (offset(0), offset(2));
    let ring = Shared::of(
        fd,
        descriptors + 16 * FRAMES as usize,
        libc::XDP_PGOFF_TX_RING,
    )?;
    // struct sockaddr_xdp: family, flags, interface, queue, no other socket.
    let mut at = (AF_XDP as u16).to_ne_bytes().to_vec();
    at.extend(libc::XDP_COPY.to_ne_bytes());
    at.extend(LOOPBACK.to_ne_bytes());
    at.extend([0; 8]);
    sock.bind(Addr::raw(&at))?;
    frames.write(0, frame);
    // struct xdp_desc: where in the frames, length, options.
    let mut descriptor = vec![0; 8];
    descriptor.extend((frame.len() as u32).to_ne_bytes());
    descriptor.extend([0; 4]);
    ring.write(descriptors, &descriptor);
    ring.publish(producer, 1);
    sendto(fd, &[], libc::MSG_DONTWAIT, &[]).map(drop)
}
