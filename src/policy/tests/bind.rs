// SPDX-License-Identifier: GPL-2.0

//! `bind()`.

use super::super::{long_enough, Owner, Refusal};
use super::*;

const NOT_THERE: Result<(), Refusal> = Err(Refusal::AddressOutside);

fn bind(owner: &Owner<'_>, socket: &Socket, to: &SockAddr) -> Result<(), Refusal> {
    super::super::bind(owner, socket.family, socket.scoped, to)
}

fn four() -> Socket {
    unbound(Family::V4)
}

fn six() -> Socket {
    unbound(Family::V6)
}

#[test]
fn members_are_allowed() {
    let o = owned("10.0.0.1 10.1.0.0/24 2001:db8::1");
    assert_eq!(bind(&o.owner(), &four(), &addr("10.0.0.1")), Ok(()));
    assert_eq!(bind(&o.owner(), &four(), &addr("10.1.0.7")), Ok(()));
    assert_eq!(bind(&o.owner(), &six(), &addr("2001:db8::1")), Ok(()));
    assert_eq!(bind(&o.owner(), &six(), &addr("::ffff:10.0.0.1")), Ok(()));
}

#[test]
fn others_are_not_there() {
    let o = owned("10.0.0.1 10.1.0.0/24 2001:db8::1");
    for other in ["10.0.0.2", "10.1.1.0", "224.0.0.1", "255.255.255.255"] {
        assert_eq!(
            bind(&o.owner(), &four(), &addr(other)),
            NOT_THERE,
            "{other}"
        );
    }
    for other in ["2001:db8::2", "::ffff:10.0.0.2", "fe80::1", "ff02::1"] {
        assert_eq!(bind(&o.owner(), &six(), &addr(other)), NOT_THERE, "{other}");
    }
}

#[test]
fn an_address_that_left_the_set_is_not_there() {
    let o = Owned {
        former: set("10.0.0.9"),
        ..owned("10.0.0.1")
    };
    assert_eq!(bind(&o.owner(), &four(), &addr("10.0.0.9")), NOT_THERE);
    let connected = Socket {
        connected: true,
        ..four()
    };
    assert_eq!(bind(&o.owner(), &connected, &addr("10.0.0.9")), NOT_THERE);
}

#[test]
fn every_association_has_the_private_loopback_and_its_dedicated_address() {
    for o in [owned_by(1, ""), owned_by(2, "10.0.0.1")] {
        let own = o.loopback.expect("it is no part");
        let mapped = SockAddr::V6(own.to_ipv6_mapped());
        for private in ["127.0.0.1", "127.0.0.53", "127.0.1.1", "127.255.255.255"] {
            assert_eq!(bind(&o.owner(), &four(), &addr(private)), Ok(()));
        }
        assert_eq!(bind(&o.owner(), &four(), &SockAddr::V4(own)), Ok(()));
        assert_eq!(bind(&o.owner(), &six(), &addr("::1")), Ok(()));
        assert_eq!(bind(&o.owner(), &six(), &addr("::ffff:127.0.0.1")), Ok(()));
        assert_eq!(bind(&o.owner(), &six(), &mapped), Ok(()));
    }
}

#[test]
fn a_part_has_the_private_loopback_only() {
    let o = part(owned("10.0.0.1"));
    assert_eq!(bind(&o.owner(), &four(), &addr("127.0.0.53")), Ok(()));
    assert_eq!(bind(&o.owner(), &four(), &addr("127.64.0.1")), NOT_THERE);
}

#[test]
fn the_loopback_of_somebody_else_is_not_there() {
    let o = owned_by(1, "10.0.0.1");
    for other in ["127.64.0.0", "127.64.0.2", "127.127.255.255"] {
        assert_eq!(
            bind(&o.owner(), &four(), &addr(other)),
            NOT_THERE,
            "{other}"
        );
    }
    let mapped = addr("::ffff:127.64.0.2");
    assert_eq!(bind(&o.owner(), &six(), &mapped), NOT_THERE);
}

/// A server there would take what is for the host's.
#[test]
fn what_is_reached_on_the_host_is_not_bound() {
    let o = reaching(owned("10.0.0.1"), "127.0.0.53");
    let mapped = addr("::ffff:127.0.0.53");
    assert_eq!(bind(&o.owner(), &four(), &addr("127.0.0.53")), NOT_THERE);
    assert_eq!(bind(&o.owner(), &six(), &mapped), NOT_THERE);
    assert_eq!(bind(&o.owner(), &four(), &addr("127.0.0.54")), Ok(()));
}

#[test]
fn the_wildcard_is_allowed_for_whatever_the_set_has() {
    let unspec = SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED));
    for text in [
        "",
        "10.0.0.1",
        "10.0.0.1 10.0.0.2 10.1.0.0/24",
        "2001:db8::1",
    ] {
        let o = owned(text);
        assert_eq!(bind(&o.owner(), &four(), &addr("0.0.0.0")), Ok(()));
        assert_eq!(bind(&o.owner(), &four(), &unspec), Ok(()));
        assert_eq!(bind(&o.owner(), &six(), &addr("::")), Ok(()));
        assert_eq!(bind(&o.owner(), &six(), &addr("::ffff:0.0.0.0")), Ok(()));
    }
}

#[test]
fn a_socket_of_somebody_else_is_not_bound() {
    let o = owned("10.0.0.1 2001:db8::1");
    for asked in ["0.0.0.0", "10.0.0.1", "127.0.0.1", "127.64.0.1"] {
        assert_eq!(
            bind(&o.owner(), &strangers(four()), &addr(asked)),
            Err(Refusal::SocketOutside),
            "{asked}"
        );
    }
    for asked in ["::", "2001:db8::1", "::1", "::ffff:10.0.0.1"] {
        assert_eq!(
            bind(&o.owner(), &strangers(six()), &addr(asked)),
            Err(Refusal::SocketOutside),
            "{asked}"
        );
    }
}

#[test]
fn a_family_that_does_not_fit_the_socket_is_refused() {
    let o = owned("10.0.0.1 2001:db8::1");
    let refused = Err(Refusal::FamilyMismatch);
    let unspec = SockAddr::Unspec(Some(Ipv4Addr::new(10, 0, 0, 1)));
    assert_eq!(bind(&o.owner(), &four(), &addr("2001:db8::1")), refused);
    assert_eq!(bind(&o.owner(), &four(), &unspec), refused);
    assert_eq!(bind(&o.owner(), &four(), &SockAddr::Other(1)), refused);
    assert_eq!(bind(&o.owner(), &six(), &addr("10.0.0.1")), refused);
    assert_eq!(bind(&o.owner(), &six(), &SockAddr::Other(1)), refused);
    // inet6_bind() does not accept AF_UNSPEC, not even for the wildcard.
    let any = SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED));
    assert_eq!(bind(&o.owner(), &six(), &any), refused);
    assert_eq!(bind(&o.owner(), &six(), &SockAddr::Unspec(None)), refused);
}

#[test]
fn an_unspec_address_too_short_to_be_the_wildcard_is_malformed() {
    let o = owned("10.0.0.1");
    let short = SockAddr::Unspec(None);
    assert_eq!(bind(&o.owner(), &four(), &short), Err(Refusal::Malformed));
}

#[test]
fn an_address_is_as_long_as_the_family_of_the_socket_wants() {
    assert!(!long_enough(Family::V4, 15));
    assert!(long_enough(Family::V4, 16));
    assert!(!long_enough(Family::V6, 23));
    assert!(long_enough(Family::V6, 24));
}

proptest! {
    #[test]
    fn no_bind_leads_outside_what_is_owned(
        o in any_owned(),
        socket in any_socket(),
        asked in any_sockaddr(),
    ) {
        if bind(&o.owner(), &socket, &asked) == Ok(()) {
            let ip = asked.ip().unwrap();
            prop_assert!(socket.scoped);
            prop_assert!(ip.is_unspecified() || o.naively_owns(ip), "{ip}");
        }
    }

    #[test]
    fn what_is_owned_is_never_refused_as_not_there(
        o in any_owned(),
        socket in any_socket(),
        asked in any_sockaddr(),
    ) {
        if bind(&o.owner(), &socket, &asked) == NOT_THERE && socket.scoped {
            let ip = asked.ip().unwrap();
            prop_assert!(!ip.is_unspecified() && !o.naively_owns(ip), "{ip}");
        }
    }

    /// Whatever bytes a program passes in, the address that the protocol will read
    /// from them is owned, or is the wildcard.
    #[test]
    fn no_bytes_lead_outside_what_is_owned(
        o in any_owned(),
        socket in any_socket(),
        family in prop_oneof![Just(0_u16), Just(2), Just(10), any::<u16>()],
        asked in any_ip(),
        fill in any::<u8>(),
        len in 2_usize..40,
    ) {
        let socket = Socket { scoped: true, ..socket };
        let mut bytes = vec![fill; 40];
        bytes[..2].copy_from_slice(&family.to_ne_bytes());
        let (v4, v6) = match asked {
            IpAddr::V4(a) => (a, a.to_ipv6_mapped()),
            IpAddr::V6(a) => (Ipv4Addr::from(u128::from(a) as u32), a),
        };
        match socket.family {
            Family::V4 => bytes[4..8].copy_from_slice(&v4.octets()),
            Family::V6 => bytes[8..24].copy_from_slice(&v6.octets()),
        }
        bytes.truncate(len);
        let Ok(parsed) = SockAddr::parse(socket.family, &bytes) else { return Ok(()) };
        if long_enough(socket.family, len) && bind(&o.owner(), &socket, &parsed) == Ok(()) {
            let read: IpAddr = match socket.family {
                Family::V4 => v4.into(),
                Family::V6 => v6.into(),
            };
            let read = read.to_canonical();
            prop_assert!(read.is_unspecified() || o.naively_owns(read), "{read}");
        }
    }
}
