// SPDX-License-Identifier: GPL-2.0

//! `compare`, checked against a model that tries every packet on both sockets.
//!
//! The model is small: a dozen addresses, the host, two associations. It leaves out
//! lookups without a packet (`Origin::Unknown`), where there is nothing to take.

use super::super::{compare, Holder, Origin, Relation};
use super::naive::port::{fits, hides, takes};
use super::*;

/// Every address to which packets go.
const ADDRS: [&str; 13] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "192.0.2.1",
    "127.0.0.1",
    "127.0.0.53",
    "127.128.0.1",
    "127.64.0.1",
    "127.64.0.2",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8::3",
    "::1",
];

/// The entries of sets.
const MEMBERS: [&str; 6] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.2/31",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8::2/127",
];

/// What an association may reach on the host's loopback.
const HOST_LOOPBACKS: [&str; 2] = ["127.0.0.53", "127.128.0.0/9"];

/// Association 3 has no socket here.
const ORIGINS: [Origin; 10] = [
    Origin::Outside,
    Origin::Association(1),
    Origin::Association(2),
    Origin::Association(3),
    Origin::Inward(1),
    Origin::Inward(2),
    Origin::Inward(3),
    Origin::Outward(1),
    Origin::Outward(2),
    Origin::Outward(3),
];

/// A socket and its owner.
#[derive(Clone, Debug)]
struct Sock {
    owner: Option<Owned>,
    local: IpAddr,
    v6only: bool,
    timewait: Option<u32>,
}

impl Sock {
    fn holder(&self) -> Holder<'_> {
        Holder {
            owner: self.owner.as_ref().map(Owned::owner),
            local: self.local,
            v4: !self.v6only,
            v6: self.local.is_ipv6(),
            timewait: self.timewait,
        }
    }

    /// Whose private loopback it is on; 0 is the host.
    fn loopback_of(&self) -> u32 {
        let owner = self.owner.as_ref().map_or(0, |o| o.loopback_of);
        self.timewait.unwrap_or(owner)
    }

    /// Whether both are on one private loopback, and one of them on no other address.
    fn meets_on_loopback(&self, other: &Self) -> bool {
        self.loopback_of() == other.loopback_of()
            && [self, other]
                .iter()
                .any(|s| naive::is_own_loopback(s.local))
    }

    fn id(&self) -> Option<u32> {
        self.owner.as_ref().map(|o| o.id)
    }

    fn is_wildcard(&self) -> bool {
        self.local.to_canonical().is_unspecified()
    }

    /// Whether its owner still has the address that it is bound to.
    fn is_at_home(&self) -> bool {
        let owner = self.owner.as_ref();
        self.is_wildcard() || owner.is_none_or(|o| o.naively_owns(self.local))
    }
}

fn addrs() -> impl Iterator<Item = IpAddr> {
    ADDRS.into_iter().map(ip)
}

/// A packet that both sockets take.
fn shared(a: &Sock, b: &Sock) -> Option<(IpAddr, Origin)> {
    let owners = || [a, b].into_iter().filter_map(|s| s.owner.as_ref());
    let reserved = |addr: IpAddr| {
        owners().any(|o| o.has_dedicated(addr) || (o.exclusive && o.set.naively_has(addr)))
    };
    let (x, y) = (a.holder(), b.holder());
    let packets = addrs().flat_map(|addr| ORIGINS.map(|origin| (addr, origin)));
    packets.into_iter().find(|&(addr, origin)| {
        let reserved = reserved(addr);
        takes(&x, addr, origin, reserved)
            && takes(&y, addr, origin, reserved)
            && !hides(&x, &y, addr)
            && !hides(&y, &x, addr)
    })
}

/// Whether the stack itself finds that the addresses overlap: it compares them after
/// calling the hook, or in addition.
fn overlap(a: &Sock, b: &Sock) -> bool {
    let (a, b) = (a.holder(), b.holder());
    addrs().any(|addr| fits(&a, addr) && fits(&b, addr))
}

fn any_owner() -> impl Strategy<Value = Option<Owned>> {
    let texts = || prop::sample::subsequence(MEMBERS.as_slice(), 0..=3);
    let host = prop::option::of(prop::sample::select(HOST_LOOPBACKS.as_slice()));
    (0_u8..3, texts(), texts(), any::<[bool; 2]>(), host).prop_map(
        |(id, texts, former, [exclusive, keeps], host)| {
            let o = Owned {
                exclusive,
                former: set(&former.join(" ")),
                ..owned_by(id, &texts.join(" "))
            };
            let o = match host {
                Some(net) => reaching(o, net),
                None => o,
            };
            // Association 2 may be a part that keeps the loopback of association 1.
            let o = match id {
                2 if keeps => Owned {
                    loopback_of: 1,
                    ..part(o)
                },
                _ => o,
            };
            (id != 0).then_some(o)
        },
    )
}

fn any_sock() -> impl Strategy<Value = Sock> {
    let local = prop_oneof![
        1 => prop::sample::select(vec!["0.0.0.0", "::", "::ffff:0.0.0.0"]).prop_map(ip),
        1 => prop::sample::select(ADDRS.as_slice()).prop_map(ip),
    ];
    (any_owner(), local, any::<[bool; 4]>()).prop_map(|(owner, local, [mapped, v6only, t1, t2])| {
        let local = match local {
            IpAddr::V4(a) if mapped => a.to_ipv6_mapped().into(),
            local => local,
        };
        let v6only = v6only && local.to_canonical().is_ipv6();
        // A timewait socket no longer has an owner, and always has an address.
        let waits = t1 && t2 && !local.to_canonical().is_unspecified();
        let timewait = waits.then(|| owner.as_ref().map_or(0, |o| o.loopback_of));
        Sock {
            owner: owner.filter(|_| !waits),
            local,
            v6only,
            timewait,
        }
    })
}

/// Two sockets whose sets may overlap. Two sockets of one association have the same
/// set, and all on one loopback have the same addresses there.
fn any_pair() -> impl Strategy<Value = (Sock, Sock)> {
    (any_sock(), any_sock()).prop_map(|(a, mut b)| {
        if a.id() == b.id() {
            b.owner.clone_from(&a.owner);
        }
        if let (Some(x), Some(y)) = (&a.owner, &mut b.owner) {
            if x.loopback_of == y.loopback_of {
                y.host_loopback = x.host_loopback;
            }
        }
        (a, b)
    })
}

#[test]
fn the_world_holds_what_the_sets_are_made_of() {
    for text in MEMBERS {
        assert!(addrs().any(|a| naively_inside(&prefix(text), a)), "{text}");
    }
}

proptest! {
    #![proptest_config(cases(6000))]

    #[test]
    fn comparing_is_symmetric((a, b) in any_pair()) {
        prop_assert_eq!(
            compare(&a.holder(), &b.holder()),
            compare(&b.holder(), &a.holder())
        );
    }

    #[test]
    fn sockets_of_one_owner_compete((a, b) in any_pair()) {
        if a.id() == b.id() && a.timewait.is_none() && b.timewait.is_none() {
            prop_assert_eq!(compare(&a.holder(), &b.holder()), Relation::Compete);
        }
    }

    /// If two owners shared a port, one could steal packets that both receive. On a loopback
    /// that they have in common they are like programs of one host.
    #[test]
    fn sockets_of_two_owners_never_share((a, b) in any_pair()) {
        if a.id() != b.id() && a.timewait.is_none() && b.timewait.is_none() {
            let competes = compare(&a.holder(), &b.holder()) == Relation::Compete;
            prop_assert!(!competes || a.meets_on_loopback(&b));
        }
    }

    #[test]
    fn whom_a_socket_meets_on_a_common_loopback_it_competes_with((a, b) in any_pair()) {
        if a.is_at_home() && b.is_at_home() && a.meets_on_loopback(&b) {
            prop_assert_eq!(compare(&a.holder(), &b.holder()), Relation::Compete);
        }
    }

    #[test]
    fn what_is_left_of_a_connection_excludes_nobody((a, b) in any_pair()) {
        if a.timewait.is_some() || b.timewait.is_some() {
            prop_assert_ne!(compare(&a.holder(), &b.holder()), Relation::Exclude);
        }
    }

    #[test]
    fn no_packet_is_for_two_sockets_that_are_apart((a, b) in any_pair()) {
        if compare(&a.holder(), &b.holder()) == Relation::Apart {
            prop_assert_eq!(shared(&a, &b), None);
        }
    }

    /// No port is refused without need. The property assumes sockets whose address
    /// has not left the set. It leaves out a dual-stack socket bound to the IPv4
    /// wildcard, which counts as one of both families.
    #[test]
    fn sockets_that_are_not_apart_share_a_packet((a, b) in any_pair()) {
        let mapped_any = ip("::ffff:0.0.0.0");
        let plain = [&a, &b]
            .into_iter()
            .all(|s| s.is_at_home() && s.timewait.is_none() && s.local != mapped_any);
        if plain
            && a.id() != b.id()
            && overlap(&a, &b)
            && compare(&a.holder(), &b.holder()) != Relation::Apart
        {
            prop_assert!(shared(&a, &b).is_some());
        }
    }

    /// The two properties above in one, for the pair that matters most.
    #[test]
    fn wildcards_are_apart_exactly_when_no_packet_is_for_both(
        (a, b) in any_pair(),
        six in any::<[bool; 2]>(),
    ) {
        let wildcard = |s: Sock, six: bool| Sock {
            local: ip(if six { "::" } else { "0.0.0.0" }),
            v6only: s.v6only && six,
            timewait: None,
            ..s
        };
        let (a, b) = (wildcard(a, six[0]), wildcard(b, six[1]));
        if a.id() != b.id() {
            let apart = compare(&a.holder(), &b.holder()) == Relation::Apart;
            prop_assert_eq!(apart, shared(&a, &b).is_none());
        }
    }
}
