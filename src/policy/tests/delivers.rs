// SPDX-License-Identifier: GPL-2.0

//! The last check of incoming packets.

use super::super::{delivers, receives, Found, Origin};
use super::*;

const ORIGINS: [Origin; 8] = [
    Origin::Unknown,
    Origin::Outside,
    Origin::Association(1),
    Origin::Association(2),
    Origin::Inward(1),
    Origin::Inward(2),
    Origin::Outward(1),
    Origin::Outward(2),
];

const FOUND: [Found; 2] = [Found::Unconnected, Found::Connection];

/// The set once contained 10.0.0.9 as well.
fn delivered_from(source: &str, found: Found, to: &str, origin: Origin) -> bool {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1 2001:db8::1")
    };
    delivers(&o.owner(), found, ip(source), ip(to), origin)
}

/// From an address that is like the destination, and is no loopback address.
fn delivered(found: Found, to: &str, origin: Origin) -> bool {
    let source = if ip(to).is_ipv4() {
        "192.0.2.1"
    } else {
        "2001:db8::9"
    };
    delivered_from(source, found, to, origin)
}

/// Whether the packet is for the sockets of another association only.
fn is_inside_another(origin: Origin) -> bool {
    origin == Origin::Inward(2)
}

#[test]
fn what_is_for_the_set_is_delivered_wherever_it_comes_from() {
    for origin in ORIGINS.into_iter().filter(|&o| !is_inside_another(o)) {
        for found in FOUND {
            for to in ["10.0.0.1", "2001:db8::1"] {
                assert!(delivered(found, to, origin));
            }
        }
    }
}

#[test]
fn what_is_for_others_is_not() {
    for origin in ORIGINS {
        for found in FOUND {
            for to in [
                "10.0.0.2",
                "2001:db8::2",
                "127.64.0.2",
                "224.0.0.1",
                "255.255.255.255",
                "ff02::1",
            ] {
                assert!(!delivered(found, to, origin), "{to}");
            }
        }
    }
}

#[test]
fn on_the_private_loopback_only_its_own_is_delivered() {
    for to in ["127.0.0.1", "127.0.0.53", "127.128.0.1", "::1"] {
        for found in FOUND {
            for own in [Origin::Association(1), Origin::Inward(1)] {
                assert!(delivered(found, to, own), "{own:?} {to}");
            }
            for other in [Origin::Association(2), Origin::Inward(2), Origin::Outside] {
                assert!(!delivered(found, to, other), "{other:?} {to}");
            }
        }
    }
}

/// Resets and echo replies carry the mark of the packet that they answer.
#[test]
fn on_the_private_loopback_nothing_of_the_hosts_is_delivered() {
    for to in ["127.0.0.1", "::1"] {
        for found in FOUND {
            assert!(!delivered(found, to, Origin::Outside));
            // What it sent itself to the loopback of the host.
            assert!(!delivered(found, to, Origin::Outward(1)));
        }
    }
}

#[test]
fn what_is_reached_on_the_host_is_delivered_to_the_host() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    for origin in ORIGINS {
        for found in FOUND {
            let (source, to) = (ip("127.64.0.1"), ip("127.0.0.53"));
            assert!(!delivers(&o.owner(), found, source, to, origin));
        }
    }
}

/// The receiver would take the source for an address of its own loopback.
#[test]
fn from_a_private_loopback_the_set_gets_its_own_only() {
    for (source, to) in [
        ("127.0.0.1", "10.0.0.1"),
        ("127.0.0.53", "10.0.0.1"),
        ("::1", "2001:db8::1"),
    ] {
        for found in FOUND {
            let from = |origin| delivered_from(source, found, to, origin);
            assert!(from(Origin::Inward(1)) && from(Origin::Association(1)));
            assert!(!from(Origin::Inward(2)) && !from(Origin::Association(2)));
            assert!(!from(Origin::Outside), "{source}");
        }
    }
}

#[test]
fn a_connection_on_a_former_address_goes_on() {
    for origin in ORIGINS.into_iter().filter(|&o| !is_inside_another(o)) {
        assert!(delivered(Found::Connection, "10.0.0.9", origin));
        assert!(!delivered(Found::Unconnected, "10.0.0.9", origin));
    }
    let from = |origin| delivered_from("127.0.0.1", Found::Connection, "10.0.0.9", origin);
    assert!(from(Origin::Inward(1)));
    assert!(!from(Origin::Outside));
}

#[test]
fn the_host_reaches_the_dedicated_address_from_its_own_loopback() {
    for found in FOUND {
        for source in ["127.0.0.1", "127.0.0.53", "127.64.0.1", "10.0.0.2"] {
            let from_host = delivered_from(source, found, "127.64.0.1", Origin::Outside);
            assert!(from_host, "{source}");
        }
    }
}

/// Whatever address it has or had when it arrives.
#[test]
fn what_another_sends_inside_itself_is_not_delivered() {
    for found in FOUND {
        for to in ["10.0.0.1", "10.0.0.9", "127.0.0.1", "127.64.0.1"] {
            for source in ["127.0.0.1", "127.0.0.53", "192.0.2.1"] {
                let inside = Origin::Inward(2);
                assert!(!delivered_from(source, found, to, inside), "{source} {to}");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    /// For an unconnected socket the last check agrees with the lookup, except that it
    /// knows the source.
    #[test]
    fn it_agrees_with_the_lookup(
        o in any_owned(),
        source in any_ip(),
        to in any_ip(),
        origin in any_origin(),
    ) {
        let (source, to) = (source.to_canonical(), to.to_canonical());
        let owner = o.owner();
        let looked_up = receives(Some(&owner), ip("0.0.0.0"), to, origin, false);
        let delivered = delivers(&owner, Found::Unconnected, source, to, origin);
        prop_assert!(looked_up || !delivered);
        if !naive::is_own_loopback(source) {
            prop_assert_eq!(delivered, looked_up);
        }
    }

    #[test]
    fn it_agrees_with_the_naive_answer(
        o in any_owned(),
        source in any_ip(),
        to in any_ip(),
        origin in any_origin(),
        nr in 0..2_usize,
    ) {
        let (source, to) = (source.to_canonical(), to.to_canonical());
        let delivered = delivers(&o.owner(), FOUND[nr], source, to, origin);
        prop_assert_eq!(delivered, o.gets(FOUND[nr], source, to, origin), "{:?}", FOUND[nr]);
    }
}
