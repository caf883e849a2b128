// SPDX-License-Identifier: GPL-2.0

//! The sources that control messages ask for, a case for each rule.

use super::super::{routed, sources_allowed};
use super::*;

pub(super) const SOL_SOCKET: i32 = 1;
pub(super) const SOL_IP: i32 = 0;
pub(super) const IP_TTL: i32 = 2;
pub(super) const IP_PKTINFO: i32 = 8;
pub(super) const SOL_IPV6: i32 = 41;
pub(super) const IPV6_2292PKTINFO: i32 = 2;
pub(super) const IPV6_PKTINFO: i32 = 50;

/// `sizeof(struct cmsghdr)`.
pub(super) const HEADER: usize = 16;

/// A message, with the zero padding that `CMSG_SPACE()` leaves after it.
pub(super) fn message(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
    let len = HEADER + data.len();
    let mut out = (len as u64).to_ne_bytes().to_vec();
    out.extend(level.to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(data);
    out.resize(len.next_multiple_of(8), 0);
    out
}

/// `IP_PKTINFO` that asks for a source. Its destination is foreign, which does not
/// matter.
pub(super) fn pktinfo_v4(source: Ipv4Addr) -> Vec<u8> {
    let mut data = 1_u32.to_ne_bytes().to_vec();
    data.extend(source.octets());
    data.extend([192, 0, 2, 99]);
    message(SOL_IP, IP_PKTINFO, &data)
}

/// `IPV6_PKTINFO`, or that of RFC 2292.
pub(super) fn pktinfo_v6(kind: i32, source: Ipv6Addr) -> Vec<u8> {
    let mut data = source.octets().to_vec();
    data.extend(1_u32.to_ne_bytes());
    message(SOL_IPV6, kind, &data)
}

/// Every message that can ask for this source.
fn asking_for(source: &str) -> Vec<Vec<u8>> {
    match ip(source) {
        IpAddr::V4(a) => vec![
            pktinfo_v4(a),
            pktinfo_v6(IPV6_PKTINFO, a.to_ipv6_mapped()),
            pktinfo_v6(IPV6_2292PKTINFO, a.to_ipv6_mapped()),
        ],
        IpAddr::V6(a) => vec![pktinfo_v6(IPV6_PKTINFO, a), pktinfo_v6(IPV6_2292PKTINFO, a)],
    }
}

fn allowed(bytes: &[u8]) -> bool {
    sources_allowed(&owned("10.0.0.1 2001:db8::1").owner(), bytes)
}

fn ttl() -> Vec<u8> {
    message(SOL_IP, IP_TTL, &64_i32.to_ne_bytes())
}

#[test]
fn no_control_messages_ask_for_nothing() {
    assert!(allowed(&[]));
    assert!(allowed(&ttl()));
}

#[test]
fn a_source_that_is_owned_is_allowed() {
    for own in [
        "10.0.0.1",
        "2001:db8::1",
        "127.0.0.1",
        "127.0.0.53",
        "::1",
        "127.64.0.1",
    ] {
        for message in asking_for(own) {
            assert!(allowed(&message), "{own} {message:?}");
        }
    }
}

#[test]
fn a_foreign_source_is_refused_however_it_is_asked_for() {
    for foreign in [
        "10.0.0.2",
        "2001:db8::2",
        "127.64.0.0",
        "127.64.0.2",
        "fe80::1",
        "224.0.0.1",
    ] {
        for message in asking_for(foreign) {
            assert!(!allowed(&message), "{foreign} {message:?}");
        }
    }
}

#[test]
fn the_unspecified_source_leaves_the_choice_and_is_allowed() {
    for any in ["0.0.0.0", "::"] {
        for message in asking_for(any) {
            assert!(allowed(&message), "{any} {message:?}");
        }
    }
}

#[test]
fn an_address_of_the_hosts_loopback_is_no_source() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    for message in asking_for("127.0.0.53") {
        assert!(!sources_allowed(&o.owner(), &message), "{message:?}");
    }
}

#[test]
fn a_source_that_left_the_set_is_refused() {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1")
    };
    let former = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 9));
    assert!(!sources_allowed(&o.owner(), &former));
}

#[test]
fn a_foreign_source_is_found_behind_and_before_other_messages() {
    let own = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 1));
    for foreign in asking_for("10.0.0.2") {
        for order in [
            [&ttl(), &own, &foreign],
            [&own, &foreign, &ttl()],
            [&foreign, &ttl(), &own],
            [&ttl(), &foreign, &foreign],
        ] {
            let bytes: Vec<u8> = order.into_iter().flatten().copied().collect();
            assert!(!allowed(&bytes), "{bytes:?}");
        }
    }
}

#[test]
fn the_last_message_needs_no_padding() {
    // 28 bytes, without the four bytes of padding.
    let foreign = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 2));
    assert!(!allowed(&foreign[..28]));
    assert!(!allowed(&[ttl(), foreign[..28].to_vec()].concat()));
}

#[test]
fn padding_may_hold_anything() {
    let mut first = ttl();
    first[20..].fill(0xff);
    let foreign = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 2));
    assert!(!allowed(&[first, foreign].concat()));
}

#[test]
fn only_what_is_read_as_a_source_counts_as_one() {
    let foreign = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 2));
    let data = &foreign[HEADER..28];
    // On another level the numbers mean something else.
    assert!(allowed(&message(SOL_SOCKET, IP_PKTINFO, data)));
    assert!(allowed(&message(SOL_IPV6, IP_PKTINFO, data)));
    assert!(allowed(&message(SOL_IP, IPV6_PKTINFO, data)));
    // Inside the data of another message it is not a message itself.
    assert!(allowed(&message(SOL_SOCKET, 77, &foreign)));
}

#[test]
fn a_length_that_cannot_be_ends_the_messages_there() {
    // CMSG_OK() does not hold, so the protocol refuses all of it with EINVAL.
    let foreign = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 2));
    let room = (ttl().len() + foreign.len()) as u64;
    for len in [
        0,
        1,
        15,
        room + 1,
        1 << 32,
        u64::MAX / 2,
        u64::MAX - 7,
        u64::MAX - 1,
        u64::MAX,
    ] {
        let mut bytes = [ttl(), foreign.clone()].concat();
        bytes[..8].copy_from_slice(&len.to_ne_bytes());
        assert!(allowed(&bytes), "{len}");
        // The same for the length of the source itself.
        let mut alone = foreign.clone();
        alone[..8].copy_from_slice(&len.to_ne_bytes());
        assert!(allowed(&alone), "{len}");
        // Messages before it still count.
        assert!(!allowed(&[foreign.clone(), bytes].concat()), "{len}");
    }
}

#[test]
fn a_header_alone_is_a_message() {
    let foreign = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 2));
    let header = message(SOL_SOCKET, 77, &[]);
    assert_eq!(header.len(), HEADER);
    assert!(!allowed(&[header, foreign].concat()));
}

#[test]
fn source_routes_and_extension_headers_are_noticed() {
    assert!(routed(&message(SOL_IP, 7, &[0x83, 7, 4, 10, 0, 0, 2, 0])));
    for kind in [3, 4, 5, 54, 55, 57, 59] {
        assert!(routed(&message(SOL_IPV6, kind, &[0; 8])), "{kind}");
    }
    let mut second = pktinfo_v4([10, 0, 0, 1].into());
    second.extend(message(SOL_IPV6, 57, &[0; 8]));
    assert!(routed(&second));
}

#[test]
fn a_mark_by_which_routes_are_chosen_is_noticed() {
    assert!(routed(&message(SOL_SOCKET, 36, &[0; 4])));
}

#[test]
fn other_messages_lead_nowhere() {
    assert!(!routed(&[]));
    assert!(!routed(&pktinfo_v4([10, 0, 0, 1].into())));
    assert!(!routed(&message(SOL_IP, IP_TTL, &[0; 4])));
    assert!(!routed(&message(SOL_SOCKET, 57, &[0; 4])));
}
