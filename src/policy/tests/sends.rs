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

#[test]
fn what_comes_from_the_set_goes_anywhere() {
    for sender in SENDERS {
        for (source, to) in [
            ("10.0.0.1", "192.0.2.1"),
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "224.0.0.1"),
            ("2001:db8::1", "2001:db8::2"),
            ("10.0.0.1", "127.0.0.1"),
            ("2001:db8::1", "::1"),
        ] {
            assert!(sent(sender, source, to), "{sender:?} {source} {to}");
        }
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for sender in SENDERS {
        for source in [
            "10.0.0.2",
            "127.0.0.2",
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
fn only_answers_leave_the_loopback() {
    for (source, to) in [
        ("127.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "10.0.0.9"),
        ("127.64.0.1", "192.0.2.1"),
        ("::1", "2001:db8::1"),
    ] {
        for sender in SENDERS {
            let answers = sender == Sender::Answering;
            assert_eq!(sent(sender, source, to), answers, "{sender:?} {source}");
        }
    }
    for sender in SENDERS {
        for (source, to) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
            assert!(sent(sender, source, to));
        }
    }
}

#[test]
fn no_loopback_address_is_seen_outside() {
    for sender in SENDERS {
        for (source, to) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.64.0.1", "127.64.0.1"),
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
            assert_eq!(sent(sender, source, "127.0.0.2"), answers, "{sender:?}");
        }
        // No other owner can have requested a connection to the private one.
        assert!(!sent(sender, "127.0.0.1", "127.0.0.2"));
        assert!(!sent(sender, "127.0.0.1", "192.0.2.1"));
        assert!(!sent(sender, "::1", "2001:db8::9"));
    }
}

proptest! {
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
}
