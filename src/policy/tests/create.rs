// SPDX-License-Identifier: GPL-2.0

//! `socket()`.

use super::super::{create, Refusal};
use super::*;

const STREAM: i32 = 1;
const DGRAM: i32 = 2;
const RAW: i32 = 3;
const SEQPACKET: i32 = 5;

#[test]
fn tcp_udp_ping_and_families_without_network_addresses_are_covered() {
    for family in [2, 10] {
        for (kind, protocol) in [(STREAM, 0), (STREAM, 6), (DGRAM, 0), (DGRAM, 17)] {
            assert_eq!(create(family, kind, protocol, false), Ok(()));
        }
    }
    assert_eq!(create(2, DGRAM, 1, false), Ok(()));
    assert_eq!(create(10, DGRAM, 58, false), Ok(()));
    assert_eq!(create(1, STREAM, 0, false), Ok(()));
    assert_eq!(create(16, RAW, 0, false), Ok(()));
    assert_eq!(create(38, SEQPACKET, 0, false), Ok(()));
}

#[test]
fn mptcp_is_refused_in_the_way_go_falls_back_on() {
    assert_eq!(
        create(2, STREAM, 262, false),
        Err(Refusal::ProtocolNotCovered)
    );
    assert_eq!(Refusal::ProtocolNotCovered.errno(), 93);
}

#[test]
fn raw_and_packet_sockets_are_not_permitted() {
    assert_eq!(create(2, RAW, 1, false), Err(Refusal::KindNotCovered));
    assert_eq!(create(10, RAW, 58, false), Err(Refusal::KindNotCovered));
    assert_eq!(create(17, RAW, 0, false), Err(Refusal::KindNotCovered));
    assert_eq!(create(17, DGRAM, 0, false), Err(Refusal::KindNotCovered));
}

proptest! {
    #[test]
    fn whatever_is_not_listed_is_refused(family in -1_i32..64, kind in -1_i32..16, protocol in -1_i32..300) {
        let covered = matches!(
            (family, kind, protocol),
            (1 | 16 | 38, _, _)
                | (2 | 10, STREAM, 0 | 6)
                | (2 | 10, DGRAM, 0 | 17)
                | (2, DGRAM, 1)
                | (10, DGRAM, 58)
        );
        prop_assert_eq!(create(family, kind, protocol, false).is_ok(), covered);
    }
}

#[test]
fn raw_sockets_are_there_for_those_who_are_allowed_them() {
    assert_eq!(create(2, RAW, 1, true), Ok(()));
    assert_eq!(create(2, RAW, 255, true), Ok(()));
    assert_eq!(create(10, RAW, 58, true), Ok(()));
    assert_eq!(create(17, RAW, 0, true), Err(Refusal::KindNotCovered));
    assert_eq!(
        create(2, STREAM, 262, true),
        Err(Refusal::ProtocolNotCovered)
    );
}
