// SPDX-License-Identifier: GPL-2.0

//! A part that keeps the private loopback of its whole: a case for each rule. Apart from that
//! loopback it has its own addresses only, and it has no more of it than the whole.

use super::super::Relation::{Apart, Compete, Exclude};
use super::super::{
    bind, candidates, compare, connect, delivers, receives, sends, Candidates, Found, Holder,
    Origin, Outgoing, Refusal, Relation, Sender, Usage,
};
use super::*;

/// An association, and a part of it with one of its addresses that keeps its loopback.
fn family() -> (Owned, Owned) {
    let whole = owned_by(1, "10.0.0.1 10.0.0.2 2001:db8::1");
    let part = keeping(owned_by(2, "10.0.0.2"), &whole);
    (whole, part)
}

/// Another part of the same whole, which keeps its loopback as well.
fn sibling(whole: &Owned) -> Owned {
    keeping(owned_by(3, "10.0.0.1"), whole)
}

fn holder<'a>(owner: &'a Owned, local: &str, timewait: bool) -> Holder<'a> {
    let local = ip(local);
    Holder {
        owner: (!timewait).then(|| owner.owner()),
        local,
        v4: true,
        v6: local.is_ipv6(),
        timewait: timewait.then_some(owner.loopback_of),
    }
}

fn relation(a: (&Owned, &str), b: (&Owned, &str)) -> Relation {
    let (a, b) = (holder(a.0, a.1, false), holder(b.0, b.1, false));
    assert_eq!(compare(&a, &b), compare(&b, &a));
    compare(&a, &b)
}

fn may_send(owner: &Owned, sender: Sender, source: &str, destination: &str) -> bool {
    let packet = Outgoing {
        source: ip(source),
        destination: ip(destination),
        loops: true,
    };
    sends(&owner.owner(), sender, &packet)
}

#[test]
fn what_one_sends_on_the_loopback_the_other_receives() {
    let (whole, part) = family();
    let sibling = sibling(&whole);
    for here in ["127.0.0.1", "127.0.1.1", "::1"] {
        for origin in [Origin::Association(1), Origin::Inward(1)] {
            for o in [&whole, &part, &sibling] {
                for bound in [here, "::"] {
                    let (owner, here, bound) = (o.owner(), ip(here), ip(bound));
                    assert!(receives(Some(&owner), bound, here, origin, false));
                    assert!(delivers(&owner, Found::Unconnected, here, here, origin));
                }
            }
        }
        for o in [&whole, &part] {
            assert!(may_send(o, Sender::Opening, here, here), "{here}");
        }
    }
    // The mark is the whole's: nothing carries the part's id.
    let own = Origin::Inward(2);
    assert!(!receives(
        Some(&part.owner()),
        ip("::"),
        ip("::1"),
        own,
        false
    ));
    let under = candidates(ip("127.0.0.1"), Origin::Inward(1));
    assert_eq!(under, Candidates::TenantOf(1));
}

#[test]
fn a_part_without_it_and_strangers_are_on_another_loopback() {
    let (whole, kept) = family();
    let own = part(owned_by(4, "10.0.0.2"));
    let stranger = owned_by(5, "10.0.0.2");
    for other in [&own, &stranger] {
        for local in ["127.0.0.1", "::"] {
            assert_eq!(relation((&kept, "127.0.0.1"), (other, local)), Apart);
            assert_eq!(relation((&whole, "127.0.0.1"), (other, local)), Apart);
        }
        let inward = Origin::Inward(1);
        for to in ["127.0.0.1", "10.0.0.2"] {
            assert!(!receives(
                Some(&other.owner()),
                ip("0.0.0.0"),
                ip(to),
                inward,
                false
            ));
        }
        let theirs = Origin::Inward(other.id);
        for to in ["127.0.0.1", "10.0.0.2"] {
            assert!(!receives(
                Some(&kept.owner()),
                ip("0.0.0.0"),
                ip(to),
                theirs,
                false
            ));
        }
    }
}

#[test]
fn on_the_loopback_they_are_like_programs_of_one_host() {
    let (whole, part) = family();
    let sibling = sibling(&whole);
    for other in [&part, &sibling] {
        for (a, b) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "0.0.0.0"),
            ("0.0.0.0", "127.0.1.1"),
            ("::", "::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(relation((&whole, a), (other, b)), Compete, "{a} {b}");
        }
    }
    assert_eq!(relation((&part, "::1"), (&sibling, "::")), Compete);
    // What is left of a connection of the one is on the loopback of the other.
    let left = holder(&part, "127.0.0.1", true);
    assert_eq!(compare(&left, &holder(&whole, "127.0.0.1", false)), Compete);
}

#[test]
fn wildcards_exclude_each_other_on_the_loopback_even_if_the_sets_are_apart() {
    let (whole, part) = family();
    let sibling = sibling(&whole);
    let empty = keeping(owned_by(6, ""), &whole);
    for other in [&sibling, &whole, &empty] {
        for any in ["0.0.0.0", "::"] {
            assert_eq!(relation((&part, any), (other, "0.0.0.0")), Exclude);
        }
    }
    // But not where one has IPv4 alone and the other IPv6 alone.
    let six = Holder {
        v4: false,
        ..holder(&sibling, "::", false)
    };
    assert_eq!(compare(&six, &holder(&part, "0.0.0.0", false)), Apart);
}

#[test]
fn it_has_no_other_address_of_its_whole() {
    let (_, part) = family();
    let refused = Err(Refusal::AddressOutside);
    for foreign in ["10.0.0.1", "127.64.0.1", "192.0.2.1"] {
        let bound = bind(&part.owner(), Family::V4, true, &addr(foreign));
        assert_eq!(bound, refused, "{foreign}");
    }
    let bound = bind(&part.owner(), Family::V6, true, &addr("2001:db8::1"));
    assert_eq!(bound, refused);
    for own in ["10.0.0.2", "127.0.0.1", "127.0.1.1", "0.0.0.0"] {
        assert_eq!(bind(&part.owner(), Family::V4, true, &addr(own)), Ok(()));
    }
    assert!(!may_send(&part, Sender::Opening, "127.0.0.1", "10.0.0.1"));
    assert!(!may_send(&part, Sender::Message, "10.0.0.1", "127.0.0.1"));
    assert!(!receives(
        Some(&part.owner()),
        ip("0.0.0.0"),
        ip("10.0.0.1"),
        Origin::Inward(1),
        false
    ));
}

#[test]
fn it_answers_who_asks_on_the_loopback_from_another_address() {
    let (whole, part) = family();
    // The whole asks from 10.0.0.1, which the part does not have.
    assert!(delivers(
        &part.owner(),
        Found::Unconnected,
        ip("10.0.0.1"),
        ip("127.0.0.1"),
        Origin::Association(1)
    ));
    assert!(may_send(&part, Sender::Answering, "127.0.0.1", "10.0.0.1"));
    assert!(!may_send(&part, Sender::Message, "127.0.0.1", "10.0.0.1"));
    // The answer is for those on that loopback only, and does not leave the machine.
    let answer = Origin::Inward(1);
    let (from, to) = (ip("127.0.0.1"), ip("10.0.0.1"));
    assert!(delivers(
        &whole.owner(),
        Found::Connection,
        from,
        to,
        answer
    ));
    let stranger = owned_by(5, "10.0.0.1");
    assert!(!receives(Some(&stranger.owner()), to, to, answer, false));
    assert!(!receives(None, to, to, answer, false));
}

#[test]
fn it_reaches_no_more_of_the_loopback_than_its_whole() {
    let whole = reaching(owned_by(1, "10.0.0.1 10.0.0.2"), "127.0.0.53");
    let part = keeping(owned_by(2, "10.0.0.2"), &whole);
    // The whole has the host's there. The part, which has no dedicated address, has neither.
    assert!(whole.owner().may_reach(ip("127.0.0.53")));
    assert!(!part.owner().may_reach(ip("127.0.0.53")));
    let asked = connect(&part.owner(), &unbound(Family::V4), &addr("127.0.0.53"));
    assert_eq!(asked, Usage::Deny(Refusal::LoopbackOfOther));
    let bound = bind(&part.owner(), Family::V4, true, &addr("127.0.0.53"));
    assert_eq!(bound, Err(Refusal::AddressOutside));
    assert!(!part.owner().may_reach(ip("127.64.0.1")));
    assert!(part.owner().may_reach(ip("127.0.0.1")));
}

#[test]
fn a_part_of_a_part_is_on_the_loopback_of_its_owner() {
    let (whole, part) = family();
    let inner = keeping(owned_by(7, "10.0.0.2"), &part);
    assert_eq!(inner.loopback_of, whole.id);
    assert_eq!(relation((&inner, "127.0.0.1"), (&whole, "::")), Compete);
    assert_eq!(relation((&inner, "0.0.0.0"), (&part, "0.0.0.0")), Exclude);
}

proptest! {
    #![proptest_config(cases(2000))]

    /// Whatever a part that keeps a loopback receives, sends or binds, its whole could.
    #[test]
    fn it_gets_nothing_that_its_whole_has_not(
        o in any_owned(), further in any_set(), to in any_ip(), source in any_ip(),
        origin in any_origin(), loops in any::<bool>()
    ) {
        let prefixes = [o.set.prefixes.clone(), further.prefixes].concat();
        let whole = Owned { set: OwnedSet::new(prefixes), ..o.clone() };
        let part = Owned { id: whole.id + 10, former: set(""), ..keeping(o, &whole) };
        let (w, p) = (whole.owner(), part.owner());
        let any = unbound(Family::V4).local;
        let received = |o| receives(Some(o), any, to, origin, false);
        prop_assert!(!received(&p) || received(&w));
        prop_assert!(!p.owns(to) || w.owns(to));
        prop_assert!(!p.may_reach(to) || w.may_reach(to));
        let packet = Outgoing { source, destination: to, loops };
        for sender in [Sender::Message, Sender::Opening] {
            prop_assert!(!sends(&p, sender, &packet) || sends(&w, sender, &packet));
        }
        prop_assert_eq!(p.has_private(to), w.has_private(to));
    }
}
