// SPDX-License-Identifier: GPL-2.0

//! Compares the relation of two sockets on one port with the packets that each would
//! receive.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::port::{hides, takes};
use addrconf_fuzz_host::naive::{is_any, is_own_loopback, Owned};
use addrconf_policy::{compare, Holder, Origin, Prefix, Relation};
use libfuzzer_sys::fuzz_target;

/// Destinations to try: the first address of each prefix, and those that rules treat
/// specially.
fn addrs(owners: &[Owned], a: &Holder<'_>, b: &Holder<'_>) -> Vec<IpAddr> {
    let mut addrs = vec![
        a.local.to_canonical(),
        b.local.to_canonical(),
        [127, 0, 0, 1].into(),
        [127, 0, 0, 2].into(),
        [127, 0, 0, 53].into(),
        [127, 128, 0, 0].into(),
        [127, 64, 0, 3].into(),
        [192, 0, 2, 1].into(),
        IpAddr::V6(1.into()),
        IpAddr::V6(((0x2001_0db8 << 96) | 0xffff_u128).into()),
    ];
    for o in owners {
        addrs.extend(o.loopback.map(IpAddr::V4));
        addrs.extend(o.set.prefixes.iter().map(Prefix::addr));
    }
    addrs.retain(|a| !is_any(*a));
    addrs
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes::new(bytes);
    let (mut x, mut y) = (bytes.owned(), bytes.owned());
    let named = |o: &Owned, last| o.loopback.map(|_| [127, 64, 0, last].into());
    // Association 2 may be a part that keeps the loopback of association 1.
    let keeps = y.loopback_of != y.id;
    (x.id, x.loopback_of, x.loopback) = (1, 1, named(&x, 1));
    (y.id, y.loopback_of, y.loopback) = (2, if keeps { 1 } else { 2 }, named(&y, 2));
    if keeps {
        y.host_loopback = x.host_loopback;
    }
    let owners = [x, y];
    let whose = |which: u8| owners.get(usize::from(which % 3));
    let (a, b) = (whose(bytes.u8()), whose(bytes.u8()));
    let (a, b) = (bytes.holder(a), bytes.holder(b));
    let relation = compare(&a, &b);
    assert_eq!(compare(&b, &a), relation, "comparing is symmetric");

    let same = a.owner.map(|o| o.id) == b.owner.map(|o| o.id);
    let timewait = a.timewait.is_some() || b.timewait.is_some();
    if timewait {
        assert_ne!(relation, Relation::Exclude);
    } else if same {
        assert_eq!(relation, Relation::Compete);
    } else if relation == Relation::Compete {
        // Like programs of one host, on a loopback that both have.
        assert!([a.local, b.local].into_iter().any(is_own_loopback));
        assert_eq!(
            a.owner.map(|o| o.loopback_of),
            b.owner.map(|o| o.loopback_of)
        );
    }
    if relation != Relation::Apart {
        return;
    }
    for addr in addrs(&owners, &a, &b) {
        let reserved = owners
            .iter()
            .any(|o| o.has_dedicated(addr) || (o.exclusive && o.set.naively_has(addr)));
        let ways = [Origin::Association, Origin::Inward, Origin::Outward];
        let sent = ways.into_iter().flat_map(|way| [1, 2, 3].map(way));
        for origin in sent.chain([Origin::Outside]) {
            let both = takes(&a, addr, origin, reserved) && takes(&b, addr, origin, reserved);
            let hidden = hides(&a, &b, addr) || hides(&b, &a, addr);
            assert!(
                !both || hidden,
                "both sockets take a packet to {addr} from {origin:?}"
            );
        }
    }
});
