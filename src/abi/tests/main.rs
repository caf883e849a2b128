// SPDX-License-Identifier: GPL-2.0

//! The interface as every user-space program sees it: numbers, offsets and
//! rules that must never change by accident.

mod decode;
mod layout;
mod round_trip;

use addrconf_abi::{
    AddrEntry, AssignRequest, Family, ListRequest, Name, QueryRequest, ReleaseRequest, Target,
    VersionReply, Wire, MAX_STRUCT,
};

fn bytes(value: &impl Wire) -> Vec<u8> {
    value.encode(&mut [0xff; MAX_STRUCT]).to_vec()
}

/// A valid value of each structure, with a number of its own in each field.
fn samples() -> (
    AddrEntry,
    AssignRequest,
    ReleaseRequest,
    QueryRequest,
    ListRequest,
    VersionReply,
) {
    let name = Name::new("web-1").unwrap();
    let mut addr = [0; 16];
    for (i, byte) in addr.iter_mut().enumerate() {
        *byte = 0xa0 + i as u8;
    }
    (
        AddrEntry {
            family: Family::V6,
            prefix_len: 65,
            addr,
        },
        AssignRequest {
            target: Target::PidFd(0x0102_0304),
            addrs: 0x1112_1314_1516_1718,
            addr_count: 0x2122_2324,
            name,
            id: 0x3132_3334_3536_3738,
        },
        ReleaseRequest {
            target: Target::Association(0x0102_0304_0506_0708),
            tasks: 0x1112_1314_1516_1718,
        },
        QueryRequest {
            target: Target::Pid(0x0102_0304),
            addrs: 0x1112_1314_1516_1718,
            addr_room: 0x2122_2324,
            addr_count: 0x3132_3334,
            pids: 0x4142_4344_4546_4748,
            pid_room: 0x5152_5354,
            pid_count: 0x6162_6364,
            id: 0x7172_7374_7576_7778,
            tasks: 0x8182_8384_8586_8788,
            name,
        },
        ListRequest {
            after: 0x0102_0304_0506_0708,
            ids: 0x1112_1314_1516_1718,
            room: 0x2122_2324,
            count: 0x3132_3334,
            more: false,
        },
        VersionReply {
            abi: 0x0102_0304,
            max_addrs: 0x1112_1314,
            features: 0x2122_2324_2526_2728,
        },
    )
}

/// Runs a generic check on a value of each structure.
macro_rules! for_each_structure {
    ($check:ident) => {{
        let (entry, assign, release, query, list, version) = samples();
        $check(&entry);
        $check(&assign);
        $check(&release);
        $check(&query);
        $check(&list);
        $check(&version);
    }};
}

use for_each_structure;
