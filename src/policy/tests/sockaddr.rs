// SPDX-License-Identifier: GPL-2.0

//! Socket addresses as bytes, of every length and family.

use super::super::{write_sockaddr, Refusal, SockAddr, SOCKADDR_MAX};
use super::*;

/// A socket address as a program writes it.
pub(super) fn bytes(family: Family, addr: &str, port: u16) -> Vec<u8> {
    let mut out = [0; SOCKADDR_MAX];
    let len = write_sockaddr(&mut out, family, ip(addr), port).unwrap();
    out[..len].to_vec()
}

#[test]
fn addresses_are_read() {
    assert_eq!(
        SockAddr::parse(Family::V4, &bytes(Family::V4, "10.0.0.1", 80)),
        Ok(SockAddr::V4("10.0.0.1".parse().unwrap()))
    );
    assert_eq!(
        SockAddr::parse(Family::V6, &bytes(Family::V6, "2001:db8::1", 80)),
        Ok(SockAddr::V6("2001:db8::1".parse().unwrap()))
    );
    let mapped = SockAddr::parse(Family::V6, &bytes(Family::V6, "10.0.0.1", 80)).unwrap();
    assert_eq!(mapped.ip(), Some(ip("10.0.0.1")));
}

#[test]
fn an_address_shorter_than_its_family_is_refused() {
    let v4 = bytes(Family::V4, "10.0.0.1", 80);
    let v6 = bytes(Family::V6, "2001:db8::1", 80);
    for len in 0..v4.len() {
        assert_eq!(
            SockAddr::parse(Family::V4, &v4[..len]),
            Err(Refusal::Invalid),
            "{len}"
        );
    }
    for len in 0..24 {
        assert_eq!(
            SockAddr::parse(Family::V6, &v6[..len]),
            Err(Refusal::Invalid),
            "{len}"
        );
    }
    // RFC 2133: without the scope id.
    assert!(SockAddr::parse(Family::V6, &v6[..24]).is_ok());
}

#[test]
fn on_an_ipv4_socket_ipv6_is_a_family_like_any_other() {
    let v6 = bytes(Family::V6, "2001:db8::1", 80);
    for len in [2, 16, 23, 24, 28] {
        assert_eq!(
            SockAddr::parse(Family::V4, &v6[..len]),
            Ok(SockAddr::Other(10))
        );
    }
}

#[test]
fn unspec_carries_the_address_it_may_be_taken_for() {
    let mut any = bytes(Family::V4, "0.0.0.0", 80);
    any[..2].copy_from_slice(&0_u16.to_ne_bytes());
    assert_eq!(
        SockAddr::parse(Family::V4, &any),
        Ok(SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED)))
    );
    assert_eq!(
        SockAddr::parse(Family::V4, &any[..2]),
        Ok(SockAddr::Unspec(None))
    );
    assert_eq!(
        SockAddr::parse(Family::V4, &any[..15]),
        Ok(SockAddr::Unspec(None))
    );
}

#[test]
fn rewriting_keeps_the_port_and_clears_the_scope() {
    let mut v4 = bytes(Family::V4, "0.0.0.0", 80);
    let parsed = SockAddr::parse(Family::V4, &v4).unwrap();
    parsed.rewrite(&mut v4, ip("10.0.0.1"));
    assert_eq!(v4, bytes(Family::V4, "10.0.0.1", 80));

    let mut v6 = bytes(Family::V6, "::", 80);
    v6[24] = 3;
    let parsed = SockAddr::parse(Family::V6, &v6).unwrap();
    parsed.rewrite(&mut v6, ip("2001:db8::1"));
    assert_eq!(v6, bytes(Family::V6, "2001:db8::1", 80));
    // A dual-stack wildcard for a set that has IPv4 only.
    parsed.rewrite(&mut v6, ip("10.0.0.1"));
    assert_eq!(v6, bytes(Family::V6, "10.0.0.1", 80));
}

#[test]
fn an_ipv6_address_does_not_go_to_an_ipv4_socket() {
    let mut out = [0; SOCKADDR_MAX];
    assert_eq!(
        write_sockaddr(&mut out, Family::V4, ip("2001:db8::1"), 80),
        None
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(b in prop::collection::vec(any::<u8>(), 0..130)) {
        let _ = SockAddr::parse(Family::V4, &b);
        let _ = SockAddr::parse(Family::V6, &b);
    }

    #[test]
    fn rewriting_never_touches_the_port_or_grows(
        family in prop_oneof![Just(0_u16), Just(2), Just(10), any::<u16>()],
        mut b in prop::collection::vec(any::<u8>(), 2..130),
        to in any_ip(),
    ) {
        b[..2].copy_from_slice(&family.to_ne_bytes());
        let before = b.clone();
        if let Ok(parsed) = SockAddr::parse(Family::V6, &b) {
            parsed.rewrite(&mut b, to);
            prop_assert_eq!(before.len(), b.len());
            prop_assert_eq!(before.get(2..4), b.get(2..4));
        }
    }

    #[test]
    fn what_is_written_reads_back(a in any_ip(), v4 in any::<bool>(), port in any::<u16>()) {
        let family = if v4 { Family::V4 } else { Family::V6 };
        let mut out = [0; SOCKADDR_MAX];
        if let Some(len) = write_sockaddr(&mut out, family, a, port) {
            let read = SockAddr::parse(family, &out[..len]).unwrap();
            prop_assert_eq!(read.ip(), Some(a.to_canonical()));
        }
    }
}
