// SPDX-License-Identifier: GPL-2.0

//! The terms in a request and in an answer: drawn at random, and their flags bit by
//! bit.

use addrconf_abi::{AssignRequest, HostLoopback, Name, SourceChoice, Terms, WireError};
use proptest::prelude::*;

use super::decode::{numbers, with_field};
use super::samples;

pub(super) fn name() -> impl Strategy<Value = Name> {
    "([A-Za-z0-9_][A-Za-z0-9._-]{0,30})?".prop_map(|text| Name::new(&text).unwrap())
}

fn source() -> impl Strategy<Value = SourceChoice> {
    prop_oneof![
        Just(SourceChoice::Route),
        Just(SourceChoice::Primary),
        Just(SourceChoice::Random),
    ]
}

prop_compose! {
    /// A network of the host's loopback, or none.
    fn host_loopback()(bits in any::<u32>(), len in 8_u8..=32) -> Option<HostLoopback> {
        let bits = (127 << 24 | bits >> 8) & u32::MAX << (32 - len);
        HostLoopback::new(bits.into(), len)
    }
}

prop_compose! {
    pub(super) fn terms()(
        name in name(), (exclusive, allow_raw, signal) in any::<(bool, bool, bool)>(),
        source in source(), loopback in any::<[u8; 4]>(), host_loopback in host_loopback(),
    ) -> Terms {
        let loopback = (loopback != [0; 4]).then(|| loopback.into());
        Terms { name, exclusive, allow_raw, signal, source, loopback, host_loopback }
    }
}

#[test]
fn flags_that_have_no_meaning_are_refused() {
    let all = samples();
    // Its field may only be zero without its flag: see `grants.rs`.
    let without_proof = AssignRequest {
        proof: None,
        ..all.assign
    };
    for flags in numbers() {
        let assign = with_field(&without_proof, 4, flags);
        match flags & !0b1_0010_1111 {
            0 => {
                let assign = assign.unwrap();
                assert_eq!(assign.terms.exclusive, flags & 1 != 0);
                assert_eq!(assign.tree, flags & 2 != 0);
                assert_eq!(assign.reset, flags & 4 != 0);
                assert_eq!(assign.terms.allow_raw, flags & 8 != 0);
                assert_eq!(assign.terms.signal, flags & 32 != 0);
            }
            _ => assert_eq!(assign, Err(WireError::BadField), "{flags:#x}"),
        }
        let update = with_field(&all.update, 4, flags).map(|request| request.reset);
        let expected = match flags {
            0 => Ok(false),
            4 => Ok(true),
            _ => Err(WireError::BadField),
        };
        assert_eq!(update, expected, "{flags:#x}");
    }
}

/// It has no dedicated address from which it could reach the loopback of the host.
#[test]
fn a_part_has_no_address_on_the_loopback_of_the_host() {
    let whole = samples().assign.terms;
    let name = Name::new("part").unwrap();
    let part = whole.narrowed(name);
    assert_eq!((part.loopback, part.host_loopback), (None, None));
    let back = Terms {
        name: whole.name,
        loopback: whole.loopback,
        host_loopback: whole.host_loopback,
        ..part
    };
    assert_eq!((part.name, back), (name, whole));
}

#[test]
fn flags_of_an_answer_that_are_not_known_here_do_no_harm() {
    let query = samples().query;
    for flags in numbers() {
        let terms = with_field(&query, 120, flags).unwrap().terms;
        assert_eq!(terms.exclusive, flags & 1 != 0);
        assert_eq!(terms.allow_raw, flags & 8 != 0);
        assert_eq!(terms.signal, flags & 32 != 0);
    }
}
