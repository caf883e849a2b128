// SPDX-License-Identifier: GPL-2.0

//! The Internet sockets of the machine (`diag.rs`), and the processes that hold them
//! (`holders.rs`).

mod diag;
mod holders;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{socket_with, AddressFamily, SocketFlags, SocketType};

pub(super) use diag::dump;
pub(super) use holders::holders;

/// A new TCP or UDP socket of addrctl.
pub fn unused_socket(is_v6: bool, is_udp: bool) -> Result<OwnedFd, Errno> {
    let family = if is_v6 {
        AddressFamily::INET6
    } else {
        AddressFamily::INET
    };
    let kind = if is_udp {
        SocketType::DGRAM
    } else {
        SocketType::STREAM
    };
    socket_with(family, kind, SocketFlags::CLOEXEC, None)
}

/// The protocol of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Any, in packets that the program makes itself.
    Raw,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Raw];

    /// Its name, for people and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Raw => "raw",
        }
    }
}

/// The state of a socket (`include/net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It waits for connections.
    Listening,
    /// It has no peer, and a port: of TCP one that neither listens nor connects.
    Unconnected,
    /// It is connected.
    Established,
    /// A connection that this end asked for.
    SynSent,
    /// A connection that the other end asked for, and that is not complete.
    SynRecv,
    /// This end has closed the connection, and the other has not confirmed that.
    FinWait1,
    /// This end has closed the connection, and the other has not.
    FinWait2,
    /// The other end has closed the connection, and this has not.
    CloseWait,
    /// Both ends have closed the connection, and the other has not confirmed that; the other was
    /// first.
    LastAck,
    /// The same if both were at one time.
    Closing,
    /// The connection has ended; its ports are not used again for a minute.
    TimeWait,
    /// One that addrctl does not know.
    Other,
}

impl State {
    /// Its name, as in filters of `ss`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Listening => "listening",
            Self::Unconnected => "unconnected",
            Self::Established => "established",
            Self::SynSent => "syn-sent",
            Self::SynRecv => "syn-recv",
            Self::FinWait1 => "fin-wait-1",
            Self::FinWait2 => "fin-wait-2",
            Self::CloseWait => "close-wait",
            Self::LastAck => "last-ack",
            Self::Closing => "closing",
            Self::TimeWait => "time-wait",
            Self::Other => "other",
        }
    }
}

/// An Internet socket of the machine. An IPv4 address in IPv6 notation is an IPv4 address here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its state.
    pub state: State,
    /// It is what the kernel keeps of a connection after it freed the socket: in state `time-wait`,
    /// or `fin-wait-2`.
    pub is_remnant: bool,
    /// Its local address. A raw socket has the number of its protocol in place of the port.
    pub local: SocketAddr,
    /// Its peer, if it has one.
    pub remote: Option<SocketAddr>,
    /// Its inode number; 0 if no process has accepted it yet, or the last one has closed it.
    pub inode: u64,
    /// A number that no other socket has while the machine runs.
    pub cookie: u64,
    /// The user whose it is.
    pub uid: u32,
    /// Bytes that the program has not read. Of a listener: connections that it has not accepted.
    pub unread: u32,
    /// Bytes that the other end has not confirmed, or that were not sent. Of a listener: how many
    /// connections may wait.
    pub unsent: u32,
}

impl Socket {
    /// Whether it is a TCP socket that listens.
    pub fn listens(&self) -> bool {
        self.protocol == Protocol::Tcp && self.state == State::Listening
    }
}
