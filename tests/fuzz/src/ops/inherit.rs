// SPDX-License-Identifier: GPL-2.0

//! Everything that can be done to the sockets of the host's services, which every
//! process inherits and which serve clients meanwhile.

use std::io::{self, Result};

use libc::{MSG_DONTWAIT, SOL_SOCKET};

use super::{keep, options, send, sockets, uring, Actor};
use crate::addr;
use crate::message::Message;
use crate::services::{self, ALL};
use crate::socket;
use crate::sys::uring::arena;
use crate::sys::{descriptor, pipe};

/// Options with values that keep a socket from receiving or sending
/// (`include/uapi/asm-generic/socket.h`, `include/uapi/linux/{in,tcp}.h`).
const HOSTILE: &[(i32, i32, i32)] = &[
    (SOL_SOCKET, libc::SO_RCVBUF, 1),
    (SOL_SOCKET, libc::SO_SNDBUF, 1),
    (SOL_SOCKET, libc::SO_RCVLOWAT, 1 << 20),
    (SOL_SOCKET, libc::SO_RCVTIMEO, 0),
    (SOL_SOCKET, libc::SO_REUSEPORT, 0),
    (SOL_SOCKET, libc::SO_BINDTOIFINDEX, 1),
    (SOL_SOCKET, libc::SO_DONTROUTE, 1),
    (SOL_SOCKET, 47, 1), // SO_MAX_PACING_RATE
    (libc::IPPROTO_IP, libc::IP_TTL, 1),
    (libc::IPPROTO_IP, 21, 255), // IP_MINTTL
    (libc::IPPROTO_IP, libc::IP_TOS, 255),
    (libc::IPPROTO_TCP, 9, 1000), // TCP_DEFER_ACCEPT
    (libc::IPPROTO_TCP, 18, 1),   // TCP_USER_TIMEOUT
    (libc::IPPROTO_TCP, 10, 1),   // TCP_WINDOW_CLAMP
    (libc::IPPROTO_TCP, 2, 88),   // TCP_MAXSEG
    (libc::IPPROTO_TCP, 3, 1),    // TCP_CORK
    (libc::IPPROTO_UDP, 1, 1),    // UDP_CORK
    (libc::IPPROTO_UDP, 100, 2),  // UDP_ENCAP
];

/// `ioctl` numbers (`include/uapi/asm-generic/{ioctls,sockios}.h`).
const IOCTLS: [u64; 8] = [
    0x5421, // FIONBIO
    0x5452, // FIOASYNC
    0x8901, // FIOSETOWN
    0x8902, // SIOCSPGRP
    0x8905, // SIOCATMARK
    0x541b, // FIONREAD
    0x5411, // SIOCOUTQ
    0x8906, // SIOCGSTAMP
];

/// One operation on one of these sockets.
pub fn any(a: &mut Actor) -> Result<()> {
    let fd = services::descriptor(a.rng.below(ALL.len()));
    if !socket::is_socket(fd) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    match a.rng.below(22) {
        0 | 1 => socket::shutdown(fd, a.rng.below(3) as i32),
        // AF_UNSPEC, which disconnects the socket.
        2 | 3 => socket::connect(fd, &[0; 16]),
        4 => {
            let name = addr::random(a.world, a.tenant, &mut a.rng, false).0;
            socket::connect(fd, &name)
        }
        5 => {
            let name = addr::random(a.world, a.tenant, &mut a.rng, false).0;
            socket::bind(fd, &name)
        }
        6 => socket::listen(fd, a.rng.below(2) as i32),
        7 => options::set_on(a, fd),
        8 => options::set_any_on(a, fd),
        9 | 10 => {
            let (level, name, value) = a.rng.pick(HOSTILE);
            socket::set_option_bytes(fd, level, name, &value.to_ne_bytes())
        }
        // BPF programs: filters that drop everything, and ones that select no socket
        // of a reuseport group.
        11 => {
            let name = a
                .rng
                .pick(&[libc::SO_ATTACH_FILTER, libc::SO_ATTACH_REUSEPORT_CBPF]);
            socket::attach_filter(fd, name, a.rng.pick(&[0, 1, 99]))
        }
        12 => ask(a, fd),
        13 => {
            let number = a.rng.pick(&IOCTLS);
            let own = std::process::id() as i32;
            let word = if number & 0xff00 == 0x8900 {
                own
            } else {
                a.rng.below(2) as i32
            };
            descriptor::ioctl(fd, number, word)
        }
        14 => control(a, fd),
        15 => {
            let new = socket::accept(fd, libc::SOCK_NONBLOCK)?;
            a.fds.push(new);
            sockets::receive_from(a, new, MSG_DONTWAIT)
        }
        16 => sockets::receive_from(a, fd, MSG_DONTWAIT),
        17 => {
            let bytes = Message::new(a.tenant, None, sockets::is_stream(fd)).bytes(72);
            let name = if a.rng.percent(50) {
                send::something(a, fd).0
            } else {
                Vec::new()
            };
            socket::send_to(fd, &bytes, MSG_DONTWAIT, &name).map(drop)
        }
        18 => pipe::splice_nowhere(fd, a.rng.percent(50), 64).map(drop),
        19 => uring::run_on(a, fd),
        20 => {
            let (level, name, value) = a.rng.pick(HOSTILE);
            arena::set_option(fd, level, name, value)
        }
        _ => {
            let copy = socket::dup(fd)?;
            if a.rng.percent(50) {
                a.fds.push(copy);
                return Ok(());
            }
            keep::put_away(a, copy)
        }
    }
}

/// `getsockopt()`, also of options that change the socket when they are read.
fn ask(a: &mut Actor, fd: i32) -> Result<()> {
    let (level, name, room) = match a.rng.below(4) {
        0 => (SOL_SOCKET, libc::SO_ERROR, 4),
        1 => (libc::IPPROTO_TCP, 28, 128), // TCP_SAVED_SYN
        2 => (libc::IPPROTO_TCP, 35, 64),  // TCP_ZEROCOPY_RECEIVE
        _ => return options::get_on(a, fd),
    };
    socket::option_bytes(fd, level, name, room).map(drop)
}

/// `fcntl()` on the state of the file, which all its holders share, and on the flags
/// of the descriptor, which they do not. The signal is one that is ignored by default.
fn control(a: &mut Actor, fd: i32) -> Result<()> {
    let own = std::process::id() as i32;
    let (command, value) = match a.rng.below(7) {
        0 => (libc::F_SETFL, 0),
        1 => (libc::F_SETFL, libc::O_NONBLOCK | libc::O_ASYNC),
        2 => (libc::F_SETFL, libc::O_APPEND),
        3 => (libc::F_SETOWN, own),
        4 => (10, libc::SIGURG), // F_SETSIG
        5 => (libc::F_GETFL, 0),
        _ => (libc::F_SETFD, 0),
    };
    descriptor::fcntl(fd, command, value).map(drop)
}
