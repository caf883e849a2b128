// SPDX-License-Identifier: GPL-2.0

//! Addresses and prefixes that may be in an address set.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::range::{contains, intersect, Range, Wide};
use super::verdict::Family;

/// An IPv4 or IPv6 prefix; a host address is `/32` or `/128`.
///
/// # Invariants
///
/// The length is 1 to 32 or 1 to 128, the bits beyond it are zero, and
/// [`PrefixError`] refuses none of its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    addr: IpAddr,
    len: u8,
}

/// Why an address or prefix cannot be in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrefixError {
    /// Length 0 (every address) or beyond the family's width.
    Length,
    /// Bits beyond the length are set.
    HostBits,
    /// The unspecified address, `0.0.0.0` or `::`.
    Unspecified,
    /// A multicast address, or a prefix that lies within or contains them.
    Multicast,
    /// The limited broadcast address 255.255.255.255, or a prefix that contains it.
    Broadcast,
    /// A loopback address (127.0.0.0/8, `::1`), or a prefix that contains them: every
    /// association has its own loopback.
    Loopback,
    /// An address of 0.0.0.0/8 (RFC 791, 3.2) or 240.0.0.0/4 (RFC 1112, 4), or a prefix that
    /// contains them: no host has such an address.
    Reserved,
    /// An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2): it must be given as IPv4.
    Mapped,
}

impl Prefix {
    /// Checks an address and a prefix length in bits.
    ///
    /// # Errors
    ///
    /// [`PrefixError`]; each variant names its cause.
    pub fn new(addr: IpAddr, len: u8) -> Result<Self, PrefixError> {
        let width = match addr {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        if len == 0 || len > width {
            return Err(PrefixError::Length);
        }
        let prefix = Self { addr, len };
        if prefix.first() != addr {
            return Err(PrefixError::HostBits);
        }
        if addr.is_unspecified() && prefix.is_host() {
            return Err(PrefixError::Unspecified);
        }
        if addr.is_multicast() || prefix.last().is_multicast() {
            return Err(PrefixError::Multicast);
        }
        if prefix.last() == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Err(PrefixError::Broadcast);
        }
        if let Some(range) = prefix.range_v4() {
            let meets = |first, last| intersect(&[range], &[Range::new(first, last)]);
            if meets(0x7f00_0000, 0x7fff_ffff) {
                return Err(PrefixError::Loopback);
            }
            if meets(0, 0x00ff_ffff) || meets(0xf000_0000, u32::MAX) {
                return Err(PrefixError::Reserved);
            }
        }
        let localhost = Ipv6Addr::LOCALHOST.into();
        if prefix.range_v6().is_some_and(|r| contains(&[r], localhost)) {
            return Err(PrefixError::Loopback);
        }
        if let IpAddr::V6(v6) = addr {
            let mapped: Ipv6Addr = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();
            let inside = v6.to_ipv4_mapped().is_some();
            let around = prefix
                .range_v6()
                .is_some_and(|r| r.first() <= mapped.into() && r.last() >= mapped.into());
            if inside || around {
                return Err(PrefixError::Mapped);
            }
        }
        // INVARIANT: length, host bits and the refused addresses were checked above.
        Ok(prefix)
    }

    /// The address, whose bits beyond the length are zero.
    #[must_use]
    pub fn addr(&self) -> IpAddr {
        self.addr
    }

    /// The length in bits.
    #[must_use]
    pub fn len_bits(&self) -> u8 {
        self.len
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.addr)
    }

    /// Whether this is a single address rather than a network.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.len == if self.addr.is_ipv4() { 32 } else { 128 }
    }

    /// The addresses of an IPv4 prefix as numbers in host order.
    #[must_use]
    pub fn range_v4(&self) -> Option<Range<u32>> {
        let IpAddr::V4(v4) = self.addr else {
            return None;
        };
        let hosts = u32::MAX.checked_shr(self.len.into()).unwrap_or(0);
        let bits = u32::from(v4);
        Some(Range::new(bits & !hosts, bits | hosts))
    }

    /// The addresses of an IPv6 prefix as numbers in host order.
    #[must_use]
    pub fn range_v6(&self) -> Option<Range<Wide>> {
        let IpAddr::V6(v6) = self.addr else {
            return None;
        };
        let hosts = u128::MAX.checked_shr(self.len.into()).unwrap_or(0);
        let bits = u128::from(v6);
        Some(Range::new((bits & !hosts).into(), (bits | hosts).into()))
    }

    fn first(&self) -> IpAddr {
        self.end(Range::first, Range::first)
    }

    fn last(&self) -> IpAddr {
        self.end(Range::last, Range::last)
    }

    fn end(&self, v4: impl Fn(&Range<u32>) -> u32, v6: impl Fn(&Range<Wide>) -> Wide) -> IpAddr {
        match (self.range_v4(), self.range_v6()) {
            (Some(r), _) => Ipv4Addr::from(v4(&r)).into(),
            (_, Some(r)) => Ipv6Addr::from(v6(&r)).into(),
            (None, None) => self.addr,
        }
    }
}

/// The form that `addrctl` takes: a host address has no prefix length.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() {
            write!(f, "{}", self.addr)
        } else {
            write!(f, "{}/{}", self.addr, self.len)
        }
    }
}
