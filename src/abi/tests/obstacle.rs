// SPDX-License-Identifier: GPL-2.0

//! The obstacle that an assign request names: kinds, process and descriptor.

use addrconf_abi::{AssignRequest, Bypass, Obstacle, Target, Wire};

use super::bytes;

fn decoded(kind: u32, pid: u32, fd: u32) -> Option<Obstacle> {
    let mut bytes = bytes(&AssignRequest::about(Target::Pid(1)));
    for (at, word) in [(80, kind), (84, pid), (88, fd)] {
        bytes[at..at + 4].copy_from_slice(&word.to_ne_bytes());
    }
    AssignRequest::decode(&bytes).unwrap().obstacle
}

#[test]
fn every_kind_has_the_number_it_always_had() {
    for (nr, bypass) in (1..).zip(Bypass::ALL) {
        assert_eq!(bypass as u32, nr);
        let obstacle = Obstacle {
            bypass,
            pid: 812,
            fd: Some(3),
        };
        assert_eq!(decoded(nr, 812, 3), Some(obstacle));
    }
}

#[test]
fn nothing_is_in_the_way_where_there_is_no_kind_or_one_that_is_not_known_here() {
    for kind in [0, Bypass::ALL.len() as u32 + 1, u32::MAX] {
        assert_eq!(decoded(kind, 812, 3), None, "{kind}");
    }
}

#[test]
fn what_is_no_descriptor_has_none() {
    let fd = |fd| decoded(1, 812, fd).and_then(|obstacle| obstacle.fd);
    assert_eq!(fd(0), Some(0));
    assert_eq!(fd(u32::MAX), None);
}
