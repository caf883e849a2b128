// SPDX-License-Identifier: GPL-2.0

//! Numbers and offsets, compared with constants computed by hand.

use std::fmt::Debug;

use addrconf_abi::{
    AddrEntry, AssignRequest, Command, DefineRequest, FindRequest, GrantQuery, GrantRequest,
    JoinRequest, LeftoverEntry, ListRequest, NarrowHeader, QueryRequest, ReleaseRequest, RuleEntry,
    RuleQuery, SetRulesRequest, Target, Terms, UndefineRequest, UpdateRequest, Wire, ABI_VERSION,
    DEVICE_PATH, LSM_ATTR_CURRENT, LSM_ID_ADDRCONF, MAX_ADDRS, MAX_GRANTS, MAX_RULES, NAME_LEN,
};

use super::{bytes, for_each_structure, samples, Samples};

#[test]
fn ioctl_numbers_are_these_for_ever() {
    // Computed by hand: direction << 30 | size << 16 | type << 8 | number.
    assert_eq!(Command::Version.number(), 0x8010_a700);
    assert_eq!(Command::Assign.number(), 0xc068_a701);
    assert_eq!(Command::Release.number(), 0xc018_a702);
    assert_eq!(Command::Query.number(), 0xc0a8_a703);
    assert_eq!(Command::List.number(), 0xc020_a704);
    assert_eq!(Command::Update.number(), 0xc028_a705);
    assert_eq!(Command::Define.number(), 0xc048_a706);
    assert_eq!(Command::Undefine.number(), 0xc010_a707);
    assert_eq!(Command::Find.number(), 0xc028_a708);
    assert_eq!(Command::Join.number(), 0xc028_a709);
    assert_eq!(Command::SetRules.number(), 0xc018_a70a);
    assert_eq!(Command::Rule.number(), 0xc050_a70b);
    assert_eq!(Command::Grant.number(), 0xc010_a70c);
    assert_eq!(Command::Grants.number(), 0xc018_a70d);
}

#[test]
fn names_and_limits_are_these_for_ever() {
    assert_eq!(ABI_VERSION, 10);
    assert_eq!(DEVICE_PATH, "/dev/addrconf");
    assert_eq!((MAX_ADDRS, MAX_RULES, NAME_LEN), (1024, 256, 32));
    assert_eq!(MAX_GRANTS, 256);
    assert_eq!((LSM_ID_ADDRCONF, LSM_ATTR_CURRENT), (114, 100));
}

#[test]
fn structures_have_these_sizes_now_and_in_their_first_version() {
    fn sizes<T: Wire>() -> (usize, usize) {
        (T::SIZE, T::MIN_SIZE)
    }
    assert_eq!(sizes::<AssignRequest>(), (104, 72));
    assert_eq!(sizes::<QueryRequest>(), (168, 96));
    assert_eq!(sizes::<UpdateRequest>(), (40, 40));
    assert_eq!(sizes::<NarrowHeader>(), (40, 40));
    assert_eq!(sizes::<LeftoverEntry>(), (32, 32));
    assert_eq!(sizes::<DefineRequest>(), (72, 64));
    assert_eq!(sizes::<UndefineRequest>(), (16, 16));
    assert_eq!(sizes::<FindRequest>(), (40, 40));
    assert_eq!(sizes::<JoinRequest>(), (40, 40));
    assert_eq!(sizes::<RuleEntry>(), (40, 40));
    assert_eq!(sizes::<SetRulesRequest>(), (24, 24));
    assert_eq!(sizes::<RuleQuery>(), (80, 80));
    assert_eq!(sizes::<GrantRequest>(), (16, 16));
    assert_eq!(sizes::<GrantQuery>(), (24, 24));
}

#[test]
fn every_byte_of_a_structure_means_something() {
    // If SIZE exceeded the sum of the fields, changing the last bytes would change
    // nothing. If it were smaller, the round trips would lose the last field.
    fn check<T: Wire + PartialEq + Debug>(value: &T) {
        // Unknown flags of an answer are ignored, and so is what older modules put into the
        // bytes that are reserved at the end.
        let unread = |at| {
            T::SIZE == QueryRequest::SIZE && ((120..124).contains(&at) || (144..152).contains(&at))
        };
        for at in (0..T::SIZE).filter(|&at| !unread(at)) {
            let mut bytes = bytes(value);
            bytes[at] ^= 0x80;
            assert_ne!(T::decode(&bytes).as_ref(), Ok(value), "byte {at}");
        }
    }
    for_each_structure!(check);
}

#[test]
fn fields_are_at_the_documented_offsets() {
    fn at<const N: usize>(value: &impl Wire, offset: usize) -> [u8; N] {
        bytes(value)[offset..][..N].try_into().unwrap()
    }
    let Samples {
        entry,
        assign,
        release,
        query,
        list,
        version,
        update,
        narrow,
        leftover,
        define,
        undefine,
        find,
        join,
        rule,
        set_rules,
        rule_query,
        grant,
        grant_query,
    } = samples();
    let mut name = [0; 32];
    name[..5].copy_from_slice(b"web-1");

    assert_eq!(at(&entry, 0), 10_u16.to_ne_bytes());
    assert_eq!(at(&entry, 2), [65]);
    assert_eq!(std::net::IpAddr::from(at::<16>(&entry, 8)), entry.addr);

    assert_eq!(at(&assign, 0), 1_u32.to_ne_bytes());
    assert_eq!(at(&assign, 4), 261_u32.to_ne_bytes());
    assert_eq!(at(&assign, 8), 0x0102_0304_u64.to_ne_bytes());
    assert_eq!(at(&assign, 16), assign.addrs.to_ne_bytes());
    assert_eq!(at(&assign, 24), assign.addr_count.to_ne_bytes());
    assert_eq!(at(&assign, 28), 0x2922_2324_u32.to_ne_bytes());
    assert_eq!(at(&assign, 32), name);
    assert_eq!(at(&assign, 64), assign.id.to_ne_bytes());
    assert_eq!(at(&assign, 72), 2_u32.to_ne_bytes());
    assert_eq!(at(&assign, 76), [127, 0x41, 0x42, 0x43]);
    assert_eq!(at(&assign, 80), 6_u32.to_ne_bytes());
    assert_eq!(at(&assign, 84), 0x0102_0304_u32.to_ne_bytes());
    assert_eq!(at(&assign, 88), 0x1112_1314_u32.to_ne_bytes());
    assert_eq!(at(&assign, 92), [0; 4]);
    assert_eq!(at(&assign, 96), [127, 0x81, 0x82, 0x80, 25, 0, 0, 0]);

    assert_eq!(at(&define, 0), define.addrs.to_ne_bytes());
    assert_eq!(at(&define, 8), define.addr_count.to_ne_bytes());
    assert_eq!(at(&define, 12), 1_u32.to_ne_bytes());
    assert_eq!(at(&define, 16), name);
    assert_eq!(at(&define, 48), 2_u32.to_ne_bytes());
    assert_eq!(at(&define, 52), [127, 0x41, 0x42, 0x43]);
    assert_eq!(at(&define, 56), define.id.to_ne_bytes());
    assert_eq!(at(&define, 64), [127, 0xa1, 0xa2, 0xa0, 27, 0, 0, 0]);

    assert_eq!(at(&undefine, 0), undefine.id.to_ne_bytes());
    assert_eq!(at(&undefine, 8), undefine.tasks.to_ne_bytes());

    assert_eq!(at(&find, 0), name);
    assert_eq!(at(&find, 32), find.id.to_ne_bytes());

    assert_eq!(at(&join, 0), 1_u32.to_ne_bytes());
    assert_eq!(at(&join, 4), 266_u32.to_ne_bytes());
    assert_eq!(at(&join, 8), 0x0102_0304_u64.to_ne_bytes());
    assert_eq!(at(&join, 16), join.id.to_ne_bytes());
    assert_eq!(at(&join, 24), 6_u32.to_ne_bytes());
    assert_eq!(at(&join, 28), 0x0102_0304_u32.to_ne_bytes());
    assert_eq!(at(&join, 32), 0x1112_1314_u32.to_ne_bytes());
    assert_eq!(at(&join, 36), 0x2122_2324_u32.to_ne_bytes());

    assert_eq!(at(&grant, 0), grant.uid.to_ne_bytes());
    assert_eq!(at(&grant, 4), grant.addr_count.to_ne_bytes());
    assert_eq!(at(&grant, 8), grant.addrs.to_ne_bytes());

    assert_eq!(at(&grant_query, 0), grant_query.uid.to_ne_bytes());
    assert_eq!(at(&grant_query, 4), grant_query.addr_room.to_ne_bytes());
    assert_eq!(at(&grant_query, 8), grant_query.addrs.to_ne_bytes());
    assert_eq!(at(&grant_query, 16), grant_query.addr_count.to_ne_bytes());
    let associations = grant_query.associations.to_ne_bytes();
    assert_eq!(at(&grant_query, 20), associations);

    assert_eq!(at(&rule, 0), 0x0102_0304_u32.to_ne_bytes());
    assert_eq!(at(&rule, 4), 15_u32.to_ne_bytes());
    assert_eq!(at(&rule, 8), 0x1112_1314_u32.to_ne_bytes());
    assert_eq!(at(&rule, 12), 0x2122_2324_u32.to_ne_bytes());
    assert_eq!(at(&rule, 16), 0x3132_3334_u32.to_ne_bytes());
    assert_eq!(at(&rule, 20), 0x4142_4344_u32.to_ne_bytes());
    assert_eq!(at(&rule, 24), 0x5152_5354_5556_5758_u64.to_ne_bytes());
    assert_eq!(at(&rule, 32), rule.association.to_ne_bytes());

    assert_eq!(at(&set_rules, 0), set_rules.rules.to_ne_bytes());
    assert_eq!(at(&set_rules, 8), set_rules.count.to_ne_bytes());
    assert_eq!(at(&set_rules, 12), set_rules.first_id.to_ne_bytes());
    assert_eq!(at(&set_rules, 16), set_rules.generation.to_ne_bytes());

    assert_eq!(at(&rule_query, 0), rule_query.place.to_ne_bytes());
    assert_eq!(at(&rule_query, 4), rule_query.path_room.to_ne_bytes());
    assert_eq!(at(&rule_query, 8), rule_query.path.to_ne_bytes());
    assert_eq!(at(&rule_query, 16), rule_query.cgroup.to_ne_bytes());
    let told: [u8; RuleEntry::SIZE] = at(&rule_query, 24);
    assert_eq!(told, bytes(&rule)[..]);
    assert_eq!(at(&rule_query, 64), rule_query.generation.to_ne_bytes());
    assert_eq!(at(&rule_query, 72), rule_query.path_len.to_ne_bytes());
    assert_eq!(at(&rule_query, 76), rule_query.count.to_ne_bytes());

    assert_eq!(at(&release, 0), 3_u32.to_ne_bytes());
    assert_eq!(at(&release, 4), 1_u32.to_ne_bytes());
    assert_eq!(at(&release, 8), 0x0102_0304_0506_0708_u64.to_ne_bytes());
    assert_eq!(at(&release, 16), release.tasks.to_ne_bytes());

    assert_eq!(at(&query, 0), 2_u32.to_ne_bytes());
    assert_eq!(at(&query, 8), 0x0102_0304_u64.to_ne_bytes());
    assert_eq!(at(&query, 16), query.addrs.to_ne_bytes());
    assert_eq!(at(&query, 24), query.addr_room.to_ne_bytes());
    assert_eq!(at(&query, 28), query.addr_count.to_ne_bytes());
    assert_eq!(at(&query, 32), query.pids.to_ne_bytes());
    assert_eq!(at(&query, 40), query.pid_room.to_ne_bytes());
    assert_eq!(at(&query, 44), query.pid_count.to_ne_bytes());
    assert_eq!(at(&query, 48), query.id.to_ne_bytes());
    assert_eq!(at(&query, 56), query.tasks.to_ne_bytes());
    assert_eq!(at(&query, 64), name);
    assert_eq!(at(&query, 96), 0_u32.to_ne_bytes());
    let exclusive = QueryRequest {
        terms: Terms {
            exclusive: true,
            ..query.terms
        },
        ..query
    };
    assert_eq!(at(&exclusive, 96), 1_u32.to_ne_bytes());
    assert_eq!(at(&exclusive, 120), 25_u32.to_ne_bytes());
    assert_eq!(at(&query, 100), 1_u32.to_ne_bytes());
    assert_eq!(at(&query, 104), [127, 0x51, 0x52, 0x53]);
    assert_eq!(at(&query, 112), query.sockets.to_ne_bytes());
    assert_eq!(at(&query, 120), 24_u32.to_ne_bytes());
    assert_eq!(at(&query, 128), query.leftovers.to_ne_bytes());
    assert_eq!(at(&query, 136), query.leftover_room.to_ne_bytes());
    assert_eq!(at(&query, 140), query.leftover_count.to_ne_bytes());
    assert_eq!(at(&query, 144), 0_u64.to_ne_bytes());
    assert_eq!(at(&query, 152), [127, 0x91, 0x92, 0x90, 28, 0, 0, 0]);
    assert_eq!(at(&query, 160), 0xe1e2_e3e4_u32.to_ne_bytes());

    let addr: [u8; AddrEntry::SIZE] = at(&leftover, 0);
    assert_eq!(addr, bytes(&leftover.addr)[..]);
    assert_eq!(at(&leftover, 24), leftover.connections.to_ne_bytes());

    let all = ReleaseRequest::about(Target::All);
    assert_eq!(at(&all, 0), 4_u32.to_ne_bytes());
    assert_eq!(at(&all, 4), [0; 4]);
    assert_eq!(at(&all, 8), [0; 8]);

    assert_eq!(at(&list, 0), list.after.to_ne_bytes());
    assert_eq!(at(&list, 8), list.ids.to_ne_bytes());
    assert_eq!(at(&list, 16), list.room.to_ne_bytes());
    assert_eq!(at(&list, 24), list.count.to_ne_bytes());
    let more = ListRequest { more: true, ..list };
    assert_eq!(at(&more, 28), 1_u32.to_ne_bytes());

    assert_eq!(at(&version, 0), version.abi.to_ne_bytes());
    assert_eq!(at(&version, 4), version.max_addrs.to_ne_bytes());
    assert_eq!(at(&version, 8), version.features.to_ne_bytes());

    assert_eq!(at(&update, 0), 3_u32.to_ne_bytes());
    assert_eq!(at(&update, 4), 4_u32.to_ne_bytes());
    assert_eq!(at(&update, 8), 0x0102_0304_0506_0708_u64.to_ne_bytes());
    assert_eq!(at(&update, 16), update.addrs.to_ne_bytes());
    assert_eq!(at(&update, 24), update.addr_count.to_ne_bytes());
    assert_eq!(at(&update, 28), 3_u32.to_ne_bytes());
    assert_eq!(at(&update, 32), update.resets.to_ne_bytes());

    assert_eq!(at(&narrow, 0), narrow.addr_count.to_ne_bytes());
    assert_eq!(at(&narrow, 4), 1_u32.to_ne_bytes());
    assert_eq!(at(&narrow, 8), name);
}
