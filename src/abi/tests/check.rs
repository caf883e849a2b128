// SPDX-License-Identifier: GPL-2.0

//! Questions about calls, sockets and traffic, as programs see them.

use std::net::{IpAddr, Ipv4Addr};

use addrconf_abi::{
    CheckRequest, Command, CountsRequest, Operation, Refusal, SocketEntry, SocketsRequest, Target,
    Traffic, TrafficRequest, Wire, WireError, MAX_SOCKETS,
};
use proptest::prelude::*;

use super::bytes;

fn at<const N: usize>(value: &impl Wire, offset: usize) -> [u8; N] {
    bytes(value)[offset..][..N].try_into().unwrap()
}

fn check() -> CheckRequest {
    CheckRequest {
        refusal: Some(Refusal::LoopbackOfOther),
        errno: 13,
        source: Some([10, 0, 0, 1].into()),
        ..CheckRequest::about(
            Target::Pid(0x0102_0304),
            Operation::Connect,
            0x1112_1314,
            [192, 0, 2, 7].into(),
        )
    }
}

fn mapped(addr: [u8; 4]) -> [u8; 16] {
    Ipv4Addr::from(addr).to_ipv6_mapped().octets()
}

#[test]
fn numbers_and_sizes_are_these_for_ever() {
    assert_eq!(Command::Check.number(), 0xc040_a710);
    assert_eq!(Command::Sockets.number(), 0xc010_a711);
    assert_eq!(Command::Traffic.number(), 0xc008_a712);
    assert_eq!((CheckRequest::SIZE, CheckRequest::MIN_SIZE), (64, 64));
    assert_eq!((SocketsRequest::SIZE, SocketsRequest::MIN_SIZE), (16, 16));
    assert_eq!((SocketEntry::SIZE, SocketEntry::MIN_SIZE), (16, 16));
    assert_eq!((TrafficRequest::SIZE, TrafficRequest::MIN_SIZE), (8, 8));
    assert_eq!(MAX_SOCKETS, 1_048_576);
}

#[test]
fn fields_are_at_the_documented_offsets() {
    let check = check();
    assert_eq!(at(&check, 0), 2_u32.to_ne_bytes());
    assert_eq!(at(&check, 4), 3_u32.to_ne_bytes());
    assert_eq!(at(&check, 8), 0x0102_0304_u64.to_ne_bytes());
    assert_eq!(at(&check, 16), check.socket.to_ne_bytes());
    assert_eq!(at(&check, 20), 6_u16.to_ne_bytes());
    assert_eq!(at(&check, 22), 13_u16.to_ne_bytes());
    assert_eq!(at(&check, 24), mapped([192, 0, 2, 7]));
    assert_eq!(at(&check, 40), mapped([10, 0, 0, 1]));
    assert_eq!(at(&check, 56), 1_u32.to_ne_bytes());
    assert_eq!(at(&check, 60), [0; 4]);

    let sockets = SocketsRequest {
        sockets: 0x0102_0304_0506_0708,
        room: 0x1112_1314,
        count: 0x2122_2324,
    };
    assert_eq!(at(&sockets, 0), sockets.sockets.to_ne_bytes());
    assert_eq!(at(&sockets, 8), sockets.room.to_ne_bytes());
    assert_eq!(at(&sockets, 12), sockets.count.to_ne_bytes());
    let entry = SocketEntry {
        cookie: 0x0102_0304_0506_0708,
        association: 0x1112_1314_1516_1718,
    };
    assert_eq!(at(&entry, 0), entry.cookie.to_ne_bytes());
    assert_eq!(at(&entry, 8), entry.association.to_ne_bytes());

    let mut counts = CountsRequest::about(Target::Association(7));
    counts.received = Traffic {
        packets: 0x0102,
        bytes: 0x0304,
    };
    counts.sent = Traffic {
        packets: 0x0506,
        bytes: 0x0708,
    };
    for (offset, number) in [(160, 0x0102), (168, 0x0304), (176, 0x0506), (184, 0x0708)] {
        assert_eq!(at(&counts, offset), u64::to_ne_bytes(number));
    }
}

#[test]
fn traffic_is_asked_about_with_these_numbers() {
    for (number, change) in [(0_u32, None), (1, Some(false)), (2, Some(true))] {
        let request = TrafficRequest {
            change,
            counted: true,
        };
        assert_eq!(at(&request, 0), number.to_ne_bytes());
        assert_eq!(at(&request, 4), 1_u32.to_ne_bytes());
    }
    let mut unknown = bytes(&TrafficRequest::default());
    unknown[..4].copy_from_slice(&3_u32.to_ne_bytes());
    assert_eq!(TrafficRequest::decode(&unknown), Err(WireError::BadField));
}

#[test]
fn an_older_program_gets_the_numbers_that_it_knows() {
    let mut counts = CountsRequest::about(Target::Association(7));
    counts.refused[0] = 5;
    counts.sent.bytes = 9;
    let older = CountsRequest::decode(&bytes(&counts)[..CountsRequest::MIN_SIZE]).unwrap();
    assert_eq!((older.refused[0], older.sent), (5, Traffic::NONE));
}

#[test]
fn a_question_about_another_operation_is_refused() {
    let mut asked = bytes(&check());
    for operation in (0..40_u32).filter(|operation| ![1, 3].contains(operation)) {
        asked[4..8].copy_from_slice(&operation.to_ne_bytes());
        assert_eq!(CheckRequest::decode(&asked), Err(WireError::BadField));
    }
}

#[test]
fn a_reserved_word_and_a_negative_descriptor_are_refused() {
    let mut asked = bytes(&check());
    asked[60] = 1;
    assert_eq!(CheckRequest::decode(&asked), Err(WireError::BadField));
    let negative = CheckRequest {
        socket: -1,
        ..check()
    };
    let negative = CheckRequest::decode(&bytes(&negative));
    assert_eq!(negative, Err(WireError::BadField));
}

proptest! {
    #[test]
    fn a_question_reads_back_the_same(
        pid in 1..i32::MAX, connect in any::<bool>(), socket in 0..i32::MAX,
        addr in any::<IpAddr>(), refusal in proptest::option::of(0..26_usize), errno in any::<u16>(),
        source in proptest::option::of(any::<IpAddr>()),
    ) {
        let operation = if connect { Operation::Connect } else { Operation::Bind };
        let check = CheckRequest {
            refusal: refusal.map(|nr| Refusal::ALL[nr]),
            errno,
            // An IPv4-mapped address reads back as IPv4.
            source: source.map(|source| source.to_canonical()),
            ..CheckRequest::about(Target::Pid(pid), operation, socket, addr.to_canonical())
        };
        prop_assert_eq!(CheckRequest::decode(&bytes(&check)), Ok(check));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (CheckRequest::decode(&junk), SocketsRequest::decode(&junk));
        let _ = (SocketEntry::decode(&junk), TrafficRequest::decode(&junk));
    }

    #[test]
    fn traffic_reads_back_the_same(numbers in any::<[u64; 4]>()) {
        let [packets, bytes_in, sent, bytes_out] = numbers;
        let counts = CountsRequest {
            received: Traffic { packets, bytes: bytes_in },
            sent: Traffic { packets: sent, bytes: bytes_out },
            ..CountsRequest::about(Target::Pid(7))
        };
        prop_assert_eq!(CountsRequest::decode(&bytes(&counts)), Ok(counts));
    }
}
