// SPDX-License-Identifier: GPL-2.0

//! What an association owns, and to which addresses it may send.

use super::super::is_private_loopback;
use super::naive::Kind;
use super::*;

#[test]
fn the_private_loopback_is_all_but_the_dedicated_addresses_however_written() {
    for private in [
        "127.0.0.0",
        "127.0.0.1",
        "127.0.0.53",
        "127.0.1.1",
        "127.63.255.255",
        "127.128.0.0",
        "127.255.255.255",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:127.0.1.1",
    ] {
        assert!(is_private_loopback(ip(private)), "{private}");
    }
    for other in [
        "126.255.255.255",
        "127.64.0.0",
        "127.64.0.1",
        "127.127.255.255",
        "128.0.0.0",
        "::",
        "::2",
        "::127.0.0.1",
        "::ffff:127.64.0.1",
        "10.0.0.1",
    ] {
        assert!(!is_private_loopback(ip(other)), "{other}");
    }
}

#[test]
fn others_know_an_association_by_its_set_and_its_dedicated_loopback() {
    let o = owned("10.0.0.1 2001:db8::/64");
    let o = o.owner();
    for public in [
        "10.0.0.1",
        "::ffff:10.0.0.1",
        "2001:db8::7",
        "127.64.0.1",
        "::ffff:127.64.0.1",
    ] {
        assert!(o.owns_publicly(ip(public)), "{public}");
    }
    for not in [
        "127.0.0.1",
        "127.0.0.53",
        "::1",
        "127.64.0.2",
        "10.0.0.2",
        "0.0.0.0",
        "::",
    ] {
        assert!(!o.owns_publicly(ip(not)), "{not}");
    }
}

#[test]
fn every_association_owns_its_private_loopback() {
    for o in [owned(""), part(owned("10.0.0.1"))] {
        for private in ["127.0.0.1", "127.0.0.53", "127.255.255.255", "::1"] {
            let private = ip(private);
            assert!(o.owner().owns(private) && o.owner().has_private(private));
        }
        // Its dedicated address is on the loopback of the host.
        assert!(!o.owner().has_private(ip("127.64.0.1")));
    }
}

#[test]
fn a_part_owns_no_dedicated_loopback() {
    let o = part(owned("10.0.0.1"));
    assert!(!o.owner().owns(ip("127.64.0.1")));
    assert!(!o.owner().has_dedicated(ip("127.64.0.1")));
    assert!(!o.owner().may_reach(ip("127.64.0.1")));
}

#[test]
fn what_is_reached_on_the_host_is_not_owned() {
    let o = reaching(owned(""), "127.0.0.52/31");
    let o = o.owner();
    for of_host in ["127.0.0.52", "127.0.0.53", "::ffff:127.0.0.53"] {
        let of_host = ip(of_host);
        assert!(!o.owns(of_host) && !o.owns_publicly(of_host));
        assert!(!o.has_private(of_host) && o.may_reach(of_host));
    }
    for private in ["127.0.0.51", "127.0.0.54", "127.0.0.1", "::1"] {
        assert!(o.owns(ip(private)) && o.has_private(ip(private)));
    }
}

/// It is on the host's loopback with this address only.
#[test]
fn without_a_dedicated_address_nothing_of_the_host_is_reached() {
    let o = part(reaching(owned(""), "127.0.0.53"));
    assert!(o.owner().owns(ip("127.0.0.53")));
    assert!(o.owner().has_private(ip("127.0.0.53")));
}

#[test]
fn a_former_address_is_no_longer_owned() {
    let o = Owned {
        former: set("10.0.0.9 2001:db8::9"),
        ..owned("10.0.0.1")
    };
    let o = o.owner();
    for former in ["10.0.0.9", "::ffff:10.0.0.9", "2001:db8::9"] {
        assert!(!o.owns(ip(former)), "{former}");
        assert!(!o.owns_publicly(ip(former)), "{former}");
        assert!(o.owns_or_owned(ip(former)), "{former}");
    }
    assert!(!o.owns_or_owned(ip("10.0.0.8")));
}

#[test]
fn only_loopback_addresses_of_somebody_else_are_out_of_reach() {
    let o = owned("10.0.0.1");
    let o = o.owner();
    for reachable in [
        "127.0.0.1",
        "127.0.0.53",
        "127.255.255.255",
        "::1",
        "127.64.0.1",
        "10.0.0.1",
        "10.0.0.2",
        "192.0.2.1",
        "2001:db8::9",
        "224.0.0.1",
    ] {
        assert!(o.may_reach(ip(reachable)), "{reachable}");
    }
    for other in [
        "127.64.0.0",
        "127.64.0.2",
        "127.127.255.255",
        "::ffff:127.64.0.2",
    ] {
        assert!(!o.may_reach(ip(other)), "{other}");
    }
}

/// 127.0.0.1 is what a host without rules chooses for all of 127.0.0.0/8.
#[test]
fn a_loopback_destination_has_a_source_on_the_same_loopback() {
    let o = reaching(owned("10.0.0.1 2001:db8::1"), "127.0.0.53");
    for (to, source) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.1.1", "127.0.0.1"),
        ("127.255.255.255", "127.0.0.1"),
        ("::1", "::1"),
        ("127.64.0.1", "127.64.0.1"),
        ("127.0.0.53", "127.64.0.1"),
    ] {
        assert_eq!(o.owner().loopback_source(ip(to)), Some(ip(source)), "{to}");
    }
    let o = part(o);
    let source = o.owner().loopback_source(ip("127.0.0.53"));
    assert_eq!(source, Some(ip("127.0.0.1")));
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn what_is_owned_agrees_with_the_naive_answer(o in any_owned(), a in any_ip()) {
        let (owner, kind) = (o.owner(), o.kind(a));
        prop_assert_eq!(owner.owns(a), o.naively_owns(a));
        prop_assert_eq!(owner.owns_publicly(a), matches!(kind, Kind::Dedicated | Kind::Member));
        prop_assert_eq!(owner.owns_or_owned(a), o.naively_owns(a) || kind == Kind::Former);
        prop_assert_eq!(owner.has_private(a), kind == Kind::Private);
        prop_assert_eq!(owner.has_dedicated(a), kind == Kind::Dedicated);
        prop_assert_eq!(owner.may_reach(a), o.reaches(a));
        prop_assert_eq!(is_private_loopback(a), naive::is_own_loopback(a));
    }

    #[test]
    fn where_packets_may_go_agrees_with_the_naive_answer(
        o in any_owned(),
        from in any_ip(),
        to in any_ip(),
    ) {
        let (from, to) = (from.to_canonical(), to.to_canonical());
        prop_assert_eq!(o.owner().may_send(from, to), o.goes(from, to), "{:?}", o.kind(to));
    }

    /// A wildcard socket is given this source for what it may reach.
    #[test]
    fn the_source_for_a_loopback_destination_may_send_there(o in any_owned(), to in any_ip()) {
        let (owner, to) = (o.owner(), to.to_canonical());
        if naive::is_loopback(to) && owner.may_reach(to) {
            let source = owner.loopback_source(to);
            prop_assert!(source.is_some_and(|from| o.naively_owns(from) && o.goes(from, to)));
            prop_assert!(source.is_some_and(|from| owner.may_send(from, to)));
        }
    }
}
