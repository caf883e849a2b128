// SPDX-License-Identifier: GPL-2.0

//! What an association owns, and to which addresses it may send.

use super::super::is_private_loopback;
use super::*;

#[test]
fn the_private_loopback_is_two_addresses_however_written() {
    for private in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        assert!(is_private_loopback(ip(private)), "{private}");
    }
    for other in [
        "127.0.0.0",
        "127.0.0.2",
        "127.64.0.1",
        "::",
        "::2",
        "::127.0.0.1",
        "::ffff:127.0.0.2",
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
fn the_private_loopback_is_private_even_if_it_is_in_the_set() {
    let o = owned("127.0.0.0/8 ::1");
    let o = o.owner();
    assert!(o.owns(ip("127.0.0.1")) && !o.owns_publicly(ip("127.0.0.1")));
    assert!(o.owns(ip("::1")) && !o.owns_publicly(ip("::1")));
    assert!(o.owns_publicly(ip("127.0.0.2")));
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
        "127.0.0.2",
        "127.64.0.2",
        "127.255.255.255",
        "::ffff:127.64.0.2",
    ] {
        assert!(!o.may_reach(ip(other)), "{other}");
    }
}

proptest! {
    #[test]
    fn what_is_owned_agrees_with_the_naive_answer(o in any_owned(), a in any_ip()) {
        let owner = o.owner();
        prop_assert_eq!(owner.owns(a), o.naively_owns(a));
        prop_assert_eq!(owner.owns_publicly(a), o.naively_owns(a) && !is_private_loopback(a));
        prop_assert_eq!(owner.owns_or_owned(a), o.naively_owns(a) || o.former.naively_has(a));
        let loopback = a.to_canonical().is_loopback();
        prop_assert_eq!(owner.may_reach(a), !loopback || o.naively_owns(a));
    }
}
