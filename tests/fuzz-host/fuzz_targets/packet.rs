// SPDX-License-Identifier: GPL-2.0

//! The last check of packets: none leaves with a foreign source, and none is
//! delivered to a socket that may not have it.

#![no_main]

use std::net::IpAddr;

use addrconf_fuzz_host::draw::Bytes;
use addrconf_fuzz_host::naive::packet::host_is_found_for;
use addrconf_fuzz_host::naive::{is_loopback, is_own_loopback, Kind, Owned};
use addrconf_policy::{
    delivers, enters_tunnel, receives, sends, Found, Origin, Outgoing, Owner, Sender,
};
use libfuzzer_sys::fuzz_target;

fn watch_sends(o: &Owned, source: IpAddr, destination: IpAddr, loops: bool) {
    for sender in [Sender::Message, Sender::Opening, Sender::Answering] {
        let packet = Outgoing {
            source,
            destination,
            loops,
        };
        let sent = sends(&o.owner(), sender, &packet);
        assert_eq!(sent, o.is_sent(sender, &packet), "{sender:?} {packet:?}");
        // What matters most, checked again without the table of kinds.
        let reaches_host = sender == Sender::Answering || o.kind(destination) == Kind::OfHost;
        if sent && is_loopback(destination) && !o.naively_owns(destination) {
            assert!(reaches_host, "{packet:?}");
        }
        assert!(!sent || o.has_or_had(source));
    }
}

fn watch_delivers(o: &Owned, source: IpAddr, addr: IpAddr, origin: Origin) {
    for found in [Found::Unconnected, Found::Connection] {
        let delivered = delivers(&o.owner(), found, source, addr, origin);
        let expected = o.gets(found, source, addr, origin);
        assert_eq!(
            delivered, expected,
            "{found:?} {source} {addr} {origin:?} {o:?}"
        );
        // What matters most, checked again without the table of kinds.
        assert!(!delivered || o.has_or_had(addr));
        let from_loopback = is_own_loopback(source) && !o.has_dedicated(addr);
        if delivered && (from_loopback || is_own_loopback(addr)) {
            assert!(o.may_be_of(origin));
        }
    }
}

/// A source for a loopback destination lets the packet go.
fn watch_source(o: &Owned, to: IpAddr) {
    let owner: Owner<'_> = o.owner();
    if is_loopback(to) && o.reaches(to) {
        let source = owner.loopback_source(to).expect("a source");
        assert!(o.goes(source, to) && owner.may_send(source, to));
    }
    assert_eq!(owner.may_reach(to), o.reaches(to));
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes::new(bytes);
    let (o, origin) = (bytes.owned(), bytes.origin());
    // As in packet headers: the kernel drops an IPv6 packet with an IPv4-mapped
    // source (`ip6_rcv_core()`).
    let (source, sent_to) = (bytes.ip().to_canonical(), bytes.ip());
    let to = sent_to.to_canonical();
    watch_sends(&o, source, sent_to, bytes.bool());
    watch_delivers(&o, source, to, origin);
    watch_source(&o, to);

    let (bound, reserved) = (bytes.ip(), bytes.bool());
    let owner = o.owner();
    let taken = receives(Some(&owner), bound, to, origin, reserved);
    assert_eq!(taken, o.is_found_for(to, origin));
    // A lookup finds a socket exactly if the last check then lets the packet pass, which
    // also knows its source.
    let passes = delivers(&owner, Found::Unconnected, source, to, origin);
    assert!(taken || !passes);
    assert!(passes || !taken || is_own_loopback(source));

    let host = receives(None, bound, to, origin, reserved);
    assert_eq!(host, host_is_found_for(bound, to, origin, reserved));
    // Host and association never share private loopback, whatever they are bound to.
    if is_own_loopback(to) && origin != Origin::Unknown {
        assert!(!(host && taken));
    }
    // No association sends into a tunnel.
    let is_of_none = matches!(origin, Origin::Unknown | Origin::Outside);
    assert_eq!(enters_tunnel(origin), is_of_none);
});
