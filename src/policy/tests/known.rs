// SPDX-License-Identifier: GPL-2.0

//! What the gate permits by itself (`security/addrconf/known.h` and `known.c` of the
//! patched kernel) follows from the decisions.

use super::super::{
    bind, connect, create, delivers, is_private_loopback, listen, receive, receives, send, sends,
    Destination, Found, Origin, Outgoing, Owner, Sender, Usage,
};
use super::*;

const SENDERS: [Sender; 3] = [Sender::Message, Sender::Opening, Sender::Answering];
const FOUND: [Found; 2] = [Found::Unconnected, Found::Connection];

/// Whether the gate permits by itself what follows from `addr`: an address of the set for
/// which there is no other rule. If so, whether the set has no other of the family.
fn known(owner: &Owner<'_>, addr: IpAddr) -> Option<bool> {
    let plain = !addr.is_loopback() && !addr.is_unspecified() && addr == addr.to_canonical();
    (plain && owner.set.contains(addr)).then(|| owner.set.sole(Family::of(addr)) == Some(addr))
}

/// Whether the gate delivers a packet from `source` to a known address by itself, as far as
/// acf_receives() looks at its source: it is no loopback address, or the mark is the owner's.
/// The source of an outward packet is a dedicated address. IPv6 addresses whose first half is zero
/// may stand for IPv4 ones.
fn receives_from(owner: &Owner<'_>, origin: Origin, source: IpAddr) -> bool {
    let is_low = matches!(source, IpAddr::V6(a) if u128::from(a) >> 64 == 0);
    if is_low && !source.is_loopback() {
        return false;
    }
    match origin {
        Origin::Association(id) | Origin::Inward(id) if id == owner.loopback_of => true,
        Origin::Outward(id) if id == owner.loopback_of => !is_private_loopback(source),
        _ => !source.is_loopback(),
    }
}

/// An owner, and one of its addresses.
fn owner_and_address() -> impl Strategy<Value = (Owned, IpAddr)> {
    (
        any_owned(),
        any_ip(),
        near_prefix(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(o, other, near, at)| {
            let prefixes = [o.set.prefixes.clone(), vec![near]].concat();
            let addr = at.get(&prefixes).addr();
            let set = OwnedSet::new(prefixes);
            let addr = if set.view().contains(other) {
                other
            } else {
                addr
            };
            (Owned { set, ..o }, addr)
        })
}

/// A socket of its owner's that is bound to `local` and sends from `source`.
fn of_owner(local: IpAddr, source: IpAddr) -> Socket {
    Socket {
        scoped: true,
        local,
        source,
        ..unbound(Family::of(local))
    }
}

fn wildcard(family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn sockaddr(addr: IpAddr) -> SockAddr {
    match addr {
        IpAddr::V4(a) => SockAddr::V4(a),
        IpAddr::V6(a) => SockAddr::V6(a),
    }
}

#[test]
fn kinds_that_are_known_are_permitted() {
    const STREAM: i32 = 1;
    const DGRAM: i32 = 2;
    // acf_may_create(): AF_INET and AF_INET6.
    for family in [2, 10] {
        for (kind, protocol) in [(STREAM, 0), (STREAM, 6), (DGRAM, 0), (DGRAM, 17)] {
            for raw in [false, true] {
                assert_eq!(create(family, kind, protocol, raw), Ok(()));
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn packets_at_a_known_address_are_permitted(
        (o, addr) in owner_and_address(), other in any_ip(), origin in any_origin(),
        loops in any::<bool>(), reserved in any::<bool>()
    ) {
        let owner = o.owner();
        if known(&owner, addr).is_none() {
            return Ok(());
        }
        // acf_takes()
        if !matches!(origin, Origin::Inward(id) if id != owner.loopback_of) {
            for bound in [addr, wildcard(Family::of(addr)), wildcard(Family::V6)] {
                prop_assert!(receives(Some(&owner), bound, addr, origin, reserved));
            }
            if receives_from(&owner, origin, other) {
                for found in FOUND {
                    prop_assert!(delivers(&owner, found, other, addr, origin));
                }
            }
        }
        if !other.to_canonical().is_loopback() {
            let packet = Outgoing { source: addr, destination: other, loops };
            for sender in SENDERS {
                prop_assert!(sends(&owner, sender, &packet));
            }
        }
    }

    #[test]
    fn calls_that_lead_there_are_permitted(
        (o, addr) in owner_and_address(), to in any_ip(), stream in any::<bool>()
    ) {
        let owner = o.owner();
        let family = Family::of(addr);
        let Some(sole) = known(&owner, addr) else {
            return Ok(());
        };
        prop_assert_eq!(bind(&owner, family, true, &sockaddr(addr)), Ok(()));
        let bound = Socket { stream, ..of_owner(addr, addr) };
        prop_assert_eq!(listen(&owner, &bound), Ok(()));
        prop_assert_eq!(receive(&owner, &bound), Ok(()));
        prop_assert_eq!(send(&owner, &bound, false, &Destination::None), Usage::Allow);
        let other_rules = to.is_loopback() || to.is_unspecified() || to != to.to_canonical();
        if Family::of(to) != family || other_rules {
            return Ok(());
        }
        prop_assert_eq!(connect(&owner, &bound, &sockaddr(to)), Usage::Allow);
        // A wildcard has its source already, if there is no other.
        let any = of_owner(wildcard(family), addr);
        prop_assert_eq!(connect(&owner, &any, &sockaddr(to)), Usage::GiveSource(to));
        prop_assert_eq!(owner.set.sole(family), sole.then_some(addr));
    }

    #[test]
    fn the_private_loopback_is_its_owners(
        o in any_owned(), v4 in any::<bool>(), source in any_ip(), id in 1_u32..4,
        stream in any::<bool>()
    ) {
        let owner = o.owner();
        let here = ip(if v4 { "127.0.0.1" } else { "::1" });
        prop_assert!(is_private_loopback(here));
        let packet = Outgoing { source: here, destination: here, loops: true };
        for sender in SENDERS {
            prop_assert!(sends(&owner, sender, &packet));
        }
        for origin in [Origin::Association(id), Origin::Inward(id)] {
            for found in FOUND {
                let delivered = delivers(&owner, found, source, here, origin);
                prop_assert_eq!(delivered, id == owner.loopback_of);
            }
            for bound in [here, wildcard(Family::of(here))] {
                let received = receives(Some(&owner), bound, here, origin, false);
                prop_assert_eq!(received, id == owner.loopback_of);
            }
        }
        prop_assert_eq!(owner.loopback_source(here), Some(here));
        prop_assert_eq!(bind(&owner, Family::of(here), true, &sockaddr(here)), Ok(()));
        let socket = Socket { stream, ..of_owner(here, here) };
        prop_assert_eq!(connect(&owner, &socket, &sockaddr(here)), Usage::Allow);
        prop_assert_eq!(listen(&owner, &socket), Ok(()));
    }

    #[test]
    fn a_wildcard_may_do_what_needs_no_address(
        o in any_owned(), source in any_ip(), stream in any::<bool>()
    ) {
        let owner = o.owner();
        let family = Family::of(source);
        let socket = Socket { stream, ..of_owner(wildcard(family), source) };
        prop_assert_eq!(bind(&owner, family, true, &sockaddr(wildcard(family))), Ok(()));
        prop_assert_eq!(listen(&owner, &socket), Ok(()));
        prop_assert_eq!(send(&owner, &socket, false, &Destination::None), Usage::Allow);
    }
}
