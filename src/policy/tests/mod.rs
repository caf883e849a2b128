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
mod delivers;
mod draw;
mod grant;
mod kept_loopback;
mod known;
#[expect(dead_code, reason = "the fuzz targets use the rest")]
mod naive;
mod option;
mod owner;
mod pace;
mod prefix;
mod range;
mod reach;
mod receives;
mod select;
mod select_model;
mod sends;
mod set;
mod sockaddr;
mod usage;
mod usage_loopback;
mod usage_properties;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

use proptest::prelude::*;

use draw::{
    any_ip, any_origin, any_owned, any_prefix, any_set, any_sockaddr, any_socket, near_prefix,
};
use naive::{naively_inside, Owned, OwnedSet};

use super::abi::HostLoopback;
use super::{merge, Family, Prefix, Range, SockAddr, Socket, Wide};
// What the naive model calls this crate.
use crate as policy;

/// How often a property is tried. An interpreter (miri) checks how the code runs
/// rather than its results, and is a thousand times slower.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(miri) { 3 } else { count })
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
        loopback_of: id.into(),
        set: set(text),
        former: set(""),
        loopback: Some(Ipv4Addr::new(127, 64, 0, id)),
        host_loopback: None,
        exclusive: false,
    }
}

/// The same association, if it reaches a network of the host's loopback: "127.0.0.53".
fn reaching(o: Owned, text: &str) -> Owned {
    let (addr, len) = parts(text);
    let IpAddr::V4(addr) = addr else {
        panic!("the host's loopback is IPv4")
    };
    let host_loopback = Some(HostLoopback::new(addr, len).unwrap());
    Owned { host_loopback, ..o }
}

/// The same association, if it is a part: it has no dedicated loopback address.
fn part(o: Owned) -> Owned {
    Owned {
        loopback: None,
        ..o
    }
}

/// The same association, if it is a part that keeps the private loopback of `whole`.
fn keeping(o: Owned, whole: &Owned) -> Owned {
    // Only a tenant's terms have this; a part with a loopback of its own leaves nothing out.
    let has_terms = whole.loopback.is_some() || whole.loopback_of != whole.id;
    Owned {
        loopback_of: whole.loopback_of,
        host_loopback: whole.host_loopback.filter(|_| has_terms),
        ..part(o)
    }
}

/// A set from text: "10.0.0.1 10.1.0.0/24 2001:db8::1".
fn set(text: &str) -> OwnedSet {
    OwnedSet::new(text.split_whitespace().map(prefix).collect())
}

fn prefix(text: &str) -> Prefix {
    let (addr, len) = parts(text);
    Prefix::new(addr, len).unwrap()
}

/// The address and the length of a network from text.
fn parts(text: &str) -> (IpAddr, u8) {
    let (addr, len) = match text.split_once('/') {
        Some((addr, len)) => (addr, len.parse().unwrap()),
        None => (text, if text.contains(':') { 128 } else { 32 }),
    };
    (ip(addr), len)
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

/// The same as a socket of the host or of another association.
fn strangers(socket: Socket) -> Socket {
    Socket {
        scoped: false,
        ..socket
    }
}
