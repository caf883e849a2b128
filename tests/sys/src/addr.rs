// SPDX-License-Identifier: GPL-2.0

//! Socket addresses as the bytes that system calls take.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::socket::ADDR_ROOM;

/// A socket address.
#[derive(Clone, PartialEq, Eq)]
pub struct Addr(Vec<u8>);

impl Addr {
    /// An address of any bytes, valid or not.
    pub fn raw(bytes: &[u8]) -> Self {
        assert!(bytes.len() <= ADDR_ROOM);
        Self(bytes.to_vec())
    }

    /// The IPv4 wildcard with `AF_UNSPEC`. `bind()` accepts it, and `connect()`
    /// dissolves the connection.
    pub fn unspecified(port: u16) -> Self {
        let mut addr = Self::from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        addr.0[..2].copy_from_slice(&(libc::AF_UNSPEC as u16).to_ne_bytes());
        addr
    }

    /// The same address cut to `len` bytes, or extended to that with zeros.
    pub fn resized(mut self, len: usize) -> Self {
        self.0.resize(len, 0);
        self
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The address family.
    pub fn family(&self) -> i32 {
        u16::from_ne_bytes([self.0[0], self.0[1]]).into()
    }

    /// The IP address and port in it.
    ///
    /// # Panics
    ///
    /// If it is of another family.
    pub fn internet(&self) -> SocketAddr {
        let b = &self.0;
        let port = u16::from_be_bytes([b[2], b[3]]);
        let ip = match self.family() {
            libc::AF_INET => IpAddr::from(<[u8; 4]>::try_from(&b[4..8]).expect("four bytes")),
            libc::AF_INET6 => IpAddr::from(<[u8; 16]>::try_from(&b[8..24]).expect("16 bytes")),
            family => panic!("a socket address of family {family}, not of IP: bytes {b:?}"),
        };
        SocketAddr::from((ip, port))
    }

    /// The IP address in it.
    pub fn ip(&self) -> IpAddr {
        self.internet().ip()
    }

    /// The port in it.
    pub fn port(&self) -> u16 {
        self.internet().port()
    }
}

impl From<SocketAddr> for Addr {
    fn from(addr: SocketAddr) -> Self {
        let mut b = Vec::with_capacity(28);
        let family = match addr {
            SocketAddr::V4(_) => libc::AF_INET,
            SocketAddr::V6(_) => libc::AF_INET6,
        };
        b.extend((family as u16).to_ne_bytes());
        b.extend(addr.port().to_be_bytes());
        match addr.ip() {
            IpAddr::V4(ip) => {
                b.extend(ip.octets());
                b.extend([0; 8]);
            }
            IpAddr::V6(ip) => {
                b.extend([0; 4]);
                b.extend(ip.octets());
                b.extend([0; 4]);
            }
        }
        Self(b)
    }
}

impl From<(IpAddr, u16)> for Addr {
    fn from(pair: (IpAddr, u16)) -> Self {
        Self::from(SocketAddr::from(pair))
    }
}

impl From<(&str, u16)> for Addr {
    fn from((ip, port): (&str, u16)) -> Self {
        Self::from((self::ip(ip), port))
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Parses an IP address in the text of a test.
pub fn ip(text: &str) -> IpAddr {
    text.parse()
        .unwrap_or_else(|e| panic!("{text:?} in a test is not an IP address: {e}"))
}
