// SPDX-License-Identifier: GPL-2.0

//! Loopback addresses as destinations, and as addresses that sockets are bound to.

use super::super::{connect, listen, send, Destination, Refusal, Usage};
use super::*;

const UNREACHABLE: Usage = Usage::Deny(Refusal::LoopbackOfOther);
const UNSUITABLE: Usage = Usage::Deny(Refusal::SourceUnsuitable);

/// The verdict on connecting a socket to `to`, which is also that on sending a
/// datagram there.
fn towards(o: &Owned, socket: Socket, to: &str) -> Usage {
    let dest = Destination::To(addr(to));
    let usage = connect(&o.owner(), &socket, &addr(to));
    assert_eq!(send(&o.owner(), &datagram(socket), false, &dest), usage);
    usage
}

#[test]
fn the_private_loopback_is_reached_from_itself() {
    let o = owned("");
    let (four, six) = (unbound(Family::V4), unbound(Family::V6));
    let given = |to| Usage::GiveSource(ip(to));
    assert_eq!(towards(&o, four, "127.0.0.1"), given("127.0.0.1"));
    assert_eq!(towards(&o, six, "::1"), given("::1"));
    assert_eq!(towards(&o, six, "::ffff:127.0.0.1"), given("127.0.0.1"));
    for to in ["127.0.0.53", "127.0.1.1", "127.255.255.255"] {
        assert_eq!(towards(&o, four, to), given(to));
    }
}

#[test]
fn an_unspecified_destination_means_the_loopback() {
    let o = owned("10.0.0.1 2001:db8::1");
    let (four, six) = (unbound(Family::V4), unbound(Family::V6));
    let given = |to| Usage::GiveSource(ip(to));
    assert_eq!(towards(&o, four, "0.0.0.0"), given("127.0.0.1"));
    assert_eq!(towards(&o, six, "::"), given("::1"));
    assert_eq!(towards(&o, six, "::ffff:0.0.0.0"), given("127.0.0.1"));
    let unspec = Destination::To(SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED)));
    let usage = send(&o.owner(), &datagram(four), false, &unspec);
    assert_eq!(usage, given("127.0.0.1"));
}

#[test]
fn the_dedicated_address_is_reached_and_that_of_others_is_not() {
    let o = owned_by(1, "10.0.0.1");
    for four in [
        unbound(Family::V4),
        bound_to("10.0.0.1"),
        bound_to("127.64.0.1"),
    ] {
        assert!(!matches!(towards(&o, four, "127.64.0.1"), Usage::Deny(_)));
        for other in ["127.64.0.0", "127.64.0.2", "127.127.255.255"] {
            assert_eq!(towards(&o, four, other), UNREACHABLE, "{other}");
        }
    }
    let six = unbound(Family::V6);
    assert_eq!(
        towards(&o, six, "::ffff:127.64.0.1"),
        Usage::GiveSource(ip("127.64.0.1"))
    );
    assert_eq!(towards(&o, six, "::ffff:127.64.0.2"), UNREACHABLE);
}

/// Two loopbacks: the host reaches one of them, and nobody else the other.
#[test]
fn the_dedicated_address_and_the_private_loopback_do_not_reach_each_other() {
    let o = owned("10.0.0.1");
    for private in ["127.0.0.1", "127.0.0.53"] {
        assert_eq!(towards(&o, bound_to(private), "127.64.0.1"), UNSUITABLE);
        assert_eq!(towards(&o, bound_to("127.64.0.1"), private), UNSUITABLE);
    }
}

#[test]
fn the_hosts_loopback_is_reached_where_the_terms_let_it() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    let given = Usage::GiveSource(ip("127.0.0.53"));
    assert_eq!(towards(&o, unbound(Family::V4), "127.0.0.53"), given);
    assert_eq!(towards(&o, unbound(Family::V6), "::ffff:127.0.0.53"), given);
    let dedicated = bound_to("127.64.0.1");
    assert_eq!(towards(&o, dedicated, "127.0.0.53"), Usage::Allow);
    assert_eq!(towards(&o, dedicated, "127.0.0.54"), UNSUITABLE);
    // Only from there it is on the same loopback.
    for local in ["10.0.0.1", "127.0.0.1", "127.0.0.54"] {
        assert_eq!(towards(&o, bound_to(local), "127.0.0.53"), UNSUITABLE);
    }
}

#[test]
fn an_address_of_the_hosts_loopback_is_no_longer_its_own() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    let socket = bound_to("127.0.0.53");
    let refused = Err(Refusal::SocketOutside);
    assert_eq!(listen(&o.owner(), &socket), refused);
    assert_eq!(
        towards(&o, socket, "127.0.0.53"),
        Usage::Deny(Refusal::SocketOutside)
    );
    assert_eq!(
        towards(&o, socket, "127.0.0.1"),
        Usage::Deny(Refusal::SocketOutside)
    );
}

#[test]
fn a_part_has_such_an_address_for_itself() {
    let o = part(reaching(owned("10.0.0.1"), "127.0.0.53"));
    let given = Usage::GiveSource(ip("127.0.0.53"));
    assert_eq!(towards(&o, unbound(Family::V4), "127.0.0.53"), given);
    let socket = bound_to("127.0.0.53");
    assert_eq!(listen(&o.owner(), &socket), Ok(()));
    assert_eq!(towards(&o, socket, "127.0.0.1"), Usage::Allow);
}

#[test]
fn members_reach_the_loopback() {
    let o = owned("10.0.0.1 2001:db8::1");
    for to in ["127.0.0.1", "127.0.0.53", "127.64.0.1"] {
        assert_eq!(towards(&o, bound_to("10.0.0.1"), to), Usage::Allow);
    }
    assert_eq!(towards(&o, bound_to("2001:db8::1"), "::1"), Usage::Allow);
}

/// A receiver at another address would take the packet for one of its own loopback.
#[test]
fn nothing_but_what_is_owned_is_reached_from_the_loopback() {
    let o = owned("10.0.0.1 2001:db8::1");
    for (local, to) in [
        ("127.0.0.1", "10.0.0.9"),
        ("127.0.0.53", "224.0.0.1"),
        ("127.64.0.1", "10.0.0.1"),
        ("127.64.0.1", "10.0.0.9"),
        ("::ffff:127.0.0.1", "::ffff:10.0.0.9"),
        ("::1", "2001:db8::9"),
    ] {
        assert_eq!(towards(&o, bound_to(local), to), UNSUITABLE, "{local} {to}");
    }
    for (local, to) in [
        ("127.0.0.1", "127.0.1.1"),
        ("127.0.0.53", "10.0.0.1"),
        ("::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        ("::1", "2001:db8::1"),
        ("127.64.0.1", "127.64.0.1"),
    ] {
        let allowed = towards(&o, bound_to(local), to);
        assert_eq!(allowed, Usage::Allow, "{local} {to}");
    }
}

/// 127.0.0.1 of the host and of each association are different addresses that are
/// written alike. The association of the socket tells them apart.
#[test]
fn the_private_loopback_of_somebody_else_is_not_owned() {
    let o = owned("10.0.0.1");
    for local in ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"] {
        let socket = strangers(bound_to(local));
        let same = if local == "::1" { "::1" } else { "127.0.0.1" };
        let refused = Err(Refusal::SocketOutside);
        assert_eq!(listen(&o.owner(), &socket), refused, "{local}");
        assert_eq!(
            towards(&o, socket, same),
            Usage::Deny(Refusal::SocketOutside),
            "{local}"
        );
        let none = Destination::None;
        assert_eq!(
            send(&o.owner(), &socket, false, &none),
            Usage::Deny(Refusal::SocketOutside),
            "{local}"
        );
    }
}

/// Packets carry the id of the association of the socket that sends them, not of the
/// task. For a packet from a socket of the host, 127.0.0.1 is the host's.
#[test]
fn a_socket_of_somebody_else_does_not_reach_a_private_loopback() {
    let o = owned("10.0.0.1 2001:db8::1");
    for (local, to) in [
        ("10.0.0.1", "127.0.0.1"),
        ("10.0.0.1", "127.0.0.53"),
        ("10.0.0.1", "0.0.0.0"),
        ("::ffff:10.0.0.1", "::ffff:127.0.0.1"),
        ("2001:db8::1", "::1"),
        ("2001:db8::1", "::"),
    ] {
        let bound = strangers(bound_to(local));
        // Another thread may dissolve the connection after this check.
        let connected = Socket {
            connected: true,
            ..bound
        };
        for socket in [bound, connected] {
            let usage = connect(&o.owner(), &socket, &addr(to));
            assert!(
                matches!(usage, Usage::Deny(_)),
                "{socket:?} to {to}: {usage:?}"
            );
            let dest = Destination::To(addr(to));
            let usage = send(&o.owner(), &datagram(socket), false, &dest);
            assert!(
                matches!(usage, Usage::Deny(_)),
                "{socket:?} to {to}: {usage:?}"
            );
        }
    }
}
