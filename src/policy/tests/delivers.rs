// SPDX-License-Identifier: GPL-2.0

//! The last check of incoming packets.

use super::super::{delivers, receives, Found, Origin};
use super::*;

const ORIGINS: [Origin; 4] = [
    Origin::Unknown,
    Origin::Outside,
    Origin::Association(1),
    Origin::Association(2),
];

const FOUND: [Found; 2] = [Found::Unconnected, Found::Connection];

fn delivered(found: Found, to: &str, origin: Origin) -> bool {
    let o = owned("10.0.0.1 2001:db8::1");
    delivers(&o.owner(), found, ip(to), origin)
}

#[test]
fn what_is_for_the_set_is_delivered_wherever_it_comes_from() {
    for origin in ORIGINS {
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
                "127.0.0.2",
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
fn on_the_loopback_only_its_own_is_delivered() {
    for to in ["127.0.0.1", "::1"] {
        assert!(delivered(Found::Unconnected, to, Origin::Association(1)));
        assert!(!delivered(Found::Unconnected, to, Origin::Association(2)));
        assert!(!delivered(Found::Connection, to, Origin::Association(2)));
        assert!(!delivered(Found::Unconnected, to, Origin::Outside));
    }
}

/// Resets and echo replies carry the mark of the packet that they answer.
#[test]
fn on_the_loopback_nothing_of_the_hosts_is_delivered() {
    for to in ["127.0.0.1", "::1"] {
        for found in FOUND {
            assert!(!delivered(found, to, Origin::Outside));
        }
    }
}

proptest! {
    /// For an unconnected socket the last check agrees with the lookup: it delivers
    /// no less and no more.
    #[test]
    fn it_agrees_with_the_lookup(o in any_owned(), to in any_ip(), nr in 0..4_usize) {
        let to = to.to_canonical();
        let looked_up = receives(Some(&o.owner()), ip("0.0.0.0"), to, ORIGINS[nr], false);
        prop_assert_eq!(delivers(&o.owner(), Found::Unconnected, to, ORIGINS[nr]), looked_up);
    }
}
