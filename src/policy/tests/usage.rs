// SPDX-License-Identifier: GPL-2.0

//! `listen()`, `connect()` and sending: which sockets may be used, and which are
//! given a source.

use super::super::{connect, listen, send, Destination, Refusal, Usage};
use super::*;

const REFUSED: Usage = Usage::Deny(Refusal::SocketOutside);
const UNSUITABLE: Usage = Usage::Deny(Refusal::SourceUnsuitable);

/// The verdict on connecting a socket to `to`, which is also that on sending a
/// datagram there.
fn towards(o: &Owned, socket: Socket, to: &str) -> Usage {
    let dest = Destination::To(addr(to));
    let usage = connect(&o.owner(), &socket, &addr(to));
    assert_eq!(send(&o.owner(), &datagram(socket), false, &dest), usage);
    assert_eq!(send(&o.owner(), &socket, true, &dest), usage);
    usage
}

#[test]
fn a_socket_without_an_address_is_given_a_source_for_its_destination() {
    let o = owned("10.0.0.1 2001:db8::1");
    let (four, six) = (unbound(Family::V4), unbound(Family::V6));
    let given = |to| Usage::GiveSource(ip(to));
    assert_eq!(towards(&o, four, "192.0.2.1"), given("192.0.2.1"));
    assert_eq!(towards(&o, six, "2001:db8::9"), given("2001:db8::9"));
    assert_eq!(towards(&o, six, "::ffff:192.0.2.1"), given("192.0.2.1"));
    // An IPv6 UDP socket accepts an IPv4 destination.
    assert_eq!(towards(&o, six, "192.0.2.1"), given("192.0.2.1"));
    let mapped = bound_to("::ffff:0.0.0.0");
    assert_eq!(towards(&o, mapped, "192.0.2.1"), given("192.0.2.1"));
}

#[test]
fn a_source_that_was_given_before_is_given_anew() {
    let o = owned("10.0.0.1");
    let four = Socket {
        source: ip("10.0.0.2"),
        ..unbound(Family::V4)
    };
    let usage = towards(&o, four, "192.0.2.1");
    assert_eq!(usage, Usage::GiveSource(ip("192.0.2.1")));
}

#[test]
fn a_wildcard_listens_on_all_that_is_owned() {
    for text in ["", "10.0.0.1", "10.0.0.1 10.0.0.2 2001:db8::/64"] {
        let o = owned(text);
        for family in [Family::V4, Family::V6] {
            assert_eq!(listen(&o.owner(), &unbound(family)), Ok(()));
        }
    }
}

#[test]
fn a_bound_socket_may_be_used_if_its_address_is_owned() {
    let o = owned("10.0.0.1 2001:db8::1");
    for (local, to) in [
        ("10.0.0.1", "192.0.2.1"),
        ("::ffff:10.0.0.1", "192.0.2.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.53", "127.0.0.1"),
        ("127.64.0.1", "127.64.0.1"),
    ] {
        let socket = bound_to(local);
        assert_eq!(listen(&o.owner(), &socket), Ok(()), "{local}");
        assert_eq!(towards(&o, socket, to), Usage::Allow, "{local}");
        for socket in [socket, datagram(socket)] {
            let usage = send(&o.owner(), &socket, false, &Destination::None);
            assert_eq!(usage, Usage::Allow, "{local}");
        }
    }
}

/// What it sends carries no mark, or that of another association.
#[test]
fn a_socket_of_somebody_else_is_refused_whatever_it_is_bound_to() {
    let o = owned("10.0.0.1 2001:db8::1");
    for local in ["10.0.0.1", "2001:db8::1", "127.64.0.1"] {
        let to = if ip(local).is_ipv4() {
            "192.0.2.1"
        } else {
            "2001:db8::9"
        };
        let socket = strangers(bound_to(local));
        let none = Destination::None;
        let refused = Err(Refusal::SocketOutside);
        assert_eq!(listen(&o.owner(), &socket), refused, "{local}");
        assert_eq!(towards(&o, socket, to), REFUSED, "{local}");
        for socket in [socket, datagram(socket)] {
            let usage = send(&o.owner(), &socket, false, &none);
            assert_eq!(usage, REFUSED, "{local}");
        }
    }
}

#[test]
fn a_connection_of_somebody_else_on_a_member_goes_on_where_it_is() {
    let o = owned("10.0.0.1");
    let connected = |local| Socket {
        connected: true,
        ..strangers(bound_to(local))
    };
    let sends = |socket| send(&o.owner(), &socket, false, &Destination::None);
    assert_eq!(sends(connected("10.0.0.1")), Usage::Allow);
    assert_eq!(sends(connected("10.0.0.2")), REFUSED);
    // Its loopback is not the association's.
    for local in ["127.0.0.1", "127.0.0.53", "::1"] {
        assert_eq!(sends(connected(local)), REFUSED);
    }
    // A datagram socket may send to another destination each time.
    assert_eq!(sends(datagram(connected("10.0.0.1"))), REFUSED);
}

#[test]
fn a_socket_bound_elsewhere_is_refused() {
    let o = owned("10.0.0.1 2001:db8::1");
    for socket in [
        bound_to("10.0.0.2"),
        bound_to("127.64.0.0"),
        bound_to("127.64.0.2"),
        bound_to("::ffff:10.0.0.2"),
        bound_to("2001:db8::2"),
        // A wildcard of another owner stands for all addresses of that owner.
        strangers(unbound(Family::V4)),
        strangers(unbound(Family::V6)),
        strangers(bound_to("::ffff:0.0.0.0")),
        // It receives on a member and sends from another address, or the other way
        // round.
        Socket {
            source: ip("10.0.0.2"),
            ..bound_to("10.0.0.1")
        },
        Socket {
            local: ip("10.0.0.2"),
            ..bound_to("10.0.0.1")
        },
    ] {
        let none = Destination::None;
        assert_eq!(
            listen(&o.owner(), &socket),
            Err(Refusal::SocketOutside),
            "{socket:?}"
        );
        assert_eq!(towards(&o, socket, "10.0.0.9"), REFUSED, "{socket:?}");
        for socket in [socket, datagram(socket)] {
            let usage = send(&o.owner(), &socket, false, &none);
            assert_eq!(usage, REFUSED, "{socket:?}");
        }
    }
}

/// An owner, and a connection of it on an address that left its set.
fn connected_on_a_former_address() -> (Owned, Socket) {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1")
    };
    let connected = Socket {
        connected: true,
        ..bound_to("10.0.0.9")
    };
    (o, connected)
}

#[test]
fn a_connection_on_an_address_that_left_the_set_goes_on() {
    let (o, connected) = connected_on_a_former_address();
    let sends = |socket| send(&o.owner(), &socket, false, &Destination::None);
    assert_eq!(sends(connected), Usage::Allow);
    // It is no connection, no stream, or does not belong to the association.
    assert_eq!(sends(bound_to("10.0.0.9")), REFUSED);
    assert_eq!(sends(datagram(connected)), REFUSED);
    assert_eq!(sends(strangers(connected)), REFUSED);
    // An address that was never in the set.
    let elsewhere = Socket {
        local: ip("10.0.0.8"),
        ..connected
    };
    assert_eq!(sends(elsewhere), REFUSED);
    let from_elsewhere = Socket {
        source: ip("10.0.0.8"),
        ..connected
    };
    assert_eq!(sends(from_elsewhere), REFUSED);
}

/// Programs call `connect()` again to learn whether the connection is made.
#[test]
fn a_connection_on_an_address_that_left_the_set_is_asked_about_as_before() {
    let (o, connected) = connected_on_a_former_address();
    let to = addr("192.0.2.1");
    assert_eq!(connect(&o.owner(), &connected, &to), Usage::Allow);
    let there = Destination::To(to);
    assert_eq!(send(&o.owner(), &connected, true, &there), Usage::Allow);
}

#[test]
fn nobody_listens_on_an_address_that_left_the_set() {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1")
    };
    let refused = Err(Refusal::SocketOutside);
    assert_eq!(listen(&o.owner(), &bound_to("10.0.0.9")), refused);
    assert_eq!(towards(&o, bound_to("10.0.0.9"), "192.0.2.1"), REFUSED);
}

#[test]
fn an_ipv6_source_does_not_turn_into_127_0_0_1() {
    let o = owned("10.0.0.1 2001:db8::1");
    let socket = bound_to("2001:db8::1");
    assert_eq!(towards(&o, socket, "::ffff:10.0.0.9"), UNSUITABLE);
    assert_eq!(towards(&o, socket, "10.0.0.9"), UNSUITABLE);
    assert_eq!(towards(&o, bound_to("::1"), "127.0.0.1"), UNSUITABLE);
    let mapped = bound_to("::ffff:10.0.0.1");
    assert_eq!(towards(&o, mapped, "10.0.0.9"), Usage::Allow);
}

#[test]
fn a_connection_of_ones_own_can_be_dissolved() {
    let o = owned("10.0.0.1");
    let unspec = SockAddr::Unspec(None);
    for socket in [bound_to("10.0.0.1"), bound_to("10.0.0.2")] {
        assert_eq!(connect(&o.owner(), &socket, &unspec), Usage::Allow);
        let refused = Usage::Deny(Refusal::SocketOutside);
        assert_eq!(connect(&o.owner(), &strangers(socket), &unspec), refused);
    }
}

#[test]
fn an_unspec_destination_is_ipv4_for_ipv4_datagrams_and_none_for_ipv6() {
    let o = owned("10.0.0.1 2001:db8::1");
    let four = datagram(unbound(Family::V4));
    let six = datagram(unbound(Family::V6));
    // udp_sendmsg() treats AF_UNSPEC as AF_INET, udpv6_sendmsg() as no destination.
    let unspec = |to| Destination::To(SockAddr::Unspec(to));
    let there = unspec(Some(Ipv4Addr::new(192, 0, 2, 1)));
    let given = Usage::GiveSource(ip("192.0.2.1"));
    assert_eq!(send(&o.owner(), &four, false, &there), given);
    assert_eq!(send(&o.owner(), &six, false, &there), Usage::Allow);
    // Too short for an address: the protocol refuses it.
    assert_eq!(send(&o.owner(), &four, false, &unspec(None)), Usage::Allow);
    // An address out of reach is refused in this form too.
    let other = unspec(Some(Ipv4Addr::new(127, 64, 0, 2)));
    let unreachable = Usage::Deny(Refusal::LoopbackOfOther);
    assert_eq!(send(&o.owner(), &four, false, &other), unreachable);
}

#[test]
fn other_families_are_refused() {
    let o = owned("10.0.0.1");
    let refused = Usage::Deny(Refusal::FamilyMismatch);
    let four = unbound(Family::V4);
    let other = SockAddr::Other(1);
    assert_eq!(connect(&o.owner(), &four, &other), refused);
    let dest = Destination::To(other);
    assert_eq!(send(&o.owner(), &datagram(four), false, &dest), refused);
    // As the kernel answers.
    let six = datagram(unbound(Family::V6));
    let invalid = Usage::Deny(Refusal::Malformed);
    assert_eq!(send(&o.owner(), &six, false, &dest), invalid);
}

#[test]
fn a_stream_looks_at_a_destination_only_when_the_message_opens_it() {
    let o = owned("10.0.0.1");
    let four = unbound(Family::V4);
    let dest = Destination::To(addr("192.0.2.1"));
    assert_eq!(send(&o.owner(), &four, false, &dest), Usage::Allow);
    assert_eq!(
        send(&o.owner(), &four, true, &dest),
        Usage::GiveSource(ip("192.0.2.1"))
    );
    assert_eq!(
        send(&o.owner(), &four, true, &Destination::None),
        Usage::Allow
    );
}
