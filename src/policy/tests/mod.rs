// SPDX-License-Identifier: GPL-2.0

//! Host tests of the decisions: a case for each rule, and properties that must hold
//! for every input. This file has the helpers for the cases, `draw` the random values
//! for the properties.

mod bind;
mod bypass;
mod compare;
mod compare_model;
mod control;
mod control_model;
mod create;
mod crowds;
mod delivers;
mod draw;
mod option;
mod owner;
mod prefix;
mod range;
mod receives;
mod sends;
mod set;
mod sockaddr;
mod usage;
mod usage_loopback;
mod usage_properties;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

use proptest::prelude::*;

use draw::{any_ip, any_owned, any_prefix, any_set, any_sockaddr, any_socket, near_prefix};

use super::{merge, Family, Owner, Prefix, Range, SetView, SockAddr, Socket, Wide};

/// How often a property is tried. An interpreter (miri) checks how the code runs
/// rather than its results, and is a thousand times slower.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(miri) { 3 } else { count })
}

/// An address set that owns its memory.
#[derive(Clone, Debug)]
struct OwnedSet {
    prefixes: Vec<Prefix>,
    v4: Vec<Range<u32>>,
    v6: Vec<Range<Wide>>,
}

impl OwnedSet {
    fn new(prefixes: Vec<Prefix>) -> Self {
        let mut v4: Vec<_> = prefixes.iter().filter_map(Prefix::range_v4).collect();
        let mut v6: Vec<_> = prefixes.iter().filter_map(Prefix::range_v6).collect();
        let kept = merge(&mut v4);
        v4.truncate(kept);
        let kept = merge(&mut v6);
        v6.truncate(kept);
        Self { prefixes, v4, v6 }
    }

    fn view(&self) -> SetView<'_> {
        let hosts = || {
            self.prefixes
                .iter()
                .filter(|p| p.is_host())
                .map(Prefix::addr)
        };
        let v4 = hosts().find_map(|a| match a {
            IpAddr::V4(a) => Some(a),
            IpAddr::V6(_) => None,
        });
        let v6 = hosts().find_map(|a| match a {
            IpAddr::V6(a) => Some(a),
            IpAddr::V4(_) => None,
        });
        SetView::new(&self.v4, &self.v6, v4, v6)
    }

    /// Membership without sorting or searching: tries every prefix.
    fn naively_has(&self, addr: IpAddr) -> bool {
        self.prefixes
            .iter()
            .any(|p| naively_inside(p, addr.to_canonical()))
    }
}

/// Whether the bits of `addr` begin with those of `prefix`.
fn naively_inside(prefix: &Prefix, addr: IpAddr) -> bool {
    let len = u32::from(prefix.len_bits());
    match (prefix.addr(), addr) {
        (IpAddr::V4(p), IpAddr::V4(a)) => (u32::from(p) ^ u32::from(a)).leading_zeros() >= len,
        (IpAddr::V6(p), IpAddr::V6(a)) => (u128::from(p) ^ u128::from(a)).leading_zeros() >= len,
        _ => false,
    }
}

/// An owner that owns its memory.
#[derive(Clone, Debug)]
struct Owned {
    id: u32,
    set: OwnedSet,
    former: OwnedSet,
    loopback: Ipv4Addr,
    exclusive: bool,
}

impl Owned {
    fn owner(&self) -> Owner<'_> {
        Owner {
            id: self.id,
            set: self.set.view(),
            former: self.former.view(),
            loopback: Some(self.loopback),
            exclusive: self.exclusive,
        }
    }

    /// What it owns, computed in another way than in the code.
    fn naively_owns(&self, addr: IpAddr) -> bool {
        let addr = addr.to_canonical();
        addr == ip("127.0.0.1")
            || addr == ip("::1")
            || addr == self.loopback
            || self.set.naively_has(addr)
    }
}

/// Association 1 with a set from text, and 127.64.0.1 as its dedicated loopback
/// address.
fn owned(text: &str) -> Owned {
    owned_by(1, text)
}

/// Association `id` with a set from text, and 127.64.0.`id` as its dedicated
/// loopback address.
fn owned_by(id: u8, text: &str) -> Owned {
    Owned {
        id: id.into(),
        set: set(text),
        former: set(""),
        loopback: Ipv4Addr::new(127, 64, 0, id),
        exclusive: false,
    }
}

/// A set from text: "10.0.0.1 10.1.0.0/24 2001:db8::1".
fn set(text: &str) -> OwnedSet {
    OwnedSet::new(text.split_whitespace().map(prefix).collect())
}

fn prefix(text: &str) -> Prefix {
    let (addr, len) = match text.split_once('/') {
        Some((addr, len)) => (addr, len.parse().unwrap()),
        None => (text, if text.contains(':') { 128 } else { 32 }),
    };
    Prefix::new(addr.parse().unwrap(), len).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A socket address of the family that the text has.
fn addr(text: &str) -> SockAddr {
    match ip(text) {
        IpAddr::V4(a) => SockAddr::V4(a),
        IpAddr::V6(a) => SockAddr::V6(a),
    }
}

/// A stream socket of the association, not bound to an address.
fn unbound(family: Family) -> Socket {
    let any = match family {
        Family::V4 => ip("0.0.0.0"),
        Family::V6 => ip("::"),
    };
    Socket {
        family,
        stream: true,
        connected: false,
        scoped: true,
        local: any,
        source: any,
    }
}

/// A stream socket of the association that is bound to an address.
fn bound_to(text: &str) -> Socket {
    let local = ip(text);
    Socket {
        local,
        source: local,
        ..unbound(if local.is_ipv4() {
            Family::V4
        } else {
            Family::V6
        })
    }
}

/// The same as a datagram socket.
fn datagram(socket: Socket) -> Socket {
    Socket {
        stream: false,
        ..socket
    }
}

/// The same as a socket of nobody or of another association.
fn strangers(socket: Socket) -> Socket {
    Socket {
        scoped: false,
        ..socket
    }
}
