// SPDX-License-Identifier: GPL-2.0

//! The interface as user-space programs see it: numbers, offsets and rules that must
//! never change by accident.

mod check;
mod decode;
mod entries;
mod events;
mod grants;
mod host_loopback;
mod layout;
mod narrow;
mod obstacle;
mod older;
mod round_trip;
mod rules;
mod terms;

use addrconf_abi::{
    AddrEntry, AssignRequest, Bypass, Change, DefineRequest, FindRequest, GrantQuery, GrantRequest,
    HostLoopback, JoinRequest, LeftoverEntry, ListRequest, Name, NarrowHeader, Obstacle,
    QueryRequest, ReleaseRequest, RuleEntry, RuleQuery, SetRulesRequest, SourceChoice, Target,
    Terms, UndefineRequest, UpdateRequest, UserText, VersionReply, Wire, MAX_STRUCT,
};

fn bytes(value: &impl Wire) -> Vec<u8> {
    value.encode(&mut [0xff; MAX_STRUCT]).to_vec()
}

/// Step between the lengths and offsets that a test tries: all of them, but only some
/// in an interpreter (miri), which is slow.
const STRIDE: usize = if cfg!(miri) { 29 } else { 1 };

/// A valid value of each structure, with a different number in each field.
struct Samples {
    entry: AddrEntry,
    assign: AssignRequest,
    release: ReleaseRequest,
    query: QueryRequest,
    list: ListRequest,
    version: VersionReply,
    update: UpdateRequest,
    narrow: NarrowHeader,
    leftover: LeftoverEntry,
    define: DefineRequest,
    undefine: UndefineRequest,
    find: FindRequest,
    join: JoinRequest,
    rule: RuleEntry,
    set_rules: SetRulesRequest,
    rule_query: RuleQuery,
    grant: GrantRequest,
    grant_query: GrantQuery,
}

/// Terms with these fields. The others, future ones included, have their default.
fn terms(name: Name, source: SourceChoice, loopback: [u8; 4]) -> Terms {
    let mut terms = Terms::DEFAULT;
    terms.name = name;
    terms.source = source;
    terms.loopback = Some(loopback.into());
    terms
}

/// A network of the host's loopback.
fn host(addr: [u8; 4], len: u8) -> Option<HostLoopback> {
    let net = HostLoopback::new(addr.into(), len);
    assert!(net.is_some(), "{addr:?}/{len}");
    net
}

fn samples() -> Samples {
    let name = Name::new("web-1").unwrap();
    let mut addr = [0; 16];
    for (i, byte) in addr.iter_mut().enumerate() {
        *byte = 0xa0 + i as u8;
    }
    let rule = RuleEntry {
        id: 0x0102_0304,
        exe: Some(0x1112_1314),
        uid: Some(0x2122_2324),
        gid: Some(0x3132_3334),
        cgroup: Some(UserText {
            at: 0x5152_5354_5556_5758,
            len: 0x4142_4344,
        }),
        association: 0x6162_6364_6566_6768,
    };
    Samples {
        entry: AddrEntry {
            addr: addr.into(),
            prefix_len: 65,
        },
        assign: AssignRequest {
            target: Target::PidFd(0x0102_0304),
            addrs: 0x1112_1314_1516_1718,
            addr_count: 0x2122_2324,
            terms: Terms {
                exclusive: true,
                host_loopback: host([127, 0x81, 0x82, 0x80], 25),
                ..terms(name, SourceChoice::Random, [127, 0x41, 0x42, 0x43])
            },
            tree: false,
            reset: true,
            proof: Some(0x2922_2324),
            id: 0x3132_3334_3536_3738,
            obstacle: Some(Obstacle {
                bypass: Bypass::NetworkDevice,
                pid: 0x0102_0304,
                fd: Some(0x1112_1314),
            }),
        },
        release: ReleaseRequest {
            target: Target::Association(0x0102_0304_0506_0708),
            unused: true,
            tasks: 0x1112_1314_1516_1718,
        },
        query: QueryRequest {
            target: Target::Pid(0x0102_0304),
            addrs: 0x1112_1314_1516_1718,
            addr_room: 0x2122_2324,
            addr_count: 0x3132_3334,
            pids: 0x4142_4344_4546_4748,
            pid_room: 0x5152_5354,
            pid_count: 0x6162_6364,
            id: 0x7172_7374_7576_7778,
            tasks: 0x8182_8384_8586_8788,
            terms: Terms {
                allow_raw: true,
                host_loopback: host([127, 0x91, 0x92, 0x90], 28),
                ..terms(name, SourceChoice::Primary, [127, 0x51, 0x52, 0x53])
            },
            sockets: 0xa1a2_a3a4_a5a6_a7a8,
            defined: true,
            leftovers: 0xb1b2_b3b4_b5b6_b7b8,
            leftover_room: 0xc1c2_c3c4,
            leftover_count: 0xd1d2_d3d4,
            granted_to: Some(0xe1e2_e3e4),
        },
        list: ListRequest {
            after: 0x0102_0304_0506_0708,
            ids: 0x1112_1314_1516_1718,
            room: 0x2122_2324,
            count: 0x3132_3334,
            more: false,
        },
        version: VersionReply {
            abi: 0x0102_0304,
            max_addrs: 0x1112_1314,
            features: 0x2122_2324_2526_2728,
        },
        update: UpdateRequest {
            target: Target::Association(0x0102_0304_0506_0708),
            reset: true,
            addrs: 0x1112_1314_1516_1718,
            addr_count: 0x2122_2324,
            change: Change::Replace,
            resets: 0x3132_3334_3536_3738,
        },
        narrow: NarrowHeader {
            addr_count: 0x0102_0304,
            keep_loopback: true,
            name,
        },
        leftover: LeftoverEntry {
            addr: AddrEntry {
                addr: addr.into(),
                prefix_len: 128,
            },
            connections: 0x0102_0304_0506_0708,
        },
        define: DefineRequest {
            addrs: 0x0102_0304_0506_0708,
            addr_count: 0x1112_1314,
            terms: Terms {
                exclusive: true,
                host_loopback: host([127, 0xa1, 0xa2, 0xa0], 27),
                ..terms(name, SourceChoice::Random, [127, 0x41, 0x42, 0x43])
            },
            id: 0x2122_2324_2526_2728,
        },
        undefine: UndefineRequest {
            id: 0x0102_0304_0506_0708,
            tasks: 0x1112_1314_1516_1718,
        },
        find: FindRequest {
            name,
            id: 0x0102_0304_0506_0708,
        },
        join: JoinRequest {
            target: Target::PidFd(0x0102_0304),
            tree: true,
            reset: false,
            moves: true,
            proof: Some(0x2122_2324),
            id: 0x1112_1314_1516_1718,
            obstacle: Some(Obstacle {
                bypass: Bypass::NetworkDevice,
                pid: 0x0102_0304,
                fd: Some(0x1112_1314),
            }),
        },
        rule,
        set_rules: SetRulesRequest {
            rules: 0x0102_0304_0506_0708,
            count: 0x1112_1314,
            first_id: 0x2122_2324,
            generation: 0x3132_3334_3536_3738,
        },
        rule_query: RuleQuery {
            place: 0x7172_7374,
            path_room: 0x8182_8384,
            path: 0x9192_9394_9596_9798,
            cgroup: 0xa1a2_a3a4_a5a6_a7a8,
            rule,
            generation: 0xb1b2_b3b4_b5b6_b7b8,
            path_len: 0xc1c2_c3c4,
            count: 0xd1d2_d3d4,
        },
        grant: GrantRequest {
            uid: 0x0102_0304,
            addr_count: 0x1112_1314,
            addrs: 0x2122_2324_2526_2728,
        },
        grant_query: GrantQuery {
            uid: 0x0102_0304,
            addr_room: 0x1112_1314,
            addrs: 0x2122_2324_2526_2728,
            addr_count: 0x3132_3334,
            associations: 0x4142_4344,
        },
    }
}

/// Runs a generic check on a value of each structure.
macro_rules! for_each_structure {
    ($check:ident) => {{
        let samples = samples();
        $check(&samples.entry);
        $check(&samples.assign);
        $check(&samples.release);
        $check(&samples.query);
        $check(&samples.list);
        $check(&samples.version);
        $check(&samples.update);
        $check(&samples.narrow);
        $check(&samples.leftover);
        $check(&samples.define);
        $check(&samples.undefine);
        $check(&samples.find);
        $check(&samples.join);
        $check(&samples.rule);
        $check(&samples.set_rules);
        $check(&samples.rule_query);
        $check(&samples.grant);
        $check(&samples.grant_query);
    }};
}

use for_each_structure;
