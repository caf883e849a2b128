// SPDX-License-Identifier: GPL-2.0

//! A packet socket that was opened before its process was associated keeps
//! receiving, and its ring, once mapped, is read without a system call.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::{Bypass, Obstacle};
use libc::{AF_PACKET, EPERM, SOCK_RAW};

use super::capability::NET_RAW;
use super::packets::{conversation, holds_secret, on_loopback, overhear, SECRET};
use crate::addr::{HOST4, ONE};
use crate::child::{eventually, in_child, stay, Channel, Child};
use crate::client::{associate, in_the_way, Assignment};
use crate::registry::{behaviour, everywhere, refusal, Test};
use crate::sock::Sock;
use crate::sys::capability::drop_capability;
use crate::sys::memory::Shared;
use crate::sys::option::set_option_bytes;
use crate::sys::pipe::pipe;
use crate::sys::process::take_descriptor;
use crate::sys::trace::send_descriptor;

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
        everywhere("a_ring_of_packets_needs_the_capability", || {
            drop_capability(NET_RAW).expect("drop a capability");
            let ear = Sock::new(AF_PACKET, SOCK_RAW, 0);
            let errno = ear.expect_err("a packet socket").raw_os_error();
            assert_eq!(errno, Some(EPERM));
        }),
        // This is why a process that had the capability must be started anew.
        behaviour(
            "a_tenant_reads_the_pages_of_a_ring_that_it_kept_from_before",
            || {
                let talk = conversation("10.0.0.2");
                let (pages, _hidden) = kept_pages();
                in_child(|| {
                    associate(ONE);
                    assert!(tells_the_secret(pages));
                });
                drop(talk);
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

/// The pages of a ring of packets in a pipe, and the packet socket in flight between two
/// sockets, where nobody finds it.
fn kept_pages() -> (OwnedFd, (UnixDatagram, UnixDatagram)) {
    let (sock, packets) = ring();
    let (read, write) = pipe().expect("a pipe");
    let kept = packets.put_into(write.as_fd()).expect("vmsplice");
    assert_eq!(kept, BLOCK);
    let (ours, theirs) = UnixDatagram::pair().expect("socketpair");
    send_descriptor(ours.as_fd(), sock.as_fd()).expect("send");
    (read, (ours, theirs))
}

/// Reads page after page from a pipe, each as it is by then, until the secret comes.
fn tells_the_secret(pages: OwnedFd) -> bool {
    let mut pages = File::from(pages);
    let mut page = [0; 4096];
    (0..BLOCK / page.len()).any(|_| {
        sleep(Duration::from_millis(100));
        pages.read_exact(&mut page).expect("read");
        holds_secret(&page)
    })
}

/// Maps the ring of a packet socket.
pub(super) fn mapped(sock: &Sock) -> io::Result<Shared> {
    Shared::of(sock.as_fd(), BLOCK, 0)
}
