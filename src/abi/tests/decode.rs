// SPDX-License-Identifier: GPL-2.0

//! What decoding accepts and what it refuses.

use std::fmt::Debug;

use addrconf_abi::{
    AddrEntry, AssignRequest, Change, QueryRequest, ReleaseRequest, SourceChoice, Target,
    UpdateRequest, Wire, WireError, MAX_STRUCT,
};

use super::{bytes, for_each_structure, samples, STRIDE};

#[test]
fn a_structure_shorter_than_its_first_version_is_refused() {
    fn check<T: Wire + PartialEq + Debug>(value: &T) {
        let bytes = bytes(value);
        for len in 0..T::MIN_SIZE {
            assert_eq!(T::decode(&bytes[..len]), Err(WireError::TooShort));
        }
    }
    for_each_structure!(check);
}

#[test]
fn a_longer_structure_is_served_as_long_as_the_unknown_part_is_zero() {
    fn check<T: Wire + PartialEq + Debug>(value: &T) {
        let mut bytes = bytes(value);
        bytes.resize(MAX_STRUCT, 0);
        for len in (T::SIZE..=MAX_STRUCT).step_by(STRIDE) {
            assert_eq!(T::decode(&bytes[..len]).as_ref(), Ok(value));
        }
        for at in (T::SIZE..MAX_STRUCT).step_by(STRIDE) {
            bytes[at] = 1;
            assert_eq!(T::decode(&bytes), Err(WireError::TooLong), "byte {at}");
            assert_eq!(T::decode(&bytes[..at]).as_ref(), Ok(value));
            bytes[at] = 0;
        }
        bytes.push(0);
        assert_eq!(T::decode(&bytes), Err(WireError::TooLong));
    }
    for_each_structure!(check);
}

#[test]
fn reserved_fields_and_flags_must_be_zero() {
    fn check<T: Wire + PartialEq + Debug>(value: &T, reserved: impl IntoIterator<Item = usize>) {
        for at in reserved {
            for bit in 0..8 {
                let mut bytes = bytes(value);
                assert_eq!(bytes[at], 0);
                bytes[at] = 1 << bit;
                assert_eq!(T::decode(&bytes), Err(WireError::BadField), "byte {at}");
            }
        }
    }
    let all = samples();
    check(&all.entry, 3..8);
    check(&all.assign, (92..96).chain(101..104));
    check(&all.release, 5..8);
    let of_query = (4..8)
        .chain(108..112)
        .chain(124..128)
        .chain(157..160)
        .chain(164..168);
    check(&all.query, of_query);
    check(&all.define, 69..72);
    check(&all.list, 20..24);
    check(&all.narrow, 5..8);
    check(&all.rule, 5..8);
    check(&all.rule_query, 29..32);
    let v4 = AddrEntry {
        addr: [0; 4].into(),
        prefix_len: 32,
    };
    check(&v4, (3..8).chain(12..24));
}

/// Encodes `value`, puts `number` into the 32-bit field at `offset`, and decodes
/// that.
pub(super) fn with_field<T: Wire>(value: &T, offset: usize, number: u32) -> Result<T, WireError> {
    let mut bytes = bytes(value);
    bytes[offset..][..4].copy_from_slice(&number.to_ne_bytes());
    T::decode(&bytes)
}

/// Numbers around the ones with a meaning, and every single bit.
pub(super) fn numbers() -> impl Iterator<Item = u32> {
    (0..20).chain((0..32).map(|bit| 1 << bit)).chain([u32::MAX])
}

/// A module of version 2 sends only the word at 96, and no flags; later ones send
/// both.
#[test]
fn exclusive_addresses_are_told_by_either_word() {
    let query = samples().query;
    let told: QueryRequest = with_field(&query, 96, 1).unwrap();
    assert!(told.terms.exclusive);
}

#[test]
fn choices_that_have_no_meaning_are_refused() {
    let all = samples();
    for number in numbers() {
        let source = match number {
            0 => Ok(SourceChoice::Route),
            1 => Ok(SourceChoice::Primary),
            2 => Ok(SourceChoice::Random),
            _ => Err(WireError::BadField),
        };
        let assign: Result<AssignRequest, _> = with_field(&all.assign, 72, number);
        assert_eq!(assign.map(|request| request.terms.source), source);
        let query: Result<QueryRequest, _> = with_field(&all.query, 100, number);
        assert_eq!(query.map(|request| request.terms.source), source);

        let change = match number {
            1 => Ok(Change::Add),
            2 => Ok(Change::Remove),
            3 => Ok(Change::Replace),
            _ => Err(WireError::BadField),
        };
        let update: Result<UpdateRequest, _> = with_field(&all.update, 28, number);
        assert_eq!(update.map(|request| request.change), change);
    }
}

#[test]
fn a_target_without_a_meaning_is_refused() {
    let decode = |kind: u32, value: u64| {
        let mut bytes = [0; 24];
        bytes[..4].copy_from_slice(&kind.to_ne_bytes());
        bytes[8..16].copy_from_slice(&value.to_ne_bytes());
        ReleaseRequest::decode(&bytes).map(|request| request.target)
    };
    let top = i32::MAX as u64;
    assert_eq!(decode(1, 0), Ok(Target::PidFd(0)));
    assert_eq!(decode(1, top), Ok(Target::PidFd(i32::MAX)));
    assert_eq!(decode(2, 1), Ok(Target::Pid(1)));
    assert_eq!(decode(3, u64::MAX), Ok(Target::Association(u64::MAX)));
    assert_eq!(decode(4, 0), Ok(Target::All));
    for (kind, value) in [
        (0, 1),
        (1, top + 1),
        (1, u64::MAX),
        (1, u64::from(u32::MAX)),
        (2, 0),
        (2, top + 1),
        (2, u64::MAX),
        (4, 1),
        (4, u64::MAX),
        (5, 0),
        (u32::MAX, 1),
    ] {
        let refused = Err(WireError::BadField);
        assert_eq!(decode(kind, value), refused, "kind {kind} value {value}");
    }
}

#[test]
fn only_associations_are_released_if_unused() {
    let decode = |kind: u32, flags: u32| {
        let mut bytes = [0; 24];
        bytes[..4].copy_from_slice(&kind.to_ne_bytes());
        bytes[4..8].copy_from_slice(&flags.to_ne_bytes());
        // A value with a meaning for each kind.
        bytes[8] = u8::from(kind != 4);
        ReleaseRequest::decode(&bytes).map(|request| request.unused)
    };
    for kind in 1..=4 {
        let expected = if kind < 3 {
            Err(WireError::BadField)
        } else {
            Ok(true)
        };
        assert_eq!(decode(kind, 0), Ok(false));
        assert_eq!(decode(kind, 1), expected, "kind {kind}");
        assert_eq!(decode(kind, 2), Err(WireError::BadField));
    }
}

#[test]
fn a_negative_descriptor_or_pid_never_gets_through() {
    for target in [
        Target::PidFd(-1),
        Target::Pid(-1),
        Target::Pid(i32::MIN),
        Target::Pid(0),
    ] {
        let request = ReleaseRequest::about(target);
        let decoded = ReleaseRequest::decode(&bytes(&request));
        assert_eq!(decoded, Err(WireError::BadField));
    }
}

#[test]
fn a_name_on_the_wire_is_nul_padded_and_of_the_alphabet() {
    let assign = samples().assign;
    let decode = |name: &[u8]| {
        let mut bytes = bytes(&assign);
        bytes[32..64].fill(0);
        bytes[32..][..name.len()].copy_from_slice(name);
        AssignRequest::decode(&bytes).map(|request| request.terms.name.as_str().to_owned())
    };
    assert_eq!(decode(b"").as_deref(), Ok(""));
    assert_eq!(decode(b"A.z_9-").as_deref(), Ok("A.z_9-"));
    assert_eq!(decode(&[b'a'; 31]).unwrap().len(), 31);
    let bad: [&[u8]; 9] = [
        &[b'a'; 32],
        b".a",
        b"-a",
        b"a b",
        b"a/b",
        b"a\0b",
        b"\0a",
        b"\xc3\xa4",
        b"a\x1b",
    ];
    for name in bad {
        assert_eq!(decode(name), Err(WireError::BadField), "{name:?}");
    }
}

#[test]
fn an_address_entry_with_an_unknown_family_or_too_long_a_prefix_is_refused() {
    let decode = |family: u16, prefix_len: u8| {
        let mut bytes = [0; 24];
        bytes[..2].copy_from_slice(&family.to_ne_bytes());
        bytes[2] = prefix_len;
        AddrEntry::decode(&bytes).is_ok()
    };
    for family in (0..=u16::MAX).step_by(STRIDE * STRIDE) {
        assert_eq!(decode(family, 0), family == 2 || family == 10);
    }
    assert!(decode(2, 32) && !decode(2, 33));
    assert!(decode(10, 128) && !decode(10, 129) && !decode(10, 255));
}
