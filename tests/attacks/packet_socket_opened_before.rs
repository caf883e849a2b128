// SPDX-License-Identifier: GPL-2.0

//! A packet socket that was opened before its process was associated keeps
//! receiving, and its ring, once mapped, is read without a system call.

use std::io;
use std::os::fd::AsFd;

use addrconf_abi::{Bypass, Obstacle};
use libc::{AF_PACKET, EFAULT, EPERM, SOCK_RAW};

use super::packets::{conversation, on_loopback, overhear, SECRET};
use crate::addr::{HOST4, ONE};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{in_the_way, Assignment};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::Sock;
use crate::sys::memory::Shared;
use crate::sys::option::set_option_bytes;
use crate::sys::pipe::pipe;
use crate::sys::process::take_descriptor;
use crate::uring::Ring;

const BLOCK: usize = 16 * 4096;
const FRAME: usize = 2048;
const PACKET_RX_RING: i32 = 5;

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("a_ring_of_packets_overhears_others", || {
            let _talk = conversation("10.0.0.2");
            let (_sock, ring) = ring();
            eventually("the secret in the ring", || ring.contains(SECRET));
        }),
        behaviour(
            "a_process_with_a_packet_socket_cannot_be_associated",
            || {
                let ear = ear();
                cannot_be_associated(Bypass::PacketSocket, Some(ear.number()));
            },
        ),
        behaviour(
            "a_process_with_a_ring_of_packets_cannot_be_associated",
            || {
                let (sock, _ring) = ring();
                cannot_be_associated(Bypass::PacketSocket, Some(sock.number()));
            },
        ),
        behaviour(
            "a_process_that_closed_its_packet_socket_but_has_the_ring_cannot_be_associated",
            || {
                let (sock, _ring) = ring();
                drop(sock);
                cannot_be_associated(Bypass::PacketSocket, None);
            },
        ),
        everywhere(
            "nobody_keeps_the_pages_of_a_ring_of_packets_without_it",
            || {
                let (_sock, packets) = ring();
                let memory = Shared::new(BLOCK).expect("memory");
                for (memory, can) in [(memory, true), (packets, false)] {
                    let (_read, write) = pipe().expect("a pipe");
                    let ends = [
                        memory.put_into(write.as_fd()).map(drop),
                        Ring::new().register_memory(&memory),
                    ];
                    for end in ends {
                        let errno = end.map_err(|e| e.raw_os_error());
                        assert_eq!(errno, if can { Ok(()) } else { Err(Some(EFAULT)) });
                    }
                }
            },
        ),
        refusal(
            "a_packet_socket_taken_from_an_unassociated_process_overhears_nobody",
            ONE,
            EPERM,
            || {
                let talk = conversation("10.0.0.2");
                let number = Channel::new();
                let owner = Child::spawn(|| {
                    let ear = ear();
                    number.send(&ear.number().to_string());
                    stay();
                });
                let number = number.receive().parse().expect("a number");
                Box::new(move || {
                    let ear = Sock::from(take_descriptor(owner.pid(), number)?);
                    overhear(&ear).map(|()| drop(talk))
                })
            },
        ),
    ]
}

/// Panics unless this process is refused an association for exactly this.
pub fn cannot_be_associated(bypass: Bypass, fd: Option<i32>) {
    let pid = std::process::id() as i32;
    let fd = fd.map(|fd| fd as u32);
    let obstacle = in_the_way(pid, &Assignment::DEFAULT);
    assert_eq!(obstacle, Obstacle { bypass, pid, fd });
}

/// A packet socket that receives every IPv4 packet on the loopback interface.
pub(super) fn ear() -> Sock {
    let ear = Sock::new(AF_PACKET, SOCK_RAW, 0).expect("a packet socket");
    ear.bind(on_loopback(HOST4)).expect("bind");
    ear
}

/// A packet socket, and its ring.
fn ring() -> (Sock, Shared) {
    let sock = unmapped_ring();
    let ring = mapped(&sock).expect("mmap");
    sock.bind(on_loopback(HOST4)).expect("bind");
    (sock, ring)
}

/// A packet socket with a ring that is not mapped yet.
pub(super) fn unmapped_ring() -> Sock {
    let sock = Sock::new(AF_PACKET, SOCK_RAW, 0).expect("a packet socket");
    // struct tpacket_req: size and number of blocks, then of frames.
    let request: Vec<u8> = [BLOCK, 1, FRAME, BLOCK / FRAME]
        .into_iter()
        .flat_map(|n| (n as u32).to_ne_bytes())
        .collect();
    set_option_bytes(sock.as_fd(), libc::SOL_PACKET, PACKET_RX_RING, &request).expect("a ring");
    sock
}

/// Maps the ring of a packet socket.
pub(super) fn mapped(sock: &Sock) -> io::Result<Shared> {
    Shared::of(sock.as_fd(), BLOCK, 0)
}
