// SPDX-License-Identifier: GPL-2.0

//! `listen()`, `connect()` and sending: properties of every socket and every
//! destination.

use super::super::{connect, listen, send, Destination, Refusal, Usage};
use super::naive::{meant, Kind};
use super::*;

/// Whether the socket may be used with the address it has: the association owns it,
/// or did when the connection was made.
fn fine(o: &Owned, socket: &Socket, addr: IpAddr) -> bool {
    let connection = socket.stream && socket.connected && socket.scoped;
    o.naively_owns(addr) || (connection && o.former.naively_has(addr))
}

fn any_destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        1 => Just(Destination::None),
        4 => any_sockaddr().prop_map(Destination::To),
    ]
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn no_use_leads_outside_what_is_owned(
        o in any_owned(),
        socket in any_socket(),
        to in any_sockaddr(),
        dest in any_destination(),
        opens in any::<bool>(),
    ) {
        let owner = o.owner();
        let listened = match listen(&owner, &socket) {
            Ok(()) => Usage::Allow,
            Err(refusal) => Usage::Deny(refusal),
        };
        let mut uses = vec![("listen", listened), ("send", send(&owner, &socket, opens, &dest))];
        // Dissolving a connection does not use it.
        if !matches!(to, SockAddr::Unspec(_)) {
            uses.push(("connect", connect(&owner, &socket, &to)));
        }
        for (what, usage) in uses {
            if matches!(usage, Usage::Deny(_)) {
                continue;
            }
            // Of the sockets of others only connections may be used.
            prop_assert!(socket.scoped || (socket.stream && socket.connected), "{what}");
            if socket.is_wildcard() {
                prop_assert!(socket.scoped, "{what}");
            } else {
                let source = socket.source.to_canonical();
                prop_assert!(fine(&o, &socket, socket.local), "{what}");
                prop_assert!(source.is_unspecified() || fine(&o, &socket, source), "{what}");
            }
        }
    }

    #[test]
    fn a_source_is_given_to_wildcards_and_nothing_else_is_sent_from_them(
        o in any_owned(),
        socket in any_socket(),
        to in any_ip(),
        stream in any::<bool>(),
    ) {
        let socket = Socket { stream, ..socket };
        let to = match to {
            IpAddr::V4(a) => SockAddr::V4(a),
            IpAddr::V6(a) => SockAddr::V6(a),
        };
        let there = meant(to.ip().unwrap());
        let dest = Destination::To(to);
        for usage in [
            connect(&o.owner(), &socket, &to),
            send(&o.owner(), &socket, true, &dest),
            send(&o.owner(), &datagram(socket), false, &dest),
        ] {
            match usage {
                Usage::GiveSource(given) => {
                    prop_assert!(socket.is_wildcard() && socket.scoped);
                    prop_assert_eq!(given, there);
                }
                // The packets of a connection are answers: see `sends`.
                Usage::Allow => {
                    let local = socket.local.to_canonical();
                    prop_assert!(!socket.is_wildcard());
                    prop_assert!(o.goes(local, there) || o.kind(local) == Kind::Former);
                }
                Usage::Deny(_) => {}
            }
        }
    }

    #[test]
    fn nobody_reaches_a_loopback_address_of_somebody_else(
        o in any_owned(),
        socket in any_socket(),
        to in any_sockaddr(),
        opens in any::<bool>(),
    ) {
        let Some(ip) = to.ip() else { return Ok(()) };
        // It dissolves a connection; for an IPv6 socket it is no destination.
        if matches!(to, SockAddr::Unspec(_)) {
            return Ok(());
        }
        let loopback = meant(ip).is_loopback();
        let foreign = !o.reaches(meant(ip));
        let dest = Destination::To(to);
        for usage in [
            connect(&o.owner(), &socket, &to),
            send(&o.owner(), &datagram(socket), opens, &dest),
            send(&o.owner(), &socket, true, &dest),
        ] {
            prop_assert!(!foreign || matches!(usage, Usage::Deny(_)), "{usage:?}");
            prop_assert!(loopback || usage != Usage::Deny(Refusal::LoopbackOfOther));
        }
    }

    #[test]
    fn a_wildcard_of_the_association_is_never_refused_for_its_address(
        o in any_owned(),
        socket in any_socket(),
        to in any_sockaddr(),
        opens in any::<bool>(),
    ) {
        if socket.is_wildcard() && socket.scoped {
            let refused = Usage::Deny(Refusal::SocketOutside);
            prop_assert_eq!(listen(&o.owner(), &socket), Ok(()));
            prop_assert_ne!(connect(&o.owner(), &socket, &to), refused);
            let dest = Destination::To(to);
            prop_assert_ne!(send(&o.owner(), &socket, opens, &dest), refused);
        }
    }
}
