// SPDX-License-Identifier: GPL-2.0

//! The last check of packets: none leaves with a foreign source, and none is
//! delivered to a socket that may not have it.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::{is_any, is_loopback, is_own_loopback, Owned};
use addrconf_policy::{delivers, receives, sends, Found, Origin, Outgoing, Sender};
use libfuzzer_sys::fuzz_target;

fn watch_sends(o: &Owned, source: IpAddr, to: IpAddr, loops: bool) {
    for sender in [Sender::Message, Sender::Opening, Sender::Answering] {
        let owned = match sender {
            Sender::Message | Sender::Opening => o.naively_owns(source),
            Sender::Answering => o.has_or_had(source),
        };
        let leaves = is_loopback(source) && !is_loopback(to);
        let seen_outside = !loops && (is_loopback(source) || is_loopback(to));
        let expected = owned
            && !seen_outside
            && match sender {
                Sender::Answering => !is_own_loopback(source) || o.has_or_had(to),
                Sender::Message | Sender::Opening => !leaves && o.reaches(to),
            };
        let packet = Outgoing {
            source,
            destination: to,
            loops,
        };
        assert_eq!(sends(&o.owner(), sender, &packet), expected, "{sender:?}");
    }
}

fn watch_delivers(o: &Owned, addr: IpAddr, origin: Origin) {
    for found in [Found::Unconnected, Found::Connection] {
        let expected = if is_own_loopback(addr) {
            match origin {
                Origin::Unknown => true,
                Origin::Association(id) => id == o.id,
                Origin::Outside => false,
            }
        } else {
            o.naively_owns(addr) || (found == Found::Connection && o.has_or_had(addr))
        };
        assert_eq!(
            delivers(&o.owner(), found, addr, origin),
            expected,
            "{found:?}"
        );
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes::new(bytes);
    let (o, origin) = (bytes.owned(), bytes.origin());
    // As in packet headers: the kernel drops an IPv6 packet with an IPv4-mapped
    // source (`ip6_rcv_core()`).
    let (source, to) = (bytes.ip().to_canonical(), bytes.ip().to_canonical());
    watch_sends(&o, source, to, bytes.bool());
    watch_delivers(&o, to, origin);

    let (bound, reserved) = (bytes.ip(), bytes.bool());
    let owner = o.owner();
    let taken = receives(Some(&owner), bound, to, origin, reserved);
    // A lookup finds a socket exactly if the last check then lets the packet pass.
    assert_eq!(taken, delivers(&owner, Found::Unconnected, to, origin));
    let host = receives(None, bound, to, origin, reserved);
    // At loopback addresses, the host takes nothing from an association.
    let foreign = is_loopback(to) && matches!(origin, Origin::Association(_));
    let expected = !foreign && (is_own_loopback(to) || !(is_any(bound) && reserved));
    assert_eq!(host, expected);
    // Host and association never share private loopback, whatever they are bound to.
    if is_own_loopback(to) && origin != Origin::Unknown {
        assert!(!(host && taken));
    }
});
