// SPDX-License-Identifier: GPL-2.0

//! Which sockets count towards the limit on a port.

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
    // An accepted connection, or one whose port was chosen for it.
    assert!(!crowds(true, false, false, ip("10.0.0.1")));
    // It was bound to the wildcard before.
    assert!(crowds(true, true, false, ip("10.0.0.1")));
    // It was bound to an address where only its owner's packets arrive.
    assert!(!crowds(true, true, true, ip("10.0.0.1")));
    // It was bound to the loopback address, which every scope has.
    for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        assert!(crowds(true, true, true, ip(loopback)), "{loopback}");
    }
}
