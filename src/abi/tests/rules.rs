// SPDX-License-Identifier: GPL-2.0

//! What an entry for a rule names: which fields count, and what is malformed.

use addrconf_abi::{RuleEntry, RuleQuery, SetRulesRequest, UserText, Wire, WireError};

use super::decode::{numbers, with_field};
use super::{bytes, samples};

/// The flags, and the offsets of the fields of each. A control group has a length and a pointer.
const FLAGS: [(u32, &[usize]); 4] = [(1, &[8]), (2, &[12]), (4, &[16]), (8, &[20, 24])];

fn put(bytes: &mut [u8], offset: usize, number: u32) {
    bytes[offset..][..4].copy_from_slice(&number.to_ne_bytes());
}

/// An entry with these flags and the fields of those, and no others.
fn entry_with(flags: u32) -> RuleEntry {
    let all = samples().rule;
    RuleEntry {
        exe: all.exe.filter(|_| flags & 1 != 0),
        uid: all.uid.filter(|_| flags & 2 != 0),
        gid: all.gid.filter(|_| flags & 4 != 0),
        cgroup: all.cgroup.filter(|_| flags & 8 != 0),
        ..all
    }
}

#[test]
fn a_flag_says_whether_a_field_counts() {
    for flags in 0..16 {
        let entry = entry_with(flags);
        let bytes = bytes(&entry);
        assert_eq!(bytes[4..8], flags.to_ne_bytes());
        assert_eq!(RuleEntry::decode(&bytes), Ok(entry));
        assert_eq!(entry.names_nothing(), flags == 0);
        for (_, fields) in FLAGS.iter().filter(|(flag, _)| flags & flag == 0) {
            for &at in *fields {
                assert_eq!(bytes[at..at + 4], [0; 4], "flags {flags}, byte {at}");
            }
        }
    }
}

#[test]
fn a_field_without_its_flag_is_refused() {
    for (flag, fields) in FLAGS {
        let without = entry_with(15 & !flag);
        for &at in fields {
            for number in numbers().filter(|&number| number != 0) {
                let decoded = with_field(&without, at, number);
                assert_eq!(decoded, Err(WireError::BadField), "byte {at}: {number:#x}");
            }
        }
    }
    // The upper half of a pointer.
    let decoded = with_field(&entry_with(7), 28, 1);
    assert_eq!(decoded, Err(WireError::BadField));
}

/// The first descriptor, root, and a text that the module refuses, as it is too short.
#[test]
fn a_flag_without_a_field_means_zero() {
    let mut bytes = bytes(&RuleEntry::default());
    put(&mut bytes, 4, 15);
    let expected = RuleEntry {
        exe: Some(0),
        uid: Some(0),
        gid: Some(0),
        cgroup: Some(UserText::default()),
        ..RuleEntry::default()
    };
    assert_eq!(RuleEntry::decode(&bytes), Ok(expected));
}

#[test]
fn flags_of_a_rule_that_have_no_meaning_are_refused() {
    for flags in numbers().filter(|&flags| flags > 15) {
        let decoded = with_field(&samples().rule, 4, flags);
        assert_eq!(decoded, Err(WireError::BadField), "{flags:#x}");
        let query: Result<RuleQuery, _> = with_field(&samples().rule_query, 28, flags);
        assert_eq!(query, Err(WireError::BadField), "{flags:#x}");
    }
}

#[test]
fn a_negative_descriptor_of_a_program_never_gets_through() {
    for fd in [-1, i32::MIN, -100] {
        let entry = RuleEntry {
            exe: Some(fd),
            ..RuleEntry::default()
        };
        assert_eq!(
            RuleEntry::decode(&bytes(&entry)),
            Err(WireError::BadField),
            "{fd}"
        );
        let query = RuleQuery {
            rule: entry,
            ..RuleQuery::default()
        };
        let decoded = RuleQuery::decode(&bytes(&query));
        assert_eq!(decoded, Err(WireError::BadField), "{fd}");
    }
    let last = RuleEntry {
        exe: Some(i32::MAX),
        ..RuleEntry::default()
    };
    assert_eq!(RuleEntry::decode(&bytes(&last)), Ok(last));
}

/// No user is -1, but a number has no wrong values.
#[test]
fn every_number_of_a_user_or_a_group_gets_through() {
    for number in numbers() {
        let entry: RuleEntry = with_field(&samples().rule, 12, number).unwrap();
        assert_eq!(entry.uid, Some(number));
        let entry: RuleEntry = with_field(&samples().rule, 16, number).unwrap();
        assert_eq!(entry.gid, Some(number));
    }
}

#[test]
fn a_rule_that_is_kept_has_an_id_and_nothing_else() {
    let kept = RuleEntry::kept(7);
    assert!(kept.names_nothing());
    let bytes = bytes(&kept);
    assert_eq!(bytes[..4], 7_u32.to_ne_bytes());
    assert!(bytes[4..].iter().all(|&byte| byte == 0));
    assert_eq!(RuleEntry::decode(&bytes), Ok(kept));
}

#[test]
fn an_empty_answer_and_an_empty_request_are_all_zero() {
    for bytes in [
        bytes(&RuleEntry::default()),
        bytes(&SetRulesRequest::default()),
        bytes(&RuleQuery::default()),
    ] {
        assert!(bytes.iter().all(|&byte| byte == 0));
    }
    assert_eq!(RuleQuery::decode(&[0; 80]), Ok(RuleQuery::default()));
    let none = SetRulesRequest::decode(&[0; 24]);
    assert_eq!(none, Ok(SetRulesRequest::default()));
}
