// SPDX-License-Identifier: GPL-2.0

//! Address sets: membership, coverage, intersection, and the default source.

use super::super::Source;
use super::*;

#[test]
fn members_of_networks_and_hosts_are_found() {
    let s = set("10.0.0.1 10.1.0.0/24 2001:db8::1 2001:db8:1::/64");
    for member in [
        "10.0.0.1",
        "10.1.0.0",
        "10.1.0.255",
        "2001:db8::1",
        "2001:db8:1::ffff",
        "::ffff:10.0.0.1",
    ] {
        assert!(s.view().contains(ip(member)), "{member}");
    }
    for other in [
        "10.0.0.0",
        "10.0.0.2",
        "10.1.1.0",
        "2001:db8::2",
        "2001:db8:2::",
        "::ffff:10.0.0.2",
        "0.0.0.0",
        "::",
        "::1",
        "127.0.0.1",
    ] {
        assert!(!s.view().contains(ip(other)), "{other}");
    }
}

#[test]
fn a_prefix_is_covered_by_itself_by_a_wider_one_and_by_its_parts() {
    let part = prefix("10.0.0.0/24");
    assert!(set("10.0.0.0/24").view().covers(&part));
    assert!(set("10.0.0.0/8").view().covers(&part));
    assert!(set("10.0.0.128/25 10.0.0.0/25").view().covers(&part));
    assert!(set("10.0.0.0/25 10.0.0.128/26 10.0.0.192/26")
        .view()
        .covers(&part));
    let six = prefix("2001:db8::/63");
    assert!(set("2001:db8::/64 2001:db8:0:1::/64").view().covers(&six));
}

#[test]
fn a_prefix_with_one_address_too_many_is_not_covered() {
    let part = prefix("10.0.0.0/30");
    assert!(!set("10.0.0.0 10.0.0.1 10.0.0.2").view().covers(&part));
    assert!(!set("10.0.0.1 10.0.0.2 10.0.0.3").view().covers(&part));
    assert!(!set("10.0.0.0 10.0.0.1 10.0.0.3").view().covers(&part));
    assert!(!set("").view().covers(&part));
}

#[test]
fn a_family_does_not_cover_the_other() {
    let o = set("10.0.0.0/8");
    assert!(!o.view().covers(&prefix("2001:db8::1")));
    // The same bits in another family.
    assert!(!set("a00::/8").view().covers(&prefix("10.0.0.0/8")));
}

#[test]
fn sets_intersect_in_the_families_that_are_asked_for() {
    let a = set("10.0.0.1 2001:db8::1");
    let v4 = set("10.0.0.0/24 2001:db8::2");
    let v6 = set("10.0.0.2 2001:db8::/64");
    for (both, in_v4, in_v6) in [(&v4, true, false), (&v6, false, true), (&a, true, true)] {
        assert_eq!(a.view().intersects(&both.view(), true, false), in_v4);
        assert_eq!(a.view().intersects(&both.view(), false, true), in_v6);
        assert!(a.view().intersects(&both.view(), true, true));
        assert!(!a.view().intersects(&both.view(), false, false));
    }
}

#[test]
fn a_set_tells_which_families_it_has() {
    let (four, six, none) = (set("10.0.0.1"), set("2001:db8::1"), set(""));
    assert!(four.view().has_any(true, false) && !four.view().has_any(false, true));
    assert!(six.view().has_any(false, true) && !six.view().has_any(true, false));
    assert!(!none.view().has_any(true, true));
    assert!(!four.view().has_any(false, false));
}

#[test]
fn the_first_host_of_a_family_is_its_source() {
    let s = set("10.1.0.0/24 10.0.0.9 10.0.0.1 2001:db8::/64");
    assert_eq!(
        s.view().source(Family::V4),
        Some(Source::Address(ip("10.0.0.9")))
    );
    assert_eq!(
        s.view().source(Family::V6),
        Some(Source::AnyLocal(Family::V6))
    );
    assert_eq!(set("10.0.0.1").view().source(Family::V6), None);
}

/// Whether one of the prefixes contains all of `part`, or the set covers each of its
/// halves.
fn naively_covers(set: &OwnedSet, part: &Prefix) -> bool {
    let wider = |p: &Prefix| p.len_bits() <= part.len_bits() && naively_inside(p, part.addr());
    let narrower = |p: &Prefix| p.len_bits() > part.len_bits() && naively_inside(part, p.addr());
    if set.prefixes.iter().any(wider) {
        return true;
    }
    if part.is_host() || !set.prefixes.iter().any(narrower) {
        return false;
    }
    halves(part).iter().all(|half| naively_covers(set, half))
}

fn halves(part: &Prefix) -> [Prefix; 2] {
    let len = part.len_bits() + 1;
    let upper = match part.addr() {
        IpAddr::V4(a) => IpAddr::from(Ipv4Addr::from(u32::from(a) | 1 << (32 - len))),
        IpAddr::V6(a) => Ipv6Addr::from(u128::from(a) | 1 << (128 - len)).into(),
    };
    [part.addr(), upper].map(|a| Prefix::new(a, len).unwrap())
}

proptest! {
    #[test]
    fn lookup_agrees_with_trying_every_prefix(s in any_set(), a in any_ip()) {
        prop_assert_eq!(s.view().contains(a), s.naively_has(a));
    }

    #[test]
    fn covering_agrees_with_trying_every_part(
        near in prop::collection::vec(near_prefix(), 0..24),
        part in near_prefix(),
    ) {
        let s = OwnedSet::new(near);
        prop_assert_eq!(s.view().covers(&part), naively_covers(&s, &part));
    }

    #[test]
    fn covering_agrees_with_trying_every_part_anywhere(s in any_set(), part in any_prefix()) {
        prop_assert_eq!(s.view().covers(&part), naively_covers(&s, &part));
    }

    #[test]
    fn a_set_covers_what_it_was_made_of(s in any_set()) {
        for part in &s.prefixes {
            prop_assert!(s.view().covers(part), "{part}");
        }
    }

    #[test]
    fn intersecting_agrees_with_trying_every_pair(
        a in any_set(),
        b in any_set(),
        v4 in any::<bool>(),
        v6 in any::<bool>(),
    ) {
        let naive = a.prefixes.iter().any(|p| {
            (if p.addr().is_ipv4() { v4 } else { v6 })
                && b.prefixes.iter().any(|q| {
                    naively_inside(p, q.addr()) || naively_inside(q, p.addr())
                })
        });
        prop_assert_eq!(a.view().intersects(&b.view(), v4, v6), naive);
        prop_assert_eq!(b.view().intersects(&a.view(), v4, v6), naive);
    }

    #[test]
    fn the_source_is_a_member(s in any_set()) {
        for family in [Family::V4, Family::V6] {
            let has = s.view().has_any(family == Family::V4, family == Family::V6);
            prop_assert_eq!(s.view().source(family).is_some(), has);
            if let Some(Source::Address(a)) = s.view().source(family) {
                prop_assert!(s.naively_has(a));
            }
        }
    }
}

#[test]
fn a_sole_address_is_the_only_one_of_its_family() {
    let sole = |text: &str, family| set(text).view().sole(family).map(|a| a.to_string());
    for (text, v4, v6) in [
        ("10.0.0.1", Some("10.0.0.1"), None),
        (
            "10.0.0.1/32 2001:db8::1",
            Some("10.0.0.1"),
            Some("2001:db8::1"),
        ),
        ("10.0.0.1 10.0.0.2 2001:db8::1", None, Some("2001:db8::1")),
        ("10.0.0.1 10.0.0.9", None, None),
        ("10.0.0.0/31 2001:db8::/127", None, None),
        ("", None, None),
    ] {
        assert_eq!(sole(text, Family::V4).as_deref(), v4, "{text}");
        assert_eq!(sole(text, Family::V6).as_deref(), v6, "{text}");
    }
}

#[test]
fn a_position_is_that_of_the_range_with_the_address() {
    let s = set("10.0.0.9 10.0.0.1 10.1.0.0/24 2001:db8:1::/64 2001:db8::1");
    for (addr, position) in [
        ("10.0.0.0", None),
        ("10.0.0.1", Some(0)),
        ("10.0.0.9", Some(1)),
        ("::ffff:10.0.0.9", None),
        ("10.1.0.0", Some(2)),
        ("10.1.0.255", Some(2)),
        ("10.1.1.0", None),
        ("2001:db8::1", Some(0)),
        ("2001:db8:1::5", Some(1)),
        ("::", None),
    ] {
        assert_eq!(s.view().position(ip(addr)), position, "{addr}");
    }
}
