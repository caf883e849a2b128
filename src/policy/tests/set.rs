// SPDX-License-Identifier: GPL-2.0

//! Membership, the only address, the source.

use super::super::{Only, Source};
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
fn the_only_address_is_known_also_when_given_twice() {
    assert_eq!(set("").view().only(Family::V4), Only::None);
    assert_eq!(
        set("10.0.0.1 10.0.0.1").view().only(Family::V4),
        Only::One(ip("10.0.0.1"))
    );
    assert_eq!(
        set("10.0.0.1 2001:db8::1").view().only(Family::V6),
        Only::One(ip("2001:db8::1"))
    );
    assert_eq!(
        set("10.0.0.1 10.0.0.2").view().only(Family::V4),
        Only::Several
    );
    assert_eq!(set("10.0.0.0/31").view().only(Family::V4), Only::Several);
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

proptest! {
    #[test]
    fn lookup_agrees_with_trying_every_prefix(s in any_set(), a in any_ip()) {
        let naive = s.prefixes.iter().any(|p| match (a.to_canonical(), p.addr()) {
            (IpAddr::V4(a), IpAddr::V4(p4)) => {
                let hosts = u32::MAX.checked_shr(p.len_bits().into()).unwrap_or(0);
                u32::from(a) & !hosts == u32::from(p4)
            }
            (IpAddr::V6(a), IpAddr::V6(p6)) => {
                let hosts = u128::MAX.checked_shr(p.len_bits().into()).unwrap_or(0);
                u128::from(a) & !hosts == u128::from(p6)
            }
            _ => false,
        });
        prop_assert_eq!(s.view().contains(a), naive);
    }

    #[test]
    fn merged_ranges_are_sorted_disjoint_and_hold_the_same(
        ends in prop::collection::vec((0_u32..200, 0_u32..200), 0..20),
        probe in 0_u32..200,
    ) {
        let all: Vec<_> = ends.iter().map(|&(a, b)| Range::new(a, b)).collect();
        let mut merged = all.clone();
        let kept = merge(&mut merged);
        merged.truncate(kept);
        prop_assert!(merged.windows(2).all(|w| w[0].last() < w[1].first()));
        let holds = |rs: &[Range<u32>]| rs.iter().any(|r| r.first() <= probe && probe <= r.last());
        prop_assert_eq!(holds(&all), holds(&merged));
    }

    #[test]
    fn the_only_address_and_the_source_are_members(s in any_set()) {
        for family in [Family::V4, Family::V6] {
            if let Only::One(a) = s.view().only(family) {
                prop_assert!(s.view().contains(a));
            }
            if let Some(Source::Address(a)) = s.view().source(family) {
                prop_assert!(s.view().contains(a));
            }
        }
    }
}
