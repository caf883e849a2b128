// SPDX-License-Identifier: GPL-2.0

//! Which packets a socket takes.

use super::super::{enters_tunnel, is_private_loopback, receives, Origin};
use super::naive::packet::host_is_found_for;
use super::naive::Kind;
use super::*;

/// All but [`INSIDE_ANOTHER`].
const ORIGINS: [Origin; 7] = [
    Origin::Unknown,
    Origin::Outside,
    Origin::Association(1),
    Origin::Association(2),
    Origin::Inward(1),
    Origin::Outward(1),
    Origin::Outward(2),
];

const INSIDE_ANOTHER: Origin = Origin::Inward(2);

/// Whether a packet is for the sockets of its sender only.
fn is_inward(origin: Origin) -> bool {
    matches!(origin, Origin::Inward(_))
}

/// Whether a wildcard socket of association 1 takes a packet.
fn wildcard(text: &str, to: &str, origin: Origin) -> bool {
    let o = owned(text);
    receives(Some(&o.owner()), ip("::"), ip(to), origin, false)
}

/// Whether an unassociated socket takes a packet.
fn host(bound: &str, to: &str, origin: Origin, reserved: bool) -> bool {
    receives(None, ip(bound), ip(to), origin, reserved)
}

#[test]
fn a_wildcard_takes_what_is_for_the_set_wherever_it_comes_from() {
    for origin in ORIGINS {
        for member in ["10.0.0.1", "::ffff:10.0.0.1", "10.1.0.7", "2001:db8::1"] {
            let taken = wildcard("10.0.0.1 10.1.0.0/24 2001:db8::1", member, origin);
            assert!(taken, "{member} {origin:?}");
        }
    }
}

#[test]
fn a_wildcard_takes_nothing_that_is_for_others() {
    for origin in ORIGINS {
        for other in [
            "10.0.0.2",
            "2001:db8::2",
            "127.64.0.0",
            "127.64.0.2",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            let taken = wildcard("10.0.0.1 2001:db8::1", other, origin);
            assert!(!taken, "{other} {origin:?}");
        }
    }
}

#[test]
fn anybody_reaches_an_association_by_its_dedicated_loopback() {
    for origin in ORIGINS {
        assert!(wildcard("", "127.64.0.1", origin), "{origin:?}");
        assert!(wildcard("", "::ffff:127.64.0.1", origin), "{origin:?}");
    }
}

#[test]
fn the_private_loopback_takes_what_the_association_itself_sent() {
    for private in [
        "127.0.0.1",
        "127.0.0.53",
        "127.255.0.1",
        "::1",
        "::ffff:127.0.0.1",
    ] {
        let taken = |origin| wildcard("10.0.0.1", private, origin);
        assert!(taken(Origin::Association(1)) && taken(Origin::Inward(1)));
        assert!(!taken(Origin::Association(2)) && !taken(INSIDE_ANOTHER));
        assert!(!taken(Origin::Outside));
        // What it sends to the loopback of the host.
        assert!(!taken(Origin::Outward(1)) && !taken(Origin::Outward(2)));
        // Without a packet there is nothing to steal.
        assert!(taken(Origin::Unknown));
    }
}

#[test]
fn what_another_sends_inside_itself_is_not_taken_on_any_address() {
    for to in ["10.0.0.1", "2001:db8::1", "127.0.0.1", "127.64.0.1"] {
        assert!(
            !wildcard("10.0.0.1 2001:db8::1", to, INSIDE_ANOTHER),
            "{to}"
        );
        for bound in ["::", to] {
            assert!(!host(bound, to, INSIDE_ANOTHER, false), "{bound} {to}");
        }
    }
}

#[test]
fn what_is_reached_on_the_host_is_not_taken() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    for origin in ORIGINS {
        for bound in ["0.0.0.0", "127.0.0.53"] {
            let to = ip("127.0.0.53");
            let taken = receives(Some(&o.owner()), ip(bound), to, origin, false);
            assert!(!taken, "{bound} {origin:?}");
        }
    }
}

#[test]
fn a_socket_bound_to_an_address_that_left_the_set_takes_nothing() {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1")
    };
    for origin in ORIGINS {
        let former = ip("10.0.0.9");
        assert!(!receives(Some(&o.owner()), former, former, origin, false));
    }
}

#[test]
fn the_host_does_not_take_what_an_association_sends_to_its_own_loopback() {
    for private in ["127.0.0.1", "127.0.0.53", "::1"] {
        for bound in ["::", private] {
            assert!(host(bound, private, Origin::Outside, false));
            assert!(host(bound, private, Origin::Unknown, false));
            assert!(!host(bound, private, Origin::Association(1), false));
            assert!(!host(bound, private, Origin::Inward(1), false));
        }
    }
}

#[test]
fn the_host_takes_what_an_association_sends_to_the_loopback_of_the_host() {
    for to in ["127.0.0.53", "127.0.0.1", "127.128.0.1"] {
        for bound in ["0.0.0.0", "::", to] {
            assert!(host(bound, to, Origin::Outward(1), false), "{bound} {to}");
            // The private loopback is never reserved.
            assert!(host(bound, to, Origin::Outward(1), true), "{bound} {to}");
        }
    }
}

#[test]
fn the_host_takes_nothing_else_from_an_association_at_a_loopback_address() {
    for to in [
        "127.0.0.1",
        "127.0.0.53",
        "127.64.0.1",
        "::1",
        "::ffff:127.64.0.1",
    ] {
        for bound in ["::", to] {
            assert!(!host(bound, to, Origin::Association(1), false), "{to}");
            assert!(host(bound, to, Origin::Outside, false), "{to}");
        }
    }
}

#[test]
fn no_association_sends_into_a_tunnel_of_the_host() {
    assert!(!enters_tunnel(Origin::Association(1)));
    assert!(!enters_tunnel(Origin::Inward(1)));
    assert!(!enters_tunnel(Origin::Outward(1)));
    assert!(enters_tunnel(Origin::Outside));
    assert!(enters_tunnel(Origin::Unknown));
}

#[test]
fn a_wildcard_of_the_host_leaves_reserved_addresses_alone() {
    for origin in ORIGINS.into_iter().filter(|&o| !is_inward(o)) {
        for any in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
            assert!(host(any, "10.0.0.1", origin, false), "{origin:?}");
            assert!(!host(any, "10.0.0.1", origin, true), "{origin:?}");
        }
        // A socket bound to the address by name gets it.
        assert!(host("10.0.0.1", "10.0.0.1", origin, true), "{origin:?}");
    }
}

#[test]
fn a_host_without_reserved_addresses_takes_what_it_always_took() {
    for to in ["10.0.0.1", "2001:db8::1", "127.0.0.2", "224.0.0.1"] {
        assert!(host("::", to, Origin::Outside, false), "{to}");
    }
}

proptest! {
    #[test]
    fn an_associated_socket_takes_only_what_is_owned(
        o in any_owned(),
        bound in any_ip(),
        to in any_ip(),
        origin in any_origin(),
        reserved in any::<bool>(),
    ) {
        let taken = receives(Some(&o.owner()), bound, to, origin, reserved);
        prop_assert!(o.naively_owns(to) || !taken);
        prop_assert_eq!(taken, o.is_found_for(to, origin));
    }

    #[test]
    fn what_the_host_takes_agrees_with_the_naive_answer(
        bound in any_ip(),
        to in any_ip(),
        origin in any_origin(),
        reserved in any::<bool>(),
    ) {
        let taken = receives(None, bound, to, origin, reserved);
        prop_assert_eq!(taken, host_is_found_for(bound, to, origin, reserved));
    }

    /// It is for its sender only, whatever its destination.
    #[test]
    fn what_is_sent_inside_is_for_those_on_that_loopback(
        o in any_owned(),
        bound in any_ip(),
        to in any_ip(),
        id in 1_u32..4,
        reserved in any::<bool>(),
    ) {
        let origin = Origin::Inward(id);
        prop_assert!(!receives(None, bound, to, origin, reserved));
        prop_assert!(o.loopback_of == id || !receives(Some(&o.owner()), bound, to, origin, reserved));
    }

    #[test]
    fn a_packet_for_a_private_loopback_has_one_owner(
        a in any_owned(),
        b in any_owned(),
        to in prop::sample::select(std::vec!["127.0.0.1", "127.0.0.53", "127.128.0.0", "::1"]),
        bound in any_ip(),
        id in 0_u32..5,
        inward in any::<bool>(),
        reserved in any::<bool>(),
    ) {
        let to = ip(to);
        prop_assert!(is_private_loopback(to));
        let origin = match id {
            0 => Origin::Outside,
            id if inward => Origin::Inward(id),
            id => Origin::Association(id),
        };
        for o in [&a, &b] {
            let taken = receives(Some(&o.owner()), bound, to, origin, reserved);
            prop_assert_eq!(taken, o.loopback_of == id && o.kind(to) == Kind::Private);
        }
        // The host's wildcard leaves reserved addresses alone, but the private
        // loopback is never reserved.
        prop_assert_eq!(receives(None, bound, to, origin, false), id == 0);
    }

    #[test]
    fn how_a_local_address_is_written_does_not_matter(
        o in any_owned(),
        bound in any_ip(),
        to in prop_oneof![any::<u32>(), any::<u32>().prop_map(|a| 127 << 24 | a >> 8)],
        origin in any_origin(),
        reserved in any::<bool>(),
    ) {
        let v4 = Ipv4Addr::from(to);
        let owner = o.owner();
        for owner in [None, Some(&owner)] {
            prop_assert_eq!(
                receives(owner, bound, v4.into(), origin, reserved),
                receives(owner, bound, v4.to_ipv6_mapped().into(), origin, reserved)
            );
        }
    }
}
