// SPDX-License-Identifier: GPL-2.0

//! The relation of two sockets on one port, a case for each rule.

use super::super::Relation::{Apart, Compete, Exclude};
use super::super::{compare, Holder, Relation};
use super::*;

/// A socket of `owner`, or of the host, bound to an address. An IPv6 socket takes
/// IPv4 as well.
fn holder<'a>(owner: Option<&'a Owned>, local: &str) -> Holder<'a> {
    let local = ip(local);
    Holder {
        owner: owner.map(Owned::owner),
        local,
        v4: true,
        v6: local.is_ipv6(),
        timewait: None,
    }
}

fn v6only(holder: Holder<'_>) -> Holder<'_> {
    Holder {
        v4: false,
        ..holder
    }
}

/// A timewait socket of the association with this id, or of the host if 0.
fn timewait(id: u32, local: &str) -> Holder<'_> {
    Holder {
        timewait: Some(id),
        ..holder(None, local)
    }
}

/// The relation, which must be the same in both directions.
fn relation(a: &Holder<'_>, b: &Holder<'_>) -> Relation {
    let relation = compare(a, b);
    assert_eq!(compare(b, a), relation, "the other way round");
    relation
}

fn exclusive(o: Owned) -> Owned {
    Owned {
        exclusive: true,
        ..o
    }
}

#[test]
fn within_one_association_the_ordinary_rules_apply() {
    let o = owned("10.0.0.1 10.0.0.2");
    for a in ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1"] {
        for b in ["0.0.0.0", "::", "10.0.0.2", "127.0.0.1"] {
            let (a, b) = (holder(Some(&o), a), holder(Some(&o), b));
            assert_eq!(relation(&a, &b), Compete);
        }
    }
}

#[test]
fn without_associations_the_ordinary_rules_apply() {
    for a in ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1"] {
        for b in ["0.0.0.0", "::", "10.0.0.2", "127.0.0.1"] {
            assert_eq!(relation(&holder(None, a), &holder(None, b)), Compete);
        }
    }
}

#[test]
fn wildcards_of_disjoint_sets_are_apart() {
    let a = owned_by(1, "10.0.0.1 2001:db8::1");
    let b = owned_by(2, "10.0.0.2 2001:db8::2");
    for x in ["0.0.0.0", "::"] {
        for y in ["0.0.0.0", "::"] {
            assert_eq!(relation(&holder(Some(&a), x), &holder(Some(&b), y)), Apart);
        }
    }
}

#[test]
fn wildcards_of_sets_that_overlap_exclude_each_other() {
    let a = owned_by(1, "10.0.0.0/24");
    let b = owned_by(2, "10.0.0.7 10.1.0.1");
    let relation = relation(&holder(Some(&a), "::"), &holder(Some(&b), "0.0.0.0"));
    assert_eq!(relation, Exclude);
}

#[test]
fn sets_that_overlap_in_a_family_only_one_socket_has_are_apart() {
    let a = owned_by(1, "10.0.0.1 2001:db8::1");
    let b = owned_by(2, "10.0.0.2 2001:db8::1");
    let (six, four) = (holder(Some(&a), "::"), holder(Some(&b), "0.0.0.0"));
    assert_eq!(relation(&six, &four), Apart);
    assert_eq!(relation(&six, &holder(Some(&b), "::")), Exclude);
    let c = owned_by(2, "10.0.0.1 2001:db8::2");
    assert_eq!(relation(&six, &holder(Some(&c), "::")), Exclude);
    assert_eq!(relation(&v6only(six), &holder(Some(&c), "::")), Apart);
}

#[test]
fn a_wildcard_of_the_host_and_one_of_an_association_exclude_each_other() {
    let o = owned("10.0.0.1");
    for any in ["0.0.0.0", "::"] {
        let (ours, theirs) = (holder(Some(&o), any), holder(None, any));
        assert_eq!(relation(&ours, &theirs), Exclude);
    }
    // But not in a family of which the set has no address.
    let six = v6only(holder(Some(&o), "::"));
    assert_eq!(relation(&six, &holder(None, "::")), Apart);
    assert_eq!(relation(&six, &holder(None, "0.0.0.0")), Apart);
}

#[test]
fn a_wildcard_of_the_host_is_apart_from_exclusive_associations() {
    let o = exclusive(owned("10.0.0.1 2001:db8::1"));
    for local in ["0.0.0.0", "::", "10.0.0.1", "2001:db8::1"] {
        for any in ["0.0.0.0", "::"] {
            let relation = relation(&holder(Some(&o), local), &holder(None, any));
            assert_eq!(relation, Apart, "{local}");
        }
    }
}

#[test]
fn exclusive_addresses_are_not_reserved_against_who_binds_to_them_by_name() {
    let o = exclusive(owned("10.0.0.1"));
    let host = holder(None, "10.0.0.1");
    assert_eq!(relation(&holder(Some(&o), "0.0.0.0"), &host), Exclude);
    assert_eq!(relation(&holder(Some(&o), "10.0.0.1"), &host), Exclude);
}

#[test]
fn exclusive_associations_compete_with_each_other_where_they_overlap() {
    let a = exclusive(owned_by(1, "10.0.0.1"));
    let b = exclusive(owned_by(2, "10.0.0.1"));
    let relation = relation(&holder(Some(&a), "::"), &holder(Some(&b), "::"));
    assert_eq!(relation, Exclude);
}

#[test]
fn a_specific_address_conflicts_only_with_wildcards_that_stand_for_it() {
    let a = owned_by(1, "10.0.0.1");
    let b = owned_by(2, "10.0.0.1 10.0.0.2");
    let one = holder(Some(&b), "10.0.0.1");
    let two = holder(Some(&b), "10.0.0.2");
    assert_eq!(relation(&one, &holder(Some(&a), "0.0.0.0")), Exclude);
    assert_eq!(relation(&two, &holder(Some(&a), "0.0.0.0")), Apart);
    assert_eq!(relation(&two, &holder(None, "0.0.0.0")), Exclude);
    let mapped = holder(Some(&b), "::ffff:10.0.0.1");
    assert_eq!(relation(&mapped, &holder(Some(&a), "::")), Exclude);
    // An address of the host that no set has.
    let host = holder(None, "192.0.2.1");
    assert_eq!(relation(&host, &holder(Some(&a), "0.0.0.0")), Apart);
}

#[test]
fn a_wildcard_does_not_stand_for_an_address_that_left_the_set() {
    let a = Owned {
        former: set("10.0.0.9"),
        ..owned_by(1, "10.0.0.1")
    };
    let b = owned_by(2, "10.0.0.9");
    for local in ["10.0.0.9", "0.0.0.0"] {
        let ours = holder(Some(&a), "0.0.0.0");
        assert_eq!(relation(&ours, &holder(Some(&b), local)), Apart);
    }
}

#[test]
fn everybody_has_a_private_loopback_of_their_own() {
    let (a, b) = (owned_by(1, "10.0.0.1"), owned_by(2, "10.0.0.1"));
    for private in ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"] {
        let ours = holder(Some(&a), private);
        for other in [Some(&b), None] {
            assert_eq!(relation(&ours, &holder(other, private)), Apart);
            assert_eq!(relation(&ours, &holder(other, "0.0.0.0")), Apart);
            assert_eq!(relation(&ours, &holder(other, "::")), Apart);
        }
        let host = holder(None, private);
        assert_eq!(relation(&host, &holder(Some(&a), "::")), Apart);
    }
}

#[test]
fn two_sockets_of_one_private_loopback_compete() {
    let o = owned("10.0.0.1");
    for (one, other) in [
        ("127.0.0.53", "127.0.0.53"),
        ("127.0.0.53", "0.0.0.0"),
        ("127.0.1.1", "::"),
    ] {
        let (one, other) = (holder(Some(&o), one), holder(Some(&o), other));
        assert_eq!(relation(&one, &other), Compete);
    }
}

/// The host keeps the port there, and so does the association elsewhere.
#[test]
fn what_is_reached_on_the_host_is_left_to_the_host() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    for local in ["0.0.0.0", "::", "127.0.0.1", "127.0.0.53"] {
        let ours = holder(Some(&o), local);
        for private in ["127.0.0.53", "127.0.0.1"] {
            assert_eq!(relation(&ours, &holder(None, private)), Apart, "{local}");
        }
    }
}

#[test]
fn the_order_does_not_matter_where_one_has_a_private_loopback() {
    let (a, b) = (owned_by(1, "10.0.0.1"), owned_by(2, "10.0.0.1"));
    for private in ["127.0.0.1", "::1"] {
        for other in [Some(&b), None] {
            // The relation itself does not matter, as the addresses differ.
            relation(&holder(Some(&a), private), &holder(other, "10.0.0.1"));
        }
    }
}

#[test]
fn the_dedicated_loopback_is_left_alone_by_wildcards_of_others() {
    let (a, b) = (owned_by(1, "10.0.0.1"), owned_by(2, "10.0.0.2"));
    let dedicated = holder(Some(&a), "127.64.0.1");
    assert_eq!(relation(&dedicated, &holder(None, "0.0.0.0")), Apart);
    assert_eq!(relation(&dedicated, &holder(Some(&b), "::")), Apart);
    // The host may bind to it, unless a socket of the association is bound to it by
    // name.
    let host = holder(None, "127.64.0.1");
    assert_eq!(relation(&host, &dedicated), Exclude);
    assert_eq!(relation(&host, &holder(Some(&a), "0.0.0.0")), Apart);
    assert_eq!(relation(&host, &holder(Some(&a), "::")), Apart);
    assert_eq!(relation(&host, &holder(Some(&b), "0.0.0.0")), Apart);
}

#[test]
fn a_connection_in_its_final_wait_is_left_to_the_ordinary_rules() {
    let o = owned("10.0.0.1");
    for (local, other) in [
        ("10.0.0.1", "0.0.0.0"),
        ("10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "0.0.0.0"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.53", "0.0.0.0"),
        ("127.0.0.53", "127.0.0.53"),
        ("::1", "::"),
        ("127.64.0.1", "::"),
    ] {
        let relation = relation(&timewait(o.id, local), &holder(Some(&o), other));
        assert_eq!(relation, Compete, "{local} {other}");
    }
}

#[test]
fn a_connection_in_its_final_wait_on_the_loopback_of_others_is_apart() {
    let o = owned("10.0.0.1");
    for (local, other) in [
        ("127.0.0.1", "0.0.0.0"),
        ("127.0.0.1", "::"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.53", "::"),
        ("127.0.0.53", "127.0.0.53"),
        ("::1", "::"),
        ("::1", "::1"),
    ] {
        let (ours, hosts) = (holder(Some(&o), other), holder(None, other));
        let (waits, hosts_waits) = (timewait(o.id, local), timewait(0, local));
        assert_eq!(
            relation(&timewait(o.id + 1, local), &ours),
            Apart,
            "{local}"
        );
        assert_eq!(relation(&hosts_waits, &ours), Apart, "{local} {other}");
        assert_eq!(relation(&waits, &hosts), Apart, "{local} {other}");
        assert_eq!(relation(&hosts_waits, &hosts), Compete, "{local} {other}");
    }
}

#[test]
fn a_connection_in_its_final_wait_elsewhere_is_apart_from_a_wildcard() {
    let o = owned("10.0.0.1");
    let ours = holder(Some(&o), "0.0.0.0");
    for local in ["10.0.0.2", "192.0.2.1", "127.64.0.2"] {
        assert_eq!(relation(&timewait(o.id, local), &ours), Apart, "{local}");
    }
}
