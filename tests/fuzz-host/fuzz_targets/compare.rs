// SPDX-License-Identifier: GPL-2.0

//! Compares the relation of two sockets on one port with the packets that each would
//! receive.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::{is_any, Owned};
use addrconf_policy::{compare, receives, Holder, Origin, Prefix, Relation};
use libfuzzer_sys::fuzz_target;

/// Whether the address that the socket is bound to fits, on any host.
fn fits(h: &Holder<'_>, addr: IpAddr) -> bool {
    if !is_any(h.local) {
        return h.local.to_canonical() == addr;
    }
    let mapped = h.local.is_ipv6() && h.local.to_canonical().is_ipv4();
    match addr {
        IpAddr::V4(_) => h.v4,
        IpAddr::V6(_) => h.v6 && !mapped,
    }
}

/// Whether the socket takes a packet to this address.
fn takes(h: &Holder<'_>, addr: IpAddr, origin: Origin, reserved: bool) -> bool {
    let private = addr == IpAddr::from([127, 0, 0, 1]) || addr == IpAddr::V6(1.into());
    fits(h, addr)
        && match (h.timewait, origin) {
            (None, _) => receives(h.owner.as_ref(), h.local, addr, origin, reserved),
            (Some(whose), Origin::Association(id)) if private => whose == id,
            (Some(whose), Origin::Outside) if private => whose == 0,
            (Some(_), _) => true,
        }
}

/// Whether the host's socket `h` is bound to the dedicated address of the owner of the
/// wildcard socket `wild`. A look-up finds a bound socket first, so `wild` receives
/// nothing there.
fn hides(h: &Holder<'_>, wild: &Holder<'_>, addr: IpAddr) -> bool {
    let dedicated = wild.owner.and_then(|o| o.loopback);
    h.owner.is_none()
        && !is_any(h.local)
        && is_any(wild.local)
        && dedicated.is_some_and(|own| addr == own)
}

/// Destinations to try: the first address of each prefix, and those that rules treat
/// specially.
fn addrs(owners: &[Owned], a: &Holder<'_>, b: &Holder<'_>) -> Vec<IpAddr> {
    let mut addrs = vec![
        a.local.to_canonical(),
        b.local.to_canonical(),
        [127, 0, 0, 1].into(),
        [127, 0, 0, 2].into(),
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
    (x.id, x.loopback) = (1, named(&x, 1));
    (y.id, y.loopback) = (2, named(&y, 2));
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
    } else {
        assert_eq!(relation == Relation::Compete, same);
    }
    if relation != Relation::Apart {
        return;
    }
    for addr in addrs(&owners, &a, &b) {
        let reserved = owners
            .iter()
            .any(|o| o.has_dedicated(addr) || (o.exclusive && o.set.has(addr)));
        for origin in [
            Origin::Outside,
            Origin::Association(1),
            Origin::Association(2),
            Origin::Association(3),
        ] {
            let both = takes(&a, addr, origin, reserved) && takes(&b, addr, origin, reserved);
            let hidden = hides(&a, &b, addr) || hides(&b, &a, addr);
            assert!(
                !both || hidden,
                "both sockets take a packet to {addr} from {origin:?}"
            );
        }
    }
});
