// SPDX-License-Identifier: GPL-2.0

//! Events and numbers of refusals, as programs read them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use addrconf_abi::{
    Command, CountsRequest, Event, Happening, Name, Operation, Refusal, Target, WatchRequest, Wire,
    WireError, COMM_LEN, MAX_KEPT, MAX_RECENT,
};
use proptest::prelude::*;

use super::bytes;
use super::terms::name;

fn at<const N: usize>(value: &impl Wire, offset: usize) -> [u8; N] {
    bytes(value)[offset..][..N].try_into().unwrap()
}

#[test]
fn numbers_and_sizes_are_these_for_ever() {
    assert_eq!(Command::Watch.number(), 0x4010_a70e);
    assert_eq!(Command::Counts.number(), 0xc0c0_a70f);
    assert_eq!((Event::SIZE, Event::MIN_SIZE), (128, 128));
    assert_eq!((WatchRequest::SIZE, WatchRequest::MIN_SIZE), (16, 16));
    assert_eq!((CountsRequest::SIZE, CountsRequest::MIN_SIZE), (192, 160));
    assert_eq!((MAX_RECENT, MAX_KEPT, COMM_LEN), (512, 65_536, 16));
    assert_eq!(Operation::PacketOut as u16, 11);
    assert_eq!(Refusal::PacketDestination as u16, 26);
    assert_eq!(Happening::Lost as u16, 8);
}

#[test]
fn numbers_ascend_from_one_and_names_are_unique() {
    let operations = Operation::ALL.map(|operation| operation as u16);
    assert!(operations.into_iter().eq(1..=11));
    for (place, operation) in Operation::ALL.into_iter().enumerate() {
        assert_eq!(operation.index(), place);
        assert_eq!(Operation::from_value(operation as u16), Some(operation));
    }
    assert!(Refusal::ALL
        .map(|refusal| refusal as u16)
        .into_iter()
        .eq(1..=26));
    assert!(Happening::ALL.map(|what| what as u16).into_iter().eq(1..=8));
    let names: Vec<_> = Operation::ALL
        .map(Operation::name)
        .into_iter()
        .chain(Happening::ALL.map(Happening::name))
        .chain(Refusal::ALL.map(Refusal::name))
        .collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn fields_are_at_the_documented_offsets() {
    let event = Event {
        operation: Some(Operation::Connect),
        refusal: Some(Refusal::LoopbackOfOther),
        address: Some(([10, 0, 0, 1].into(), 0x0102)),
        time: 0x1112_1314_1516_1718,
        pid: 0x2122_2324,
        tid: 0x3132_3334,
        comm: *b"nginx\0\0\0\0\0\0\0\0\0\0\0",
        errno: 13,
        held_back: 0x4142_4344,
        lost: 0x5152_5354,
        ..Event::of(Happening::Refused, 0x6162_6364, Name::new("web-1").unwrap())
    };
    assert_eq!(at(&event, 0), 1_u16.to_ne_bytes());
    assert_eq!(at(&event, 2), 3_u16.to_ne_bytes());
    assert_eq!(at(&event, 4), 6_u16.to_ne_bytes());
    assert_eq!(at(&event, 6), 0x0102_u16.to_ne_bytes());
    assert_eq!(at(&event, 8), event.time.to_ne_bytes());
    assert_eq!(at(&event, 16), event.association.to_ne_bytes());
    assert_eq!(at(&event, 24), event.pid.to_ne_bytes());
    assert_eq!(at(&event, 28), event.tid.to_ne_bytes());
    assert_eq!(at(&event, 32), event.comm);
    assert_eq!(
        at(&event, 48),
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1]
    );
    assert_eq!(at(&event, 64), 13_u32.to_ne_bytes());
    assert_eq!(at(&event, 68), 1_u32.to_ne_bytes());
    assert_eq!(at(&event, 72), event.held_back.to_ne_bytes());
    assert_eq!(at(&event, 76), event.lost.to_ne_bytes());
    assert_eq!(at(&event, 80), *b"web-1");
    assert_eq!(at(&event, 112), [0; 16]);

    let watch = WatchRequest {
        association: 0x0102_0304,
        room: 0x1112,
        recent: true,
    };
    assert_eq!(at(&watch, 0), watch.association.to_ne_bytes());
    assert_eq!(at(&watch, 8), watch.room.to_ne_bytes());
    assert_eq!(at(&watch, 12), 1_u32.to_ne_bytes());

    let mut counts = CountsRequest::about(Target::Association(7));
    (counts.id, counts.held_back) = (0x0102, 0x0304);
    counts.refused[10] = 0x0506;
    assert_eq!(at(&counts, 0), 3_u32.to_ne_bytes());
    assert_eq!(at(&counts, 8), 7_u64.to_ne_bytes());
    assert_eq!(at(&counts, 16), counts.id.to_ne_bytes());
    assert_eq!(at(&counts, 24), counts.held_back.to_ne_bytes());
    assert_eq!(at(&counts, 32 + 10 * 8), counts.refused[10].to_ne_bytes());
}

#[test]
fn what_a_newer_module_tells_is_no_error() {
    let mut told = bytes(&Event::of(Happening::Made, 1, Name::default()));
    told[..6].fill(0xff);
    told[112..].fill(0xff);
    let event = Event::decode(&told).unwrap();
    assert_eq!(
        (event.what, event.operation, event.refusal),
        (None, None, None)
    );
    assert_eq!(event.association, 1);
}

#[test]
fn a_flag_without_a_meaning_is_refused() {
    let mut watch = bytes(&WatchRequest::default());
    for flags in 2_u32..4 {
        watch[12..].copy_from_slice(&flags.to_ne_bytes());
        assert_eq!(WatchRequest::decode(&watch), Err(WireError::BadField));
    }
}

prop_compose! {
    fn event()(
        what in 0..8_usize, operation in proptest::option::of(0..11_usize),
        refusal in proptest::option::of(0..26_usize),
        address in proptest::option::of((any::<IpAddr>(), any::<u16>())),
        (time, association) in any::<(u64, u64)>(), (pid, tid, errno) in any::<(u32, u32, u32)>(),
        comm in any::<[u8; COMM_LEN]>(), (held_back, lost) in any::<(u32, u32)>(), name in name(),
    ) -> Event {
        Event {
            operation: operation.map(|nr| Operation::ALL[nr]),
            refusal: refusal.map(|nr| Refusal::ALL[nr]),
            // An IPv4-mapped address reads back as IPv4.
            address: address.map(|(addr, port)| (addr.to_canonical(), port)),
            time, pid, tid, comm, errno, held_back, lost,
            ..Event::of(Happening::ALL[what], association, name)
        }
    }
}

proptest! {
    #[test]
    fn an_event_reads_back_the_same(event in event()) {
        prop_assert_eq!(Event::decode(&bytes(&event)), Ok(event));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (Event::decode(&junk), WatchRequest::decode(&junk), CountsRequest::decode(&junk));
    }

    #[test]
    fn counts_read_back_the_same(id in any::<u64>(), held_back in any::<u64>(), refused in any::<[u64; 11]>()) {
        let counts = CountsRequest { id, held_back, refused, ..CountsRequest::about(Target::Pid(7)) };
        prop_assert_eq!(CountsRequest::decode(&bytes(&counts)), Ok(counts));
    }
}
