// SPDX-License-Identifier: GPL-2.0

//! What the stack's index is told, against what `compare` and `receives` say: nobody whom they
//! let compete or receive may be missing. The naive index is a list.

use super::super::{
    candidates, compare, places, reach, receives, Candidates, Holder, Origin, Place, Relation,
};
use super::naive::naively_within;
use super::*;

/// The room that the stack has for addresses.
const ROOM: usize = 16;

const TENANTS: u8 = 3;

/// What sets are made of.
const MEMBERS: [&str; 7] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.0/30",
    "10.0.0.0/8",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8::/32",
];

const ADDRS: [&str; 13] = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "127.0.0.1",
    "127.0.0.53",
    "127.128.0.1",
    "127.64.0.1",
    "127.64.0.2",
    "127.64.0.3",
    "192.0.2.1",
    "2001:db8::1",
    "2001:db8::2",
    "::1",
];

/// A tenant, whose key is the id of its whole, and one part.
#[derive(Clone, Debug)]
struct Tenant {
    whole: Owned,
    part: Owned,
}

type World = Vec<Tenant>;

fn any_tenant(key: u8) -> impl Strategy<Value = Tenant> {
    let members = prop::sample::subsequence(MEMBERS.as_slice(), 0..=3);
    let flags = (any::<[bool; 2]>(), any::<u8>());
    (members, any::<[bool; 3]>(), flags).prop_map(
        move |(members, kept, ([exclusive, keeps], host))| {
            let in_part = members.iter().zip(kept).filter(|(_, kept)| *kept);
            let in_part: Vec<&str> = in_part.map(|(&m, _)| m).collect();
            let whole = Owned {
                exclusive,
                host_loopback: naive::place::host_network(host),
                ..owned_by(key, &members.join(" "))
            };
            let id = u32::from(key) + 10;
            let part = Owned {
                id,
                loopback_of: id,
                exclusive,
                ..part(owned_by(key, &in_part.join(" ")))
            };
            Tenant {
                part: if keeps { keeping(part, &whole) } else { part },
                whole,
            }
        },
    )
}

fn any_world() -> impl Strategy<Value = World> {
    (1..=TENANTS).map(any_tenant).collect::<Vec<_>>()
}

/// The address that stands in the index for this one: that of all private loopback addresses
/// of IPv4 is 127.0.0.1.
fn listed(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V4(a) if naive::is_own_loopback(a.into()) => Ipv4Addr::LOCALHOST.into(),
        addr => addr,
    }
}

/// The keys that a list of all places has for an address.
fn having(world: &World, addr: IpAddr) -> Vec<u32> {
    let has = |t: &&Tenant| {
        places(&t.whole.set.prefixes, t.whole.loopback)
            .any(|(first, len)| naively_within(first, len, addr.to_canonical()))
    };
    world.iter().filter(has).map(|t| t.whole.id).collect()
}

fn keys(world: &World, addr: IpAddr, origin: Origin) -> Vec<u32> {
    match candidates(addr, origin) {
        Candidates::Nobody => Vec::new(),
        Candidates::TenantOf(id) => std::vec![if id > 10 { id - 10 } else { id }],
        Candidates::Having(addr) => having(world, addr),
    }
}

/// The addresses and keys that the stack is told. `None`: too many.
fn told(world: &World, owner: &Owned, key: u32) -> Option<(Vec<IpAddr>, Vec<u32>)> {
    let (mut addrs, mut keys) = (Vec::new(), Vec::new());
    let done = reach(&owner.owner(), |place| {
        let (Place::Own(addr) | Place::Shared(addr)) = place;
        addrs.push(addr);
        if place == Place::Shared(addr) {
            keys.extend(
                having(world, addr)
                    .into_iter()
                    .filter(|&other| other != key),
            );
        }
        (addrs.len() <= ROOM).then_some(()).ok_or(())
    });
    done.ok().map(|()| (addrs, keys))
}

/// A socket. `whose`: a tenant, or the host beyond them.
#[derive(Clone, Debug)]
struct Sock {
    whose: usize,
    in_part: bool,
    local: IpAddr,
    v6only: bool,
    timewait: bool,
}

impl Sock {
    fn owner<'a>(&self, world: &'a World) -> Option<&'a Owned> {
        let tenant = world.get(self.whose)?;
        Some(if self.in_part {
            &tenant.part
        } else {
            &tenant.whole
        })
    }

    /// The key of its tenant, 0 for the host.
    fn key(&self, world: &World) -> u32 {
        world.get(self.whose).map_or(0, |t| t.whole.id)
    }

    fn is_wildcard(&self) -> bool {
        self.local.to_canonical().is_unspecified()
    }

    fn holder<'a>(&self, world: &'a World) -> Holder<'a> {
        let owner = self.owner(world);
        let waits = self.timewait && !self.is_wildcard();
        Holder {
            owner: owner.filter(|_| !waits).map(Owned::owner),
            local: self.local,
            v4: !self.v6only,
            v6: self.local.is_ipv6() && self.local.to_canonical() == self.local,
            timewait: waits.then(|| owner.map_or(0, |o| o.loopback_of)),
        }
    }
}

fn any_sock() -> impl Strategy<Value = Sock> {
    let local = prop_oneof![
        prop::sample::select(std::vec!["0.0.0.0", "::", "::ffff:0.0.0.0"]),
        prop::sample::select(ADDRS.as_slice()),
    ];
    let whose = 0..=usize::from(TENANTS);
    (whose, local, any::<[bool; 4]>()).prop_map(
        |(whose, local, [in_part, v6only, mapped, waits])| {
            let local = match ip(local) {
                IpAddr::V4(a) if mapped => a.to_ipv6_mapped().into(),
                local => local,
            };
            Sock {
                whose,
                in_part,
                local,
                v6only: v6only && local.to_canonical().is_ipv6(),
                timewait: waits,
            }
        },
    )
}

proptest! {
    #![proptest_config(cases(20000))]

    /// The stack compares a wildcard socket with those at the addresses, and with the wildcard
    /// sockets of the keys, of the host, and of the tenant itself.
    #[test]
    fn a_wildcard_socket_is_told_of_all_with_whom_it_competes(
        world in any_world(),
        (mut a, b) in (any_sock(), any_sock()),
        six in any::<bool>(),
    ) {
        a.local = ip(if six { "::" } else { "0.0.0.0" });
        let (own, other) = (a.key(&world), b.key(&world));
        // A socket of the same association on an address that left the set receives nothing.
        let strays = b.holder(&world).owner.is_some_and(|o| !b.is_wildcard() && !o.owns(b.local));
        let competes = !strays && compare(&a.holder(&world), &b.holder(&world)) != Relation::Apart;
        let tenant = a.owner(&world);
        if let Some((addrs, keys)) = tenant.and_then(|o| told(&world, o, own)).filter(|_| competes)
        {
            if !b.is_wildcard() {
                prop_assert!(addrs.contains(&listed(b.local)), "{addrs:?}");
            } else if other != own && other != 0 {
                prop_assert!(keys.contains(&other), "{keys:?}");
            }
        }
    }

    /// The stack compares a socket bound to an address with the wildcard sockets of the keys, of
    /// the host, and of its own tenant.
    #[test]
    fn a_bound_socket_is_told_of_all_wildcards_with_which_it_competes(
        world in any_world(),
        (a, mut b) in (any_sock(), any_sock()),
        six in any::<bool>(),
    ) {
        b.local = ip(if six { "::" } else { "0.0.0.0" });
        let (own, other) = (a.key(&world), b.key(&world));
        // A timewait socket asks for no port.
        let asks = !a.is_wildcard() && !a.timewait && other != own && other != 0;
        if asks && compare(&a.holder(&world), &b.holder(&world)) != Relation::Apart {
            let keys = keys(&world, a.local, Origin::Unknown);
            prop_assert!(keys.contains(&other), "{keys:?}");
        }
    }

    #[test]
    fn a_packet_meets_all_who_would_receive_it(
        world in any_world(),
        sock in any_sock(),
        addr in prop::sample::select(ADDRS.as_slice()),
        (kind, id) in (0..5, 1_u32..20),
        mapped in any::<bool>(),
    ) {
        let addr = match ip(addr) {
            IpAddr::V4(a) if mapped => a.to_ipv6_mapped().into(),
            addr => addr,
        };
        let origin = match kind {
            0 => Origin::Outside,
            1 => Origin::Unknown,
            2 => Origin::Inward(id),
            3 => Origin::Outward(id),
            _ => Origin::Association(id),
        };
        let owner = sock.owner(&world).map(Owned::owner);
        let receives = receives(owner.as_ref(), ip("::"), addr, origin, false);
        // The exception that `candidates` names.
        let is_known = origin != Origin::Unknown || !naive::is_own_loopback(addr);
        if owner.is_some() && receives && is_known {
            prop_assert!(keys(&world, addr, origin).contains(&sock.key(&world)));
        }
    }

    /// What it is told is exact where no entry of a set is a large network.
    #[test]
    fn a_wildcard_socket_is_told_its_addresses_once(world in any_world(), sock in any_sock()) {
        let Some(owner) = sock.owner(&world) else { return Ok(()) };
        let Some((mut addrs, _)) = told(&world, owner, sock.key(&world)) else {
            prop_assert!(owner.set.prefixes.iter().any(|p| !p.is_host()));
            return Ok(());
        };
        prop_assert!(addrs.iter().all(|&a| owner.naively_owns(a)), "{addrs:?}");
        for addr in ADDRS.map(ip) {
            // The index does not know what is the host's.
            let known = owner.naively_owns(addr) || naive::is_own_loopback(addr);
            prop_assert_eq!(addrs.contains(&listed(addr)), known);
        }
        let count = addrs.len();
        addrs.sort_unstable();
        addrs.dedup();
        prop_assert_eq!(addrs.len(), count);
    }
}

#[test]
fn neighbours_are_told_one_by_one() {
    let world: World = std::vec![];
    let (addrs, _) = told(&world, &owned("10.0.0.3 10.0.0.0/31 10.0.0.2"), 1).unwrap();
    let all = "10.0.0.0 10.0.0.1 10.0.0.2 10.0.0.3 127.64.0.1 127.0.0.1 ::1";
    assert_eq!(addrs, all.split(' ').map(ip).collect::<Vec<_>>());
}

#[test]
fn a_large_network_is_too_much() {
    let world: World = std::vec![];
    assert_eq!(told(&world, &owned("10.0.0.0/28"), 1), None);
    assert_eq!(told(&world, &owned("2001:db8::/32"), 1), None);
}
