// SPDX-License-Identifier: GPL-2.0

//! Socket addresses as bytes: parsed once, where they come in.
//!
//! Layouts: `struct sockaddr_in` (`include/uapi/linux/in.h`) and `struct
//! sockaddr_in6` (`include/uapi/linux/in6.h`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::verdict::{Family, Refusal};

const AF_UNSPEC: u16 = 0;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// `sizeof(struct sockaddr_in)`.
const LEN_V4: usize = 16;
/// `SIN6_LEN_RFC2133`: without the scope id, which the kernel does not require.
const LEN_V6: usize = 24;
const PORT: core::ops::Range<usize> = 2..4;
const ADDR_V4: core::ops::Range<usize> = 4..8;
const ADDR_V6: core::ops::Range<usize> = 8..24;

/// An address that a program passed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SockAddr {
    /// `AF_UNSPEC`. Carries the IPv4 address for protocols that treat it as
    /// `AF_INET`, as `inet_bind()` and `udp_sendmsg()` do; `None` when it is too
    /// short for one.
    Unspec(Option<Ipv4Addr>),
    /// `AF_INET`.
    V4(Ipv4Addr),
    /// `AF_INET6`, possibly an IPv4-mapped address.
    V6(Ipv6Addr),
    /// Another family.
    Other(u16),
}

impl SockAddr {
    /// Reads the address from the bytes that a program passed in for a socket of
    /// family `socket`. On an IPv4 socket `AF_INET6` is a family like any other.
    ///
    /// # Errors
    ///
    /// [`Refusal::Malformed`] when it is too short for its family or, if the family is
    /// unknown, for the socket's, as the protocols answer.
    pub fn parse(socket: Family, bytes: &[u8]) -> Result<Self, Refusal> {
        let family = u16::from_ne_bytes(take(bytes, 0..2).ok_or(Refusal::Malformed)?);
        let v4 = || {
            let long_enough = bytes.len() >= LEN_V4;
            take::<4>(bytes, ADDR_V4)
                .filter(|_| long_enough)
                .map(Ipv4Addr::from)
        };
        match family {
            AF_UNSPEC => Ok(Self::Unspec(v4())),
            AF_INET => v4().map(Self::V4).ok_or(Refusal::Malformed),
            AF_INET6 if socket == Family::V6 => take::<16>(bytes, ADDR_V6)
                .filter(|_| bytes.len() >= LEN_V6)
                .map(|a| Self::V6(a.into()))
                .ok_or(Refusal::Malformed),
            other => {
                let shortest = match socket {
                    Family::V4 => LEN_V4,
                    Family::V6 => LEN_V6,
                };
                if bytes.len() < shortest {
                    return Err(Refusal::Malformed);
                }
                Ok(Self::Other(other))
            }
        }
    }

    /// The address that a program passes for `addr` to a socket of family `socket`. On an IPv6
    /// socket an IPv4 address is IPv4-mapped; on an IPv4 socket an IPv6 address is of another
    /// family.
    #[must_use]
    pub fn of(socket: Family, addr: IpAddr) -> Self {
        match (socket, addr) {
            (Family::V4, IpAddr::V4(a)) => Self::V4(a),
            (Family::V4, IpAddr::V6(_)) => Self::Other(AF_INET6),
            (Family::V6, IpAddr::V4(a)) => Self::V6(a.to_ipv6_mapped()),
            (Family::V6, IpAddr::V6(a)) => Self::V6(a),
        }
    }

    /// The port in the bytes of an IPv4 or IPv6 address, in host order; 0 if they are too few.
    #[must_use]
    pub fn port(bytes: &[u8]) -> u16 {
        take(bytes, PORT).map_or(0, u16::from_be_bytes)
    }

    /// The IP address, an IPv4-mapped one as IPv4; `None` for other families.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match *self {
            Self::Unspec(v4) => v4.map(IpAddr::V4),
            Self::V4(a) => Some(a.into()),
            Self::V6(a) => Some(IpAddr::V6(a).to_canonical()),
            Self::Other(_) => None,
        }
    }
}

fn take<const N: usize>(bytes: &[u8], at: core::ops::Range<usize>) -> Option<[u8; N]> {
    bytes.get(at)?.try_into().ok()
}
