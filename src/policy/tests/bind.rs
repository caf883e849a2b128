// SPDX-License-Identifier: GPL-2.0

//! `bind()`.

use super::super::{bind, Refusal, SockAddr, Verdict};
use super::*;

fn v4(addr: &str) -> SockAddr {
    SockAddr::V4(addr.parse().unwrap())
}

fn v6(addr: &str) -> SockAddr {
    SockAddr::V6(addr.parse().unwrap())
}

const REFUSED: Verdict = Verdict::Deny(Refusal::NotAvailable);

#[test]
fn members_are_allowed_and_others_are_not_there() {
    let s = set("10.0.0.1 10.1.0.0/24 2001:db8::1");
    let (four, six) = (unbound(Family::V4), unbound(Family::V6));
    assert_eq!(bind(&s.view(), &four, &v4("10.0.0.1")), Verdict::Allow);
    assert_eq!(bind(&s.view(), &four, &v4("10.1.0.7")), Verdict::Allow);
    assert_eq!(bind(&s.view(), &six, &v6("2001:db8::1")), Verdict::Allow);
    assert_eq!(
        bind(&s.view(), &six, &v6("::ffff:10.0.0.1")),
        Verdict::Allow
    );
    assert_eq!(bind(&s.view(), &four, &v4("10.0.0.2")), REFUSED);
    assert_eq!(bind(&s.view(), &four, &v4("127.0.0.1")), REFUSED);
    assert_eq!(bind(&s.view(), &four, &v4("224.0.0.1")), REFUSED);
    assert_eq!(bind(&s.view(), &six, &v6("::1")), REFUSED);
    assert_eq!(bind(&s.view(), &six, &v6("::ffff:10.0.0.2")), REFUSED);
    assert_eq!(bind(&s.view(), &six, &v6("::ffff:127.0.0.1")), REFUSED);
}

#[test]
fn the_wildcard_becomes_the_only_address() {
    let s = set("10.0.0.1 2001:db8::1");
    let (four, six) = (unbound(Family::V4), unbound(Family::V6));
    let one = |a| Verdict::Rewrite(ip(a));
    assert_eq!(bind(&s.view(), &four, &v4("0.0.0.0")), one("10.0.0.1"));
    assert_eq!(bind(&s.view(), &six, &v6("::")), one("2001:db8::1"));
    assert_eq!(
        bind(&s.view(), &six, &v6("::ffff:0.0.0.0")),
        one("10.0.0.1")
    );
    let unspec = SockAddr::Unspec(Some(Ipv4Addr::UNSPECIFIED));
    assert_eq!(bind(&s.view(), &four, &unspec), one("10.0.0.1"));
}

#[test]
fn a_dual_stack_wildcard_falls_back_to_ipv4() {
    let s = set("10.0.0.1");
    let six = unbound(Family::V6);
    let v6only = Socket {
        v6only: true,
        ..six
    };
    assert_eq!(
        bind(&s.view(), &six, &v6("::")),
        Verdict::Rewrite(ip("10.0.0.1"))
    );
    assert_eq!(bind(&s.view(), &v6only, &v6("::")), REFUSED);
}

#[test]
fn a_wildcard_for_several_addresses_or_none_is_refused() {
    let four = unbound(Family::V4);
    assert_eq!(
        bind(&set("10.0.0.1 10.0.0.2").view(), &four, &v4("0.0.0.0")),
        REFUSED
    );
    assert_eq!(
        bind(&set("10.0.0.0/24").view(), &four, &v4("0.0.0.0")),
        REFUSED
    );
    assert_eq!(
        bind(&set("2001:db8::1").view(), &four, &v4("0.0.0.0")),
        REFUSED
    );
}

#[test]
fn a_family_that_does_not_fit_the_socket_is_refused() {
    let s = set("10.0.0.1 2001:db8::1");
    let deny = Verdict::Deny(Refusal::FamilyNotSupported);
    assert_eq!(bind(&s.view(), &unbound(Family::V6), &v4("10.0.0.1")), deny);
    assert_eq!(
        bind(&s.view(), &unbound(Family::V4), &v6("2001:db8::1")),
        deny
    );
    let unspec = SockAddr::Unspec(Some("10.0.0.1".parse().unwrap()));
    assert_eq!(bind(&s.view(), &unbound(Family::V4), &unspec), deny);
    assert_eq!(
        bind(&s.view(), &unbound(Family::V4), &SockAddr::Other(1)),
        deny
    );
}

proptest! {
    /// Whatever is asked of whatever socket, what the protocol gets to see is
    /// a member.
    #[test]
    fn no_bind_leads_outside_the_set(
        s in any_set(),
        socket in any_socket(),
        b in prop::collection::vec(any::<u8>(), 2..40),
        family in prop_oneof![Just(0_u16), Just(2), Just(10), any::<u16>()],
        a in any_ip(),
    ) {
        let mut b = b;
        b[..2].copy_from_slice(&family.to_ne_bytes());
        if let (Ok(parsed), true) = (SockAddr::parse(socket.family, &b), b.len() > 27) {
            parsed.rewrite(&mut b, a);
        }
        let Ok(asked) = SockAddr::parse(socket.family, &b) else { return Ok(()) };
        match bind(&s.view(), &socket, &asked) {
            Verdict::Allow => {
                prop_assert!(s.view().contains(asked.ip().unwrap()));
            }
            Verdict::Rewrite(to) => {
                prop_assert!(s.view().contains(to));
                asked.rewrite(&mut b, to);
                let seen = SockAddr::parse(socket.family, &b).unwrap();
                prop_assert_eq!(seen.ip(), Some(to.to_canonical()));
            }
            Verdict::Deny(_) => {}
        }
    }
}
