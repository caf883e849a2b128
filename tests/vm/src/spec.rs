// SPDX-License-Identifier: GPL-2.0

//! Descriptions of sockets, in words that one process can send to another.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use libc::{SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT};

use crate::addr::{ip, ANY4, ANY6};
use crate::sock::{Proto, Sock};

/// The families that a socket takes packets of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4.
    V4,
    /// IPv6 and nothing else.
    V6Only,
    /// IPv6, and IPv4 in mapped form.
    Dual,
}

/// All kinds.
pub const KINDS: [Kind; 3] = [Kind::V4, Kind::V6Only, Kind::Dual];

impl Kind {
    /// Its name in a test's name, and in an order.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6Only => "v6_only",
            Self::Dual => "dual_stack",
        }
    }

    /// Opens a socket of this kind.
    pub fn socket(self, proto: Proto) -> Sock {
        match self {
            Self::V4 => Sock::v4(proto),
            Self::V6Only => Sock::v6_only(proto),
            Self::Dual => Sock::v6(proto),
        }
    }

    /// The wildcard address of its family.
    pub fn any(self) -> IpAddr {
        match self {
            Self::V4 => ANY4,
            Self::V6Only | Self::Dual => ANY6,
        }
    }

    /// Whether a wildcard socket takes packets to this address.
    pub fn takes(self, addr: IpAddr) -> bool {
        match self {
            Self::V4 => addr.is_ipv4(),
            Self::V6Only => addr.is_ipv6(),
            Self::Dual => true,
        }
    }
}

/// The option with which a socket shares its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// None.
    None,
    /// `SO_REUSEADDR`.
    Addr,
    /// `SO_REUSEPORT`.
    Port,
}

/// All of them.
pub const REUSES: [Reuse; 3] = [Reuse::None, Reuse::Addr, Reuse::Port];

impl Reuse {
    /// As part of a test's name, and of an order.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Addr => "reuseaddr",
            Self::Port => "reuseport",
        }
    }

    /// Its number, if there is one.
    pub fn option(self) -> Option<i32> {
        match self {
            Self::None => None,
            Self::Addr => Some(SO_REUSEADDR),
            Self::Port => Some(SO_REUSEPORT),
        }
    }
}

/// The description of a socket.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// TCP or UDP.
    pub proto: Proto,
    /// The families that it takes.
    pub kind: Kind,
    /// How it shares its port.
    pub reuse: Reuse,
    /// The address to bind it to, possibly a wildcard.
    pub addr: IpAddr,
    /// The port to bind it to.
    pub port: u16,
}

impl Spec {
    /// A wildcard socket.
    pub fn wildcard(proto: Proto, kind: Kind, port: u16) -> Self {
        Self {
            proto,
            kind,
            reuse: Reuse::None,
            addr: kind.any(),
            port,
        }
    }

    /// A socket bound to one address.
    pub fn at(proto: Proto, addr: impl Into<Address>, port: u16) -> Self {
        let addr = addr.into().0;
        let kind = match addr {
            IpAddr::V4(_) => Kind::V4,
            IpAddr::V6(_) => Kind::Dual,
        };
        Self {
            addr,
            ..Self::wildcard(proto, kind, port)
        }
    }

    /// The same socket, sharing its port.
    pub fn sharing(self, reuse: Reuse) -> Self {
        Self { reuse, ..self }
    }

    /// Opens and binds the socket. A TCP socket listens.
    pub fn open(&self) -> io::Result<Sock> {
        let sock = self.kind.socket(self.proto);
        if let Some(option) = self.reuse.option() {
            sock.set(SOL_SOCKET, option, 1);
        }
        sock.serve(self.proto, (self.addr, self.port))?;
        Ok(sock)
    }

    /// The description as words, for [`Spec::parse`].
    pub fn order(&self) -> String {
        let (proto, kind, reuse) = (self.proto.name(), self.kind.name(), self.reuse.name());
        format!("{proto} {kind} {reuse} {} {}", self.addr, self.port)
    }

    /// Parses the words of [`Spec::order`].
    pub fn parse(words: &[&str]) -> Self {
        let named = |name: &str, word: &str| name == word;
        Self {
            proto: proto(words[0]),
            kind: *KINDS
                .iter()
                .find(|k| named(k.name(), words[1]))
                .expect("kind"),
            reuse: *REUSES
                .iter()
                .find(|r| named(r.name(), words[2]))
                .expect("reuse"),
            addr: ip(words[3]),
            port: words[4].parse().expect("a port"),
        }
    }
}

/// An IP address, converted from any type that tests use.
pub struct Address(pub IpAddr);

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        Self(ip(text))
    }
}

impl From<IpAddr> for Address {
    fn from(addr: IpAddr) -> Self {
        Self(addr)
    }
}

impl From<Ipv4Addr> for Address {
    fn from(addr: Ipv4Addr) -> Self {
        Self(addr.into())
    }
}

/// The protocol of this name.
pub fn proto(word: &str) -> Proto {
    match word {
        "tcp" => Proto::Tcp,
        _ => Proto::Udp,
    }
}
