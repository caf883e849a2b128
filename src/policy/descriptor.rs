// SPDX-License-Identifier: GPL-2.0

//! `ioctl()`, `fcntl()` and commands of an io_uring on a socket that is not the
//! association's own: it is shared with its owner, which relies on what these
//! change. A request is allowed only if it is known to tell something, no more.
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

/// Decides an `ioctl(request)` on a socket of others.
///
/// # Errors
///
/// * [`Refusal::NotAvailable`] for what changes the socket: where its
///   signals go, and whether calls wait;
/// * [`Refusal::NoRequest`] for what is not known.
pub fn request(request: u32) -> Result<(), Refusal> {
    match request {
        // Of the descriptor, which is the caller's, not of the socket.
        FIONCLEX | FIOCLEX => Ok(()),
        FIONREAD | TIOCOUTQ | FIOGETOWN | SIOCGPGRP | SIOCATMARK | SIOCOUTQNSD => Ok(()),
        // When the last packet came. It has the socket note the time from now on.
        SIOCGSTAMP_OLD | SIOCGSTAMPNS_OLD => Ok(()),
        // Of interfaces, by any socket: SIOCGIFNAME to SIOCGIFTXQLEN. Those that
        // change one are for CAP_NET_ADMIN.
        0x8910..=0x8942 => Ok(()),
        FIONBIO | FIOASYNC | FIOSETOWN | SIOCSPGRP => Err(Refusal::NotAvailable),
        _ => Err(Refusal::NoRequest),
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

/// Decides an `fcntl(command)` on a descriptor of a socket of others: what is
/// the descriptor's own, or only tells.
///
/// # Errors
///
/// [`Refusal::NotAvailable`] for all others: `F_SETFL`, `F_SETOWN` and their kin.
pub fn control(command: u32) -> Result<(), Refusal> {
    match command {
        F_DUPFD | F_DUPFD_CLOEXEC | F_DUPFD_QUERY | F_CREATED_QUERY | F_GETFD | F_SETFD
        | F_GETFL | F_GETOWN | F_GETOWN_EX | F_GETSIG | F_GETOWNER_UIDS => Ok(()),
        _ => Err(Refusal::NotAvailable),
    }
}

const SOCKET_URING_OP_SIOCINQ: u32 = 0;
const SOCKET_URING_OP_SIOCOUTQ: u32 = 1;
const SOCKET_URING_OP_GETSOCKOPT: u32 = 2;
const SOCKET_URING_OP_SETSOCKOPT: u32 = 3;
const SOCKET_URING_OP_GETSOCKNAME: u32 = 5;

/// Decides a command of an io_uring on a socket of others: what only tells, or is
/// asked about as an option.
///
/// # Errors
///
/// [`Refusal::NotAvailable`] for all others, such as taking time stamps out of the
/// socket's queue.
pub fn ring_command(operation: u32) -> Result<(), Refusal> {
    match operation {
        SOCKET_URING_OP_SIOCINQ
        | SOCKET_URING_OP_SIOCOUTQ
        | SOCKET_URING_OP_GETSOCKOPT
        | SOCKET_URING_OP_SETSOCKOPT
        | SOCKET_URING_OP_GETSOCKNAME => Ok(()),
        _ => Err(Refusal::NotAvailable),
    }
}
