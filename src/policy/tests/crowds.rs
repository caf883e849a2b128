// SPDX-License-Identifier: GPL-2.0

//! Which sockets count on a port.

use super::super::crowds;
use super::*;

#[test]
fn what_waits_on_a_port_counts() {
    for local in ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1"] {
        for kept in [false, true] {
            assert!(crowds(false, kept, kept, ip(local)), "{local}");
        }
    }
}

#[test]
fn a_connection_counts_only_where_it_can_go_back_to_what_others_share() {
    // An accepted one, and one whose port was chosen for it.
    assert!(!crowds(true, false, false, ip("10.0.0.1")));
    // Bound to the wildcard before.
    assert!(crowds(true, true, false, ip("10.0.0.1")));
    // Bound to an address of its own, where only its owner's packets come.
    assert!(!crowds(true, true, true, ip("10.0.0.1")));
    // And to the one that everybody has.
    for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        assert!(crowds(true, true, true, ip(loopback)), "{loopback}");
    }
}
