// SPDX-License-Identifier: GPL-2.0

//! `listen()`, `connect()` and sending.

use super::super::{connect, listen, send, Destination, Refusal, SockAddr, Source, Usage};
use super::*;

const REFUSED: Usage = Usage::Deny(Refusal::NotAvailable);

fn to(addr: &str) -> SockAddr {
    match ip(addr) {
        IpAddr::V4(a) => SockAddr::V4(a),
        IpAddr::V6(a) => SockAddr::V6(a),
    }
}

fn from(addr: &str) -> Usage {
    Usage::BindFirst(Source::Address(ip(addr)))
}

fn datagram(family: Family) -> Socket {
    Socket {
        stream: false,
        ..unbound(family)
    }
}

#[test]
fn an_unbound_socket_connects_from_the_family_of_its_destination() {
    let s = set("10.0.0.1 2001:db8::1");
    let (four, six) = (unbound(Family::V4), unbound(Family::V6));
    assert_eq!(
        connect(&s.view(), &four, &to("192.0.2.1")),
        from("10.0.0.1")
    );
    assert_eq!(
        connect(&s.view(), &six, &to("2001:db8::9")),
        from("2001:db8::1")
    );
    assert_eq!(
        connect(&s.view(), &six, &to("::ffff:192.0.2.1")),
        from("10.0.0.1")
    );
    // A UDP socket of IPv6 takes an IPv4 destination as it is.
    assert_eq!(connect(&s.view(), &six, &to("192.0.2.1")), from("10.0.0.1"));
}

#[test]
fn without_an_address_of_the_family_there_is_no_source() {
    let s = set("10.0.0.1");
    assert_eq!(
        connect(&s.view(), &unbound(Family::V6), &to("2001:db8::9")),
        REFUSED
    );
    let s = set("2001:db8::1");
    assert_eq!(
        connect(&s.view(), &unbound(Family::V4), &to("192.0.2.1")),
        REFUSED
    );
}

#[test]
fn networks_alone_leave_the_choice_of_source_to_the_host() {
    let s = set("10.1.0.0/24");
    assert_eq!(
        connect(&s.view(), &unbound(Family::V4), &to("192.0.2.1")),
        Usage::BindFirst(Source::AnyLocal(Family::V4))
    );
}

#[test]
fn a_bound_socket_may_be_used_if_its_address_is_a_member() {
    let s = set("10.0.0.1 2001:db8::1");
    let member = bound_to(Family::V4, "10.0.0.1");
    let mapped = bound_to(Family::V6, "::ffff:10.0.0.1");
    for socket in [member, mapped] {
        assert_eq!(listen(&s.view(), &socket), Usage::Allow);
        assert_eq!(connect(&s.view(), &socket, &to("192.0.2.1")), Usage::Allow);
        assert_eq!(
            send(&s.view(), &socket, false, &Destination::None),
            Usage::Allow
        );
    }
}

#[test]
fn a_socket_bound_elsewhere_is_refused() {
    let s = set("10.0.0.1 2001:db8::1");
    for socket in [
        bound_to(Family::V4, "10.0.0.2"),
        bound_to(Family::V4, "127.0.0.1"),
        bound_to(Family::V6, "::1"),
        // A wildcard and a port: every address of the host.
        bound_to(Family::V4, "0.0.0.0"),
        bound_to(Family::V6, "::"),
        bound_to(Family::V6, "::ffff:0.0.0.0"),
        // Receives on a member, sends from elsewhere, and the other way round.
        Socket {
            source: ip("10.0.0.2"),
            ..bound_to(Family::V4, "10.0.0.1")
        },
        Socket {
            local: ip("10.0.0.2"),
            ..bound_to(Family::V4, "10.0.0.1")
        },
    ] {
        assert_eq!(listen(&s.view(), &socket), REFUSED, "{socket:?}");
        assert_eq!(
            connect(&s.view(), &socket, &to("10.0.0.9")),
            REFUSED,
            "{socket:?}"
        );
        for stream in [false, true] {
            let socket = Socket { stream, ..socket };
            let none = Destination::None;
            assert_eq!(
                send(&s.view(), &socket, false, &none),
                REFUSED,
                "{socket:?}"
            );
        }
    }
}

#[test]
fn an_ipv6_source_does_not_turn_into_the_hosts_127_0_0_1() {
    let s = set("10.0.0.1 2001:db8::1");
    let socket = bound_to(Family::V6, "2001:db8::1");
    assert_eq!(connect(&s.view(), &socket, &to("::ffff:10.0.0.9")), REFUSED);
    let dest = Destination::To(to("10.0.0.9"));
    assert_eq!(
        send(
            &s.view(),
            &Socket {
                stream: false,
                ..socket
            },
            false,
            &dest
        ),
        REFUSED
    );
}

#[test]
fn listening_unbound_means_the_only_address() {
    let s = set("10.0.0.1 2001:db8::1");
    assert_eq!(listen(&s.view(), &unbound(Family::V4)), from("10.0.0.1"));
    assert_eq!(listen(&s.view(), &unbound(Family::V6)), from("2001:db8::1"));
    let s = set("10.0.0.1 10.0.0.2");
    assert_eq!(listen(&s.view(), &unbound(Family::V4)), REFUSED);
}

#[test]
fn dissolving_a_connection_is_allowed() {
    let s = set("10.0.0.1");
    let socket = bound_to(Family::V4, "10.0.0.1");
    assert_eq!(
        connect(&s.view(), &socket, &SockAddr::Unspec(None)),
        Usage::Allow
    );
}

#[test]
fn a_datagram_gets_a_source_even_without_a_destination() {
    let s = set("10.0.0.1 2001:db8::1");
    let (four, six) = (datagram(Family::V4), datagram(Family::V6));
    let none = Destination::None;
    assert_eq!(send(&s.view(), &four, false, &none), from("10.0.0.1"));
    assert_eq!(send(&s.view(), &six, false, &none), from("2001:db8::1"));
    // udp_sendmsg() takes AF_UNSPEC for AF_INET, udpv6_sendmsg() for none.
    let unspec = Destination::To(SockAddr::Unspec(Some("192.0.2.1".parse().unwrap())));
    assert_eq!(send(&s.view(), &four, false, &unspec), from("10.0.0.1"));
    assert_eq!(send(&s.view(), &six, false, &unspec), from("2001:db8::1"));
}

#[test]
fn a_stream_gets_a_source_only_when_the_message_opens_it() {
    let s = set("10.0.0.1");
    let dest = Destination::To(to("192.0.2.1"));
    let four = unbound(Family::V4);
    assert_eq!(send(&s.view(), &four, false, &dest), Usage::Allow);
    assert_eq!(send(&s.view(), &four, true, &dest), from("10.0.0.1"));
}

proptest! {
    /// Whatever is used, the address it is used with is a member.
    #[test]
    fn no_use_leads_outside_the_set(
        s in any_set(),
        socket in any_socket(),
        dest in any_ip(),
        opens in any::<bool>(),
        with_dest in any::<bool>(),
    ) {
        let addr = match dest {
            IpAddr::V4(a) => SockAddr::V4(a),
            IpAddr::V6(a) => SockAddr::V6(a),
        };
        let destination = if with_dest { Destination::To(addr) } else { Destination::None };
        let view = s.view();
        let idle_stream = socket.stream && !opens && socket.is_unbound();
        for (what, usage) in [
            ("listen", listen(&view, &socket)),
            ("connect", connect(&view, &socket, &addr)),
            ("send", send(&view, &socket, opens, &destination)),
        ] {
            match usage {
                Usage::Allow if what == "send" && idle_stream => {}
                Usage::Allow => {
                    let set_ones: Vec<_> = [socket.local, socket.source]
                        .into_iter()
                        .filter(|a| !a.to_canonical().is_unspecified())
                        .collect();
                    prop_assert!(!set_ones.is_empty(), "{what} from nowhere");
                    prop_assert!(set_ones.iter().all(|a| view.contains(*a)), "{what}");
                }
                Usage::BindFirst(Source::Address(a)) => {
                    prop_assert!(view.contains(a), "{what}");
                    prop_assert!(socket.is_unbound(), "{what}");
                }
                Usage::BindFirst(Source::AnyLocal(_)) => {
                    prop_assert!(what != "listen");
                }
                Usage::Deny(_) => {}
            }
        }
    }
}
