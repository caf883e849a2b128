// SPDX-License-Identifier: GPL-2.0

//! The structures about grants, and the descriptor with which a caller proves that it may trace
//! a process.

use addrconf_abi::{AssignRequest, GrantQuery, GrantRequest, JoinRequest, Wire, WireError};

use super::decode::{numbers, with_field};
use super::{bytes, samples};

/// The flag of the descriptor.
const PROOF: u32 = 256;

#[test]
fn a_descriptor_counts_with_its_flag_and_is_zero_without() {
    let (assign, join) = (samples().assign, samples().join);
    let without = (
        AssignRequest {
            proof: None,
            ..assign
        },
        JoinRequest {
            proof: None,
            ..join
        },
    );
    for fd in numbers() {
        let valid = i32::try_from(fd).ok();
        let asked: Result<AssignRequest, _> = with_field(&assign, 28, fd);
        let joined: Result<JoinRequest, _> = with_field(&join, 36, fd);
        assert_eq!(asked.ok().map(|asked| asked.proof), valid.map(Some));
        assert_eq!(joined.ok().map(|joined| joined.proof), valid.map(Some));
        if fd != 0 {
            let refused = with_field(&without.0, 28, fd);
            assert_eq!(refused, Err(WireError::BadField), "{fd:#x}");
            let refused = with_field(&without.1, 36, fd);
            assert_eq!(refused, Err(WireError::BadField), "{fd:#x}");
        }
    }
}

#[test]
fn the_first_descriptor_is_one() {
    let assign = AssignRequest {
        proof: Some(0),
        ..samples().assign
    };
    assert_eq!(bytes(&assign)[28..32], [0; 4]);
    assert_eq!(AssignRequest::decode(&bytes(&assign)), Ok(assign));
}

#[test]
fn a_negative_descriptor_never_gets_through() {
    for fd in [-1, i32::MIN, -100] {
        let proof = Some(fd);
        let assign = AssignRequest {
            proof,
            ..samples().assign
        };
        let join = JoinRequest {
            proof,
            ..samples().join
        };
        let refused = Err(WireError::BadField);
        assert_eq!(AssignRequest::decode(&bytes(&assign)), refused);
        assert_eq!(JoinRequest::decode(&bytes(&join)), Err(WireError::BadField));
    }
}

/// A module of version 7 knows neither: it refuses the flag.
#[test]
fn requests_without_a_descriptor_are_those_of_version_7() {
    let assign = AssignRequest {
        proof: None,
        ..samples().assign
    };
    let flags = u32::from_ne_bytes(bytes(&assign)[4..8].try_into().unwrap());
    assert_eq!(flags & PROOF, 0);
    assert_eq!(bytes(&assign)[28..32], [0; 4]);
    let join = JoinRequest {
        proof: None,
        ..samples().join
    };
    assert_eq!(bytes(&join)[36..], [0; 4]);
}

#[test]
fn an_empty_answer_about_grants_is_all_zero() {
    assert_eq!(GrantQuery::decode(&[0; 24]), Ok(GrantQuery::default()));
    assert_eq!(GrantRequest::decode(&[0; 16]), Ok(GrantRequest::default()));
    assert!(bytes(&GrantQuery::default()).iter().all(|&b| b == 0));
}
