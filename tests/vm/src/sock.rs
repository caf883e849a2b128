// SPDX-License-Identifier: GPL-2.0

//! A socket as the tests use it.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::addr::Addr;
use crate::sys::message::Outgoing;
use crate::sys::{message, option, socket, watch};

pub use crate::sys::control_message::source_control;

/// How long a test waits for a message or connection that must come, or makes
/// sure that none does. Generous: an emulated processor is slow.
const PATIENCE_SECONDS: i64 = 10;

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proto {
    /// A stream.
    Tcp,
    /// Datagrams.
    Udp,
}

/// Both protocols, to run a test for each.
pub const PROTOS: [Proto; 2] = [Proto::Tcp, Proto::Udp];

impl Proto {
    /// As part of a test's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    fn kind(self) -> i32 {
        match self {
            Self::Tcp => libc::SOCK_STREAM,
            Self::Udp => libc::SOCK_DGRAM,
        }
    }
}

/// An internet socket.
#[derive(Debug)]
pub struct Sock(OwnedFd);

impl Sock {
    /// Makes an IPv4 socket.
    pub fn v4(proto: Proto) -> Self {
        Self::new(libc::AF_INET, proto.kind(), 0).expect("an IPv4 socket")
    }

    /// Makes an IPv6 socket that takes IPv4 too.
    pub fn v6(proto: Proto) -> Self {
        let sock = Self::new(libc::AF_INET6, proto.kind(), 0).expect("an IPv6 socket");
        sock.set(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0);
        sock
    }

    /// Makes an IPv6 socket that takes nothing else.
    pub fn v6_only(proto: Proto) -> Self {
        let sock = Self::v6(proto);
        sock.set(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1);
        sock
    }

    /// Makes a socket of the family of an address.
    pub fn for_ip(proto: Proto, ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::v4(proto),
            IpAddr::V6(_) => Self::v6(proto),
        }
    }

    /// Makes any socket.
    pub fn new(domain: i32, kind: i32, protocol: i32) -> io::Result<Self> {
        socket::socket(domain, kind | libc::SOCK_CLOEXEC, protocol).map(Self)
    }

    /// A socket of that protocol, bound and, if TCP, listening.
    pub fn serving(proto: Proto, addr: impl Into<Addr>) -> Self {
        let addr = addr.into();
        let sock = Self::for_ip(proto, addr.ip());
        sock.serve(proto, addr).expect("bind and listen");
        sock
    }

    /// Binds and, if TCP, listens.
    pub fn serve(&self, proto: Proto, addr: impl Into<Addr>) -> io::Result<()> {
        self.bind(addr)?;
        match proto {
            Proto::Tcp => self.listen(),
            Proto::Udp => Ok(()),
        }
    }

    /// Binds.
    pub fn bind(&self, addr: impl Into<Addr>) -> io::Result<()> {
        socket::bind(self.as_fd(), addr.into().bytes())
    }

    /// Connects.
    pub fn connect(&self, addr: impl Into<Addr>) -> io::Result<()> {
        socket::connect(self.as_fd(), addr.into().bytes())
    }

    /// Sends and receives through one interface only (`SO_BINDTODEVICE`).
    pub fn bind_to_device(&self, name: &str) -> io::Result<()> {
        option::set_option_bytes(
            self.as_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            name.as_bytes(),
        )
    }

    /// Listens, with room for all the connections a test makes.
    pub fn listen(&self) -> io::Result<()> {
        socket::listen(self.as_fd(), 128)
    }

    /// Accepts a connection that must come; returns the peer's address too.
    pub fn accept(&self) -> io::Result<(Self, Addr)> {
        self.limit_waiting();
        let (fd, addr) = socket::accept(self.as_fd())?;
        Ok((Self(fd), Addr::raw(&addr)))
    }

    /// Sends to an address.
    pub fn send_to(&self, data: &[u8], addr: impl Into<Addr>) -> io::Result<()> {
        message::sendto(self.as_fd(), data, 0, addr.into().bytes()).map(drop)
    }

    /// Sends to the connected peer.
    pub fn send(&self, data: &[u8]) -> io::Result<()> {
        message::sendto(self.as_fd(), data, libc::MSG_NOSIGNAL, &[]).map(drop)
    }

    /// Connects and sends in one call.
    pub fn send_fast_open(&self, data: &[u8], addr: impl Into<Addr>) -> io::Result<()> {
        message::sendto(self.as_fd(), data, libc::MSG_FASTOPEN, addr.into().bytes()).map(drop)
    }

    /// Sends to each of the addresses with `sendmsg()`, or `sendmmsg()` when
    /// there are several.
    pub fn send_messages(&self, data: &[u8], addrs: &[Addr]) -> io::Result<usize> {
        let messages: Vec<_> = addrs
            .iter()
            .map(|addr| Outgoing {
                name: addr.bytes(),
                data,
                control: &[],
            })
            .collect();
        match &messages[..] {
            [one] => message::send_message(self.as_fd(), one, 0).map(|_| 1),
            many => message::send_messages(self.as_fd(), many, 0),
        }
    }

    /// Receives a message that must come, with the sender's address; an empty
    /// one when the peer closed the connection.
    pub fn receive(&self) -> io::Result<(Vec<u8>, Addr)> {
        self.limit_waiting();
        let (data, addr) = message::recvfrom(self.as_fd(), 4096)?;
        Ok((data, Addr::raw(&addr)))
    }

    /// Where this socket is bound to.
    pub fn local(&self) -> Addr {
        Addr::raw(&socket::local_name(self.as_fd()).expect("getsockname"))
    }

    /// The address that this socket is connected to.
    pub fn peer(&self) -> io::Result<Addr> {
        socket::peer_name(self.as_fd()).map(|addr| Addr::raw(&addr))
    }

    /// Sets an option that is an integer.
    pub fn set(&self, level: i32, name: i32, value: i32) {
        option::set_option(self.as_fd(), level, name, value).expect("setsockopt");
    }

    /// Reads an option that is an integer.
    pub fn option(&self, level: i32, name: i32) -> i32 {
        option::option(self.as_fd(), level, name).expect("getsockopt")
    }

    /// Sends to an address from a source that the message itself asks for.
    pub fn send_from(&self, data: &[u8], to: impl Into<Addr>, source: IpAddr) -> io::Result<()> {
        let control = source_control(source);
        message::sendmsg(self.as_fd(), data, to.into().bytes(), &control).map(drop)
    }

    /// Asks for the address to which each message was sent.
    pub fn want_destinations(&self) {
        match self.local().family() {
            libc::AF_INET => self.set(libc::IPPROTO_IP, libc::IP_PKTINFO, 1),
            _ => self.set(libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1),
        }
    }

    /// Receives a message that must come; returns it, the sender's address,
    /// and the address it was sent to.
    pub fn receive_with_destination(&self) -> io::Result<(Vec<u8>, Addr, IpAddr)> {
        self.limit_waiting();
        let (data, from, controls) = message::recvmsg(self.as_fd(), 4096)?;
        let to = controls
            .iter()
            .find_map(|(level, kind, info)| match (*level, *kind) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    <[u8; 4]>::try_from(&info[4..8]).ok().map(IpAddr::from)
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    <[u8; 16]>::try_from(&info[..16]).ok().map(IpAddr::from)
                }
                _ => None,
            });
        Ok((data, Addr::raw(&from), to.expect("a destination")))
    }

    /// Its descriptor's number.
    pub fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Whether something to read, or to accept, comes before long.
    pub fn has_input(&self, milliseconds: i32) -> bool {
        let ready = watch::poll_readable([self.as_fd()], milliseconds);
        ready.expect("poll") == [true]
    }

    /// A socket on which this is refused refuses to receive as well, and says so.
    fn limit_waiting(&self) {
        let _ = option::set_option_bytes(
            self.as_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVTIMEO,
            // struct timeval
            &[PATIENCE_SECONDS.to_ne_bytes(), [0; 8]].concat(),
        );
    }
}

impl From<OwnedFd> for Sock {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<Sock> for OwnedFd {
    fn from(sock: Sock) -> Self {
        sock.0
    }
}

impl AsFd for Sock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
