// SPDX-License-Identifier: GPL-2.0

//! The last check of outgoing packets.

use super::super::{sends, Outgoing, Sender};
use super::*;

const SENDERS: [Sender; 3] = [Sender::Message, Sender::Opening, Sender::Answering];

/// Sends through the loopback interface. The set once contained 10.0.0.9 as well.
fn sent(sender: Sender, source: &str, to: &str) -> bool {
    sent_by(true, sender, source, to)
}

fn sent_by(loops: bool, sender: Sender, source: &str, to: &str) -> bool {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1 2001:db8::1")
    };
    let packet = Outgoing {
        source: ip(source),
        destination: ip(to),
        loops,
    };
    sends(&o.owner(), sender, &packet)
}

/// Checks whether each sender sends between these pairs of source and destination.
fn all_send(expected: bool, pairs: &[(&str, &str)]) {
    for sender in SENDERS {
        for (source, to) in pairs {
            assert_eq!(
                sent(sender, source, to),
                expected,
                "{sender:?} {source} {to}"
            );
        }
    }
}

#[test]
fn what_comes_from_the_set_goes_anywhere() {
    all_send(
        true,
        &[
            ("10.0.0.1", "192.0.2.1"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "224.0.0.1"),
            ("2001:db8::1", "2001:db8::2"),
            ("10.0.0.1", "127.0.0.1"),
            ("10.0.0.1", "127.0.0.53"),
            ("10.0.0.1", "127.64.0.1"),
            ("2001:db8::1", "::1"),
        ],
    );
}

#[test]
fn nothing_comes_from_elsewhere() {
    for sender in SENDERS {
        for source in [
            "10.0.0.2",
            "127.64.0.2",
            "0.0.0.0",
            "2001:db8::2",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
        ] {
            assert!(!sent(sender, source, "192.0.2.1"), "{sender:?} {source}");
            assert!(!sent(sender, source, "127.0.0.1"), "{sender:?} {source}");
            assert!(!sent(sender, source, "2001:db8::2"), "{sender:?} {source}");
        }
    }
}

#[test]
fn a_connection_on_a_former_address_goes_on() {
    assert!(sent(Sender::Answering, "10.0.0.9", "192.0.2.1"));
    // A new connection there cannot be opened.
    assert!(!sent(Sender::Opening, "10.0.0.9", "192.0.2.1"));
    assert!(!sent(Sender::Message, "10.0.0.9", "192.0.2.1"));
}

/// A receiver elsewhere would take the packet for one of its own loopback.
#[test]
fn the_private_loopback_reaches_what_is_owned() {
    all_send(
        true,
        &[
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.53", "127.0.0.1"),
            ("127.0.0.1", "127.0.1.1"),
            ("127.0.0.1", "10.0.0.1"),
            ("127.255.0.1", "10.0.0.1"),
            ("::1", "::1"),
            ("::1", "2001:db8::1"),
        ],
    );
    all_send(
        false,
        &[
            ("127.0.0.1", "10.0.0.2"),
            ("127.0.0.1", "192.0.2.1"),
            ("127.0.0.53", "224.0.0.1"),
            ("127.0.0.1", "127.64.0.2"),
            ("::1", "2001:db8::9"),
        ],
    );
}

/// Its peer may have made the connection before the address left the set.
#[test]
fn a_former_address_is_answered_from_the_private_loopback() {
    for sender in SENDERS {
        let answers = sender == Sender::Answering;
        assert_eq!(sent(sender, "127.0.0.1", "10.0.0.9"), answers);
    }
}

#[test]
fn the_private_loopback_and_the_dedicated_address_are_two_loopbacks() {
    for sender in [Sender::Message, Sender::Opening] {
        assert!(!sent(sender, "127.0.0.1", "127.64.0.1"), "{sender:?}");
        assert!(!sent(sender, "127.64.0.1", "127.0.0.1"), "{sender:?}");
        assert!(sent(sender, "127.64.0.1", "127.64.0.1"), "{sender:?}");
    }
}

#[test]
fn only_answers_leave_the_dedicated_address() {
    for sender in SENDERS {
        let answers = sender == Sender::Answering;
        for to in ["10.0.0.1", "192.0.2.1", "127.0.0.53", "127.64.0.2"] {
            assert_eq!(sent(sender, "127.64.0.1", to), answers, "{sender:?} {to}");
        }
    }
}

/// Sends through the loopback interface, if 127.0.0.53 is the host's.
fn sent_to_host(o: Owned, sender: Sender, source: &str, to: &str) -> bool {
    let packet = Outgoing {
        source: ip(source),
        destination: ip(to),
        loops: true,
    };
    sends(&reaching(o, "127.0.0.53").owner(), sender, &packet)
}

#[test]
fn the_hosts_loopback_is_reached_from_the_dedicated_address_only() {
    let sent = |sender, source, to| sent_to_host(owned("10.0.0.1"), sender, source, to);
    for sender in SENDERS {
        assert!(sent(sender, "127.64.0.1", "127.0.0.53"), "{sender:?}");
        assert!(!sent(sender, "127.0.0.1", "127.0.0.53"), "{sender:?}");
        // It is not its own any more.
        for to in ["127.0.0.1", "127.0.0.53", "10.0.0.1", "192.0.2.1"] {
            assert!(!sent(sender, "127.0.0.53", to), "{sender:?} {to}");
        }
    }
    for sender in [Sender::Message, Sender::Opening] {
        assert!(!sent(sender, "10.0.0.1", "127.0.0.53"), "{sender:?}");
        assert!(!sent(sender, "127.64.0.1", "127.0.0.54"), "{sender:?}");
    }
}

#[test]
fn without_a_dedicated_address_that_address_is_private() {
    for sender in SENDERS {
        let sent = |source, to| sent_to_host(part(owned("10.0.0.1")), sender, source, to);
        assert!(sent("127.0.0.1", "127.0.0.53"), "{sender:?}");
        assert!(sent("10.0.0.1", "127.0.0.53"), "{sender:?}");
        assert!(sent("127.0.0.53", "127.0.0.1"), "{sender:?}");
    }
}

/// Receivers take it for the IPv4 address.
#[test]
fn the_loopbacks_of_others_are_out_of_reach_also_as_mapped_addresses() {
    for sender in [Sender::Message, Sender::Opening] {
        for to in ["127.64.0.2", "::ffff:127.64.0.2"] {
            assert!(!sent(sender, "10.0.0.1", to), "{sender:?} {to}");
            assert!(!sent(sender, "2001:db8::1", to), "{sender:?} {to}");
        }
    }
}

#[test]
fn no_loopback_address_is_seen_outside() {
    for sender in SENDERS {
        for (source, to) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.53", "127.0.0.53"),
            ("127.64.0.1", "127.64.0.1"),
            ("127.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "127.0.0.1"),
            ("10.0.0.1", "::ffff:127.0.0.1"),
            ("::1", "::1"),
            ("2001:db8::1", "::1"),
        ] {
            assert!(
                !sent_by(false, sender, source, to),
                "{sender:?} {source} {to}"
            );
        }
        assert!(sent_by(false, sender, "10.0.0.1", "192.0.2.1"));
        assert!(sent_by(false, sender, "2001:db8::1", "2001:db8::9"));
    }
}

#[test]
fn the_loopbacks_of_others_are_only_answered() {
    for sender in SENDERS {
        let answers = sender == Sender::Answering;
        for source in ["10.0.0.1", "127.64.0.1"] {
            assert_eq!(sent(sender, source, "127.64.0.2"), answers, "{sender:?}");
        }
        // No other owner can have requested a connection to the private one.
        assert!(!sent(sender, "127.0.0.1", "127.64.0.2"));
        assert!(!sent(sender, "127.0.0.1", "192.0.2.1"));
        assert!(!sent(sender, "::1", "2001:db8::9"));
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    /// Every packet that is sent, on whatever path, has a source that is, or was, an
    /// address of the association.
    #[test]
    fn every_source_is_owned(
        o in any_owned(),
        source in any_ip(),
        destination in any_ip(),
        loops in any::<bool>(),
        nr in 0..3_usize,
    ) {
        let packet = Outgoing { source, destination, loops };
        if sends(&o.owner(), SENDERS[nr], &packet) {
            prop_assert!(o.owner().owns_or_owned(source));
            prop_assert_eq!(source, source.to_canonical());
            prop_assert!(loops || !source.is_loopback());
        }
    }

    #[test]
    fn what_is_sent_agrees_with_the_naive_answer(
        o in any_owned(),
        source in any_ip(),
        destination in any_ip(),
        loops in any::<bool>(),
        nr in 0..3_usize,
    ) {
        let packet = Outgoing { source, destination, loops };
        let sent = sends(&o.owner(), SENDERS[nr], &packet);
        prop_assert_eq!(sent, o.is_sent(SENDERS[nr], &packet), "{:?}", SENDERS[nr]);
    }
}
