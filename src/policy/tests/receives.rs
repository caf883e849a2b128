// SPDX-License-Identifier: GPL-2.0

//! Which packets a socket takes.

use super::super::{enters_tunnel, is_private_loopback, receives, Origin};
use super::*;

const ORIGINS: [Origin; 4] = [
    Origin::Unknown,
    Origin::Outside,
    Origin::Association(1),
    Origin::Association(2),
];

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
            "127.0.0.2",
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
    for private in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        let taken = |origin| wildcard("10.0.0.1", private, origin);
        assert!(taken(Origin::Association(1)));
        assert!(!taken(Origin::Association(2)));
        assert!(!taken(Origin::Outside));
        // Without a packet there is nothing to steal.
        assert!(taken(Origin::Unknown));
    }
}

#[test]
fn being_in_the_set_does_not_open_the_private_loopback() {
    assert!(!wildcard("127.0.0.0/8", "127.0.0.1", Origin::Outside));
    assert!(!wildcard("::1", "::1", Origin::Association(2)));
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
    for private in ["127.0.0.1", "::1"] {
        for bound in ["::", private] {
            assert!(host(bound, private, Origin::Outside, false));
            assert!(host(bound, private, Origin::Unknown, false));
            assert!(!host(bound, private, Origin::Association(1), false));
        }
    }
}

#[test]
fn the_host_takes_nothing_from_an_association_at_a_loopback_address() {
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
    assert!(enters_tunnel(Origin::Outside));
    assert!(enters_tunnel(Origin::Unknown));
}

#[test]
fn a_wildcard_of_the_host_leaves_reserved_addresses_alone() {
    for origin in ORIGINS {
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
        which in 0..ORIGINS.len(),
        reserved in any::<bool>(),
    ) {
        if receives(Some(&o.owner()), bound, to, ORIGINS[which], reserved) {
            prop_assert!(o.naively_owns(to));
        }
    }

    #[test]
    fn a_packet_for_a_private_loopback_has_one_owner(
        a in any_owned(),
        b in any_owned(),
        v4 in any::<bool>(),
        bound in any_ip(),
        id in 0_u32..5,
        reserved in any::<bool>(),
    ) {
        let to = if v4 { ip("127.0.0.1") } else { ip("::1") };
        prop_assert!(is_private_loopback(to));
        let origin = if id == 0 { Origin::Outside } else { Origin::Association(id) };
        for o in [&a, &b] {
            let taken = receives(Some(&o.owner()), bound, to, origin, reserved);
            prop_assert_eq!(taken, o.id == id);
        }
        // The host's wildcard leaves reserved addresses alone, but the private
        // loopback is never reserved.
        prop_assert_eq!(receives(None, bound, to, origin, false), id == 0);
    }

    #[test]
    fn how_a_local_address_is_written_does_not_matter(
        o in any_owned(),
        bound in any_ip(),
        to in any::<u32>(),
        which in 0..ORIGINS.len(),
        reserved in any::<bool>(),
    ) {
        let origin = ORIGINS[which];
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
