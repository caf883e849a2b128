// SPDX-License-Identifier: GPL-2.0

//! `ioctl()`, `fcntl()` and io_uring commands on a socket that does not belong to the
//! association. Its owner shares it and relies on the state that these calls change.
//! A request is allowed only if it is known to read and change nothing.
//!
//! Numbers: `include/uapi/asm-generic/{fcntl,ioctls,sockios}.h`,
//! `include/uapi/linux/{fcntl,sockios,io_uring}.h`.

use super::verdict::Refusal;

const FIONCLEX: u32 = 0x5450;
const FIOCLEX: u32 = 0x5451;
const FIONREAD: u32 = 0x541b;
const TIOCOUTQ: u32 = 0x5411;
const FIONBIO: u32 = 0x5421;
const FIOASYNC: u32 = 0x5452;
const FIOSETOWN: u32 = 0x8901;
const SIOCSPGRP: u32 = 0x8902;
const FIOGETOWN: u32 = 0x8903;
const SIOCGPGRP: u32 = 0x8904;
const SIOCATMARK: u32 = 0x8905;
const SIOCGSTAMP_OLD: u32 = 0x8906;
const SIOCGSTAMPNS_OLD: u32 = 0x8907;
const SIOCOUTQNSD: u32 = 0x894b;

/// Decides an `ioctl(request)` on a socket of another owner.
///
/// # Errors
///
/// * [`Refusal::SocketOutside`] for requests that change the socket: where its signals
///   go, or whether calls wait;
/// * [`Refusal::RequestUnknown`] for unknown requests.
pub fn request(request: u32) -> Result<(), Refusal> {
    match request {
        // These concern the descriptor, which is the caller's, and not the socket.
        FIONCLEX | FIOCLEX => Ok(()),
        FIONREAD | TIOCOUTQ | FIOGETOWN | SIOCGPGRP | SIOCATMARK | SIOCOUTQNSD => Ok(()),
        // The arrival time of the last packet. The socket records times from then on.
        SIOCGSTAMP_OLD | SIOCGSTAMPNS_OLD => Ok(()),
        // SIOCGIFNAME to SIOCGIFTXQLEN: they concern interfaces and work on any
        // socket. Those that change an interface need CAP_NET_ADMIN.
        0x8910..=0x8942 => Ok(()),
        FIONBIO | FIOASYNC | FIOSETOWN | SIOCSPGRP => Err(Refusal::SocketOutside),
        _ => Err(Refusal::RequestUnknown),
    }
}

const F_DUPFD: u32 = 0;
const F_GETFD: u32 = 1;
const F_SETFD: u32 = 2;
const F_GETFL: u32 = 3;
const F_GETOWN: u32 = 9;
const F_GETSIG: u32 = 11;
const F_GETOWN_EX: u32 = 16;
const F_GETOWNER_UIDS: u32 = 17;
const F_DUPFD_QUERY: u32 = 1027;
const F_CREATED_QUERY: u32 = 1028;
const F_DUPFD_CLOEXEC: u32 = 1030;

/// Decides an `fcntl(command)` on a descriptor of a socket of another owner. Allowed
/// are commands that concern the descriptor alone, or only read.
///
/// # Errors
///
/// [`Refusal::SocketOutside`] for all others: `F_SETFL`, `F_SETOWN` and similar.
pub fn control(command: u32) -> Result<(), Refusal> {
    match command {
        F_DUPFD | F_DUPFD_CLOEXEC | F_DUPFD_QUERY | F_CREATED_QUERY | F_GETFD | F_SETFD
        | F_GETFL | F_GETOWN | F_GETOWN_EX | F_GETSIG | F_GETOWNER_UIDS => Ok(()),
        _ => Err(Refusal::SocketOutside),
    }
}

const SOCKET_URING_OP_SIOCINQ: u32 = 0;
const SOCKET_URING_OP_SIOCOUTQ: u32 = 1;
const SOCKET_URING_OP_GETSOCKOPT: u32 = 2;
const SOCKET_URING_OP_SETSOCKOPT: u32 = 3;
const SOCKET_URING_OP_GETSOCKNAME: u32 = 5;

/// Decides an io_uring command on a socket of another owner. Allowed are commands
/// that only read, and the option commands, which the option hooks check.
///
/// # Errors
///
/// [`Refusal::SocketOutside`] for all others, such as removing time stamps from the
/// socket's queue.
pub fn ring_command(operation: u32) -> Result<(), Refusal> {
    match operation {
        SOCKET_URING_OP_SIOCINQ
        | SOCKET_URING_OP_SIOCOUTQ
        | SOCKET_URING_OP_GETSOCKOPT
        | SOCKET_URING_OP_SETSOCKOPT
        | SOCKET_URING_OP_GETSOCKNAME => Ok(()),
        _ => Err(Refusal::SocketOutside),
    }
}
