// SPDX-License-Identifier: GPL-2.0

//! One address or prefix of an address set, as it crosses the boundary between user
//! space and kernel.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::wire::{Fields, FieldsMut, Wire, WireError};

/// `AF_INET` and `AF_INET6` (`include/linux/socket.h`).
const INET: u16 = 2;
const INET6: u16 = 10;

/// One address (`/32`, `/128`) or prefix of a set.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 2 | family: 2 (`AF_INET`) or 10 (`AF_INET6`) |
/// | 2 | 1 | prefix length in bits: 0 to 32 or 0 to 128 |
/// | 3 | 1 | reserved, zero |
/// | 4 | 4 | reserved, zero |
/// | 8 | 16 | address in network byte order; IPv4 in the first four bytes, the rest zero |
///
/// The order of entries decides one thing: the first host address of a family is the
/// family's primary address. Only the form is checked here. The policy layer decides
/// whether the address may be in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddrEntry {
    /// Address.
    pub addr: IpAddr,
    /// Prefix length in bits, at most 32 or 128.
    pub prefix_len: u8,
}

impl AddrEntry {
    /// The entry for one host address.
    #[must_use]
    pub const fn host(addr: IpAddr) -> Self {
        Self {
            addr,
            prefix_len: width(addr),
        }
    }

    /// Whether this is one address rather than a range.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.prefix_len == width(self.addr)
    }

    /// The address, with every bit beyond the prefix length cleared.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        let clear = u32::from(width(self.addr).saturating_sub(self.prefix_len));
        match self.addr {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(clear).unwrap_or(0);
                Ipv4Addr::from(u32::from(v4) & mask).into()
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(clear).unwrap_or(0);
                Ipv6Addr::from(u128::from(v6) & mask).into()
            }
        }
    }

    /// Whether this entry contains every address of `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let within = Self {
            addr: other.addr,
            prefix_len: self.prefix_len,
        };
        self.prefix_len <= other.prefix_len
            && width(self.addr) == width(other.addr)
            && within.network() == self.network()
    }
}

/// The form used on the command line: a host address has no prefix length.
impl fmt::Display for AddrEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() {
            write!(f, "{}", self.addr)
        } else {
            write!(f, "{}/{}", self.addr, self.prefix_len)
        }
    }
}

/// The number of bits of an address of this family.
const fn width(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl Wire for AddrEntry {
    const SIZE: usize = 24;
    const MIN_SIZE: usize = 24;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let family = f.u16();
        let prefix_len = f.u8();
        let reserved = f.u8();
        f.reserved_u32()?;
        let bytes: [u8; 16] = f.bytes();
        let [a, b, c, d, rest @ ..] = bytes;
        let addr = match family {
            INET if rest == [0; 12] => Ipv4Addr::new(a, b, c, d).into(),
            INET6 => Ipv6Addr::from(bytes).into(),
            _ => return Err(WireError::BadField),
        };
        if reserved != 0 || prefix_len > width(addr) {
            return Err(WireError::BadField);
        }
        Ok(Self { addr, prefix_len })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (family, bytes) = match self.addr {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                (INET, [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            IpAddr::V6(v6) => (INET6, v6.octets()),
        };
        out.u16(family);
        out.u8(self.prefix_len);
        out.u8(0);
        out.u32(0);
        out.bytes(&bytes);
    }
}
