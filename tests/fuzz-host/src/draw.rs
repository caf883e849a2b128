// SPDX-License-Identifier: GPL-2.0

//! Draws owners, sockets and addresses from the fuzzer's bytes. After their end it
//! draws zeros.
//!
//! Most addresses are near each other or named by a rule, so that they often
//! match. Some are arbitrary.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use addrconf_policy::{Family, Holder, Origin, Prefix, SockAddr, Socket};

use crate::naive::place::{fitting, host_network, near_v4, near_v6, network, SPECIAL};
use crate::naive::{is_any, Owned, OwnedSet};

/// The fuzzer's bytes.
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// Draws from these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `N` bytes, filled up with zeros.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let count = N.min(self.0.len());
        out[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        out
    }

    /// The next byte.
    pub fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    /// A truth value.
    pub fn bool(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    /// The bytes that are left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// An address.
    pub fn ip(&mut self) -> IpAddr {
        match self.u8() % 8 {
            0 => Ipv4Addr::from(self.array::<4>()).into(),
            1 => Ipv6Addr::from(self.array::<16>()).into(),
            2 => Ipv4Addr::from(self.array::<4>()).to_ipv6_mapped().into(),
            3 => near_v4(self.u8()).into(),
            4 => near_v6(self.u8()).into(),
            5 => near_v4(self.u8()).to_ipv6_mapped().into(),
            _ => {
                let which = usize::from(self.u8()) % SPECIAL.len();
                SPECIAL[which].parse().expect("an address")
            }
        }
    }

    /// A prefix, or `None` if the drawn one is not allowed in a set.
    pub fn prefix(&mut self) -> Option<Prefix> {
        let (addr, len) = (self.ip(), self.u8());
        Prefix::new(network(addr, len), len).ok()
    }

    /// A set of up to seven entries.
    pub fn set(&mut self) -> OwnedSet {
        let count = self.u8() & 7;
        OwnedSet::new((0..count).filter_map(|_| self.prefix()).collect())
    }

    /// Association 1, 2 or 3, with a random set.
    pub fn owned(&mut self) -> Owned {
        let which = self.u8();
        let id = which % 3 + 1;
        let (set, former, flags) = (self.set(), self.set(), self.u8());
        // One in four is a part, which has no dedicated loopback address. It may keep the
        // loopback of another.
        let is_part = which >= 192;
        let keeps = is_part && flags & 2 != 0;
        Owned {
            id: id.into(),
            loopback_of: if keeps { id % 3 + 1 } else { id }.into(),
            set,
            former,
            loopback: (!is_part).then_some(Ipv4Addr::new(127, 64, 0, id)),
            host_loopback: host_network(which / 3),
            exclusive: flags & 1 == 1,
        }
    }

    /// A socket, with addresses in the form of its family.
    pub fn socket(&mut self) -> Socket {
        let flags = self.u8();
        let v4 = flags & 1 == 1;
        let mut addr = || fitting(self.ip(), v4);
        Socket {
            family: if v4 { Family::V4 } else { Family::V6 },
            stream: flags & 2 != 0,
            connected: flags & 4 != 0,
            scoped: flags & 8 != 0,
            local: addr(),
            source: addr(),
        }
    }

    /// A socket address, as parsing can return it.
    pub fn sockaddr(&mut self) -> SockAddr {
        match self.u8() % 8 {
            0 => SockAddr::Unspec(None),
            1 => SockAddr::Unspec(Some(Ipv4Addr::from(self.array::<4>()))),
            2 => SockAddr::Other(u16::from_ne_bytes(self.array())),
            _ => match self.ip() {
                IpAddr::V4(a) => SockAddr::V4(a),
                IpAddr::V6(a) => SockAddr::V6(a),
            },
        }
    }

    /// The origin of a packet.
    pub fn origin(&mut self) -> Origin {
        let which = self.u8() % 11;
        let id = u32::from(which) % 3 + 1;
        match which {
            0 => Origin::Unknown,
            1 => Origin::Outside,
            2..=4 => Origin::Association(id),
            5..=7 => Origin::Inward(id),
            _ => Origin::Outward(id),
        }
    }

    /// A socket on a port, of `owner`, or of the host if that is `None`.
    pub fn holder<'o>(&mut self, owner: Option<&'o Owned>) -> Holder<'o> {
        let (local, flags) = (self.ip(), self.u8());
        // A timewait socket no longer has an owner, but has an address.
        let waits = flags & 3 == 3 && !is_any(local);
        let timewait = waits.then(|| owner.map_or(0, |o| o.loopback_of));
        Holder {
            owner: owner.filter(|_| !waits).map(Owned::owner),
            local,
            v4: local.is_ipv4() || local.to_canonical().is_ipv4() || flags & 4 == 0,
            v6: local.is_ipv6(),
            timewait,
        }
    }
}
