// SPDX-License-Identifier: GPL-2.0

//! Socket addresses as bytes, of every length and family.

use super::super::Refusal;
use super::*;

/// `struct sockaddr_in` with port 80.
fn sockaddr_in(family: u16, addr: &str) -> Vec<u8> {
    let addr: Ipv4Addr = addr.parse().unwrap();
    let mut out = family.to_ne_bytes().to_vec();
    out.extend(80_u16.to_be_bytes());
    out.extend(addr.octets());
    out.extend([0; 8]);
    out
}

/// `struct sockaddr_in6` with port 80, a flow label and a scope.
fn sockaddr_in6(family: u16, addr: &str) -> Vec<u8> {
    let addr: Ipv6Addr = addr.parse().unwrap();
    let mut out = family.to_ne_bytes().to_vec();
    out.extend(80_u16.to_be_bytes());
    out.extend(7_u32.to_be_bytes());
    out.extend(addr.octets());
    out.extend(3_u32.to_ne_bytes());
    out
}

#[test]
fn addresses_are_read() {
    assert_eq!(
        SockAddr::parse(Family::V4, &sockaddr_in(2, "10.0.0.1")),
        Ok(addr("10.0.0.1"))
    );
    assert_eq!(
        SockAddr::parse(Family::V6, &sockaddr_in6(10, "2001:db8::1")),
        Ok(addr("2001:db8::1"))
    );
    let mapped = SockAddr::parse(Family::V6, &sockaddr_in6(10, "::ffff:10.0.0.1")).unwrap();
    assert_eq!(mapped, addr("::ffff:10.0.0.1"));
    assert_eq!(mapped.ip(), Some(ip("10.0.0.1")));
}

#[test]
fn an_ipv6_socket_reads_ipv4_too() {
    assert_eq!(
        SockAddr::parse(Family::V6, &sockaddr_in(2, "10.0.0.1")),
        Ok(addr("10.0.0.1"))
    );
}

#[test]
fn an_address_shorter_than_its_family_is_refused() {
    let v4 = sockaddr_in(2, "10.0.0.1");
    let v6 = sockaddr_in6(10, "2001:db8::1");
    for len in 0..16 {
        let parsed = SockAddr::parse(Family::V4, &v4[..len]);
        assert_eq!(parsed, Err(Refusal::Malformed), "{len}");
    }
    for len in 0..24 {
        let parsed = SockAddr::parse(Family::V6, &v6[..len]);
        assert_eq!(parsed, Err(Refusal::Malformed), "{len}");
    }
    // RFC 2133: without the scope id.
    assert!(SockAddr::parse(Family::V6, &v6[..24]).is_ok());
}

#[test]
fn on_an_ipv4_socket_ipv6_is_a_family_like_any_other() {
    let v6 = sockaddr_in6(10, "2001:db8::1");
    for len in [2, 15] {
        let parsed = SockAddr::parse(Family::V4, &v6[..len]);
        assert_eq!(parsed, Err(Refusal::Malformed), "{len}");
    }
    for len in [16, 23, 24, 28] {
        assert_eq!(
            SockAddr::parse(Family::V4, &v6[..len]),
            Ok(SockAddr::Other(10))
        );
    }
}

#[test]
fn unspec_carries_the_address_it_may_be_taken_for() {
    let any = sockaddr_in(0, "0.0.0.0");
    let some = sockaddr_in(0, "10.0.0.1");
    for family in [Family::V4, Family::V6] {
        assert_eq!(
            SockAddr::parse(family, &any),
            Ok(SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED)))
        );
        assert_eq!(
            SockAddr::parse(family, &some),
            Ok(SockAddr::Unspec(Some(Ipv4Addr::new(10, 0, 0, 1))))
        );
        for len in [2, 15] {
            assert_eq!(
                SockAddr::parse(family, &any[..len]),
                Ok(SockAddr::Unspec(None))
            );
        }
    }
}

#[test]
fn other_families_have_no_address() {
    let unix = SockAddr::parse(Family::V4, &sockaddr_in(1, "10.0.0.1")).unwrap();
    assert_eq!(unix, SockAddr::Other(1));
    assert_eq!(unix.ip(), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(b in prop::collection::vec(any::<u8>(), 0..130)) {
        let _ = SockAddr::parse(Family::V4, &b);
        let _ = SockAddr::parse(Family::V6, &b);
    }

    #[test]
    fn what_is_written_reads_back(a in any_ip(), more in prop::collection::vec(any::<u8>(), 0..100)) {
        let (family, mut bytes) = match a {
            IpAddr::V4(a) => (Family::V4, sockaddr_in(2, &a.to_string())),
            IpAddr::V6(a) => (Family::V6, sockaddr_in6(10, &a.to_string())),
        };
        // Programs often pass sizeof(struct sockaddr_storage).
        bytes.extend(more);
        let read = SockAddr::parse(family, &bytes).unwrap();
        prop_assert_eq!(read.ip(), Some(a.to_canonical()));
    }
}
