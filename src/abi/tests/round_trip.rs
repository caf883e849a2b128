// SPDX-License-Identifier: GPL-2.0

//! What is written reads back the same, and no bytes make the parser panic.

use std::fmt::Debug;

use addrconf_abi::{
    nr_of, size_of_arg, AddrEntry, AssignRequest, Bypass, Change, Command, DefineRequest,
    FindRequest, GrantQuery, GrantRequest, JoinRequest, LeftoverEntry, ListRequest, Name,
    NarrowHeader, Obstacle, QueryRequest, ReleaseRequest, RuleEntry, RuleQuery, SetRulesRequest,
    Target, Terms, UndefineRequest, UpdateRequest, UserText, VersionReply, Wire, NAME_LEN,
};
use proptest::prelude::*;

use super::bytes;
use super::terms::{name, terms};

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        (0..=i32::MAX).prop_map(Target::PidFd),
        (1..=i32::MAX).prop_map(Target::Pid),
        any::<u64>().prop_map(Target::Association),
        Just(Target::All),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Add),
        Just(Change::Remove),
        Just(Change::Replace)
    ]
}

prop_compose! {
    fn addr_entry()(v6 in any::<bool>(), len in 0_u8..=128, addr in any::<[u8; 16]>()) -> AddrEntry {
        let [a, b, c, d, ..] = addr;
        match v6 {
            true => AddrEntry { addr: addr.into(), prefix_len: len },
            false => AddrEntry { addr: [a, b, c, d].into(), prefix_len: len.min(32) },
        }
    }
}

prop_compose! {
    fn obstacle()(
        nr in 0..Bypass::ALL.len(), pid in any::<i32>(),
        fd in proptest::option::of(0..i32::MAX as u32),
    ) -> Obstacle {
        Obstacle { bypass: Bypass::ALL[nr], pid, fd }
    }
}

prop_compose! {
    fn assign()(
        target in target(), addrs in any::<u64>(), addr_count in any::<u32>(),
        terms in terms(), (tree, reset) in any::<(bool, bool)>(), id in any::<u64>(),
        obstacle in proptest::option::of(obstacle()), proof in proptest::option::of(0..=i32::MAX),
    ) -> AssignRequest {
        AssignRequest { target, addrs, addr_count, terms, tree, reset, proof, id, obstacle }
    }
}

prop_compose! {
    fn query()(
        target in target(), (addrs, pids, id, tasks) in any::<(u64, u64, u64, u64)>(),
        (addr_room, addr_count, pid_room, pid_count) in any::<(u32, u32, u32, u32)>(),
        terms in terms(), (sockets, defined) in any::<(u64, bool)>(),
        (leftovers, leftover_room, leftover_count) in any::<(u64, u32, u32)>(),
        granted_to in proptest::option::of(1..=u32::MAX),
    ) -> QueryRequest {
        QueryRequest {
            target, addrs, addr_room, addr_count, pids, pid_room, pid_count, id, tasks, terms,
            sockets, defined, leftovers, leftover_room, leftover_count, granted_to,
        }
    }
}

prop_compose! {
    fn update()(
        target in target(), reset in any::<bool>(), change in change(),
        (addrs, addr_count, resets) in any::<(u64, u32, u64)>(),
    ) -> UpdateRequest {
        UpdateRequest { target, reset, addrs, addr_count, change, resets }
    }
}

prop_compose! {
    fn list()(
        (after, ids, room, count, more) in any::<(u64, u64, u32, u32, bool)>(),
    ) -> ListRequest {
        ListRequest { after, ids, room, count, more }
    }
}

prop_compose! {
    fn rule()(
        id in any::<u32>(), exe in proptest::option::of(0..=i32::MAX),
        (uid, gid) in any::<(Option<u32>, Option<u32>)>(),
        cgroup in any::<Option<(u64, u32)>>(), association in any::<u64>(),
    ) -> RuleEntry {
        let cgroup = cgroup.map(|(at, len)| UserText { at, len });
        RuleEntry { id, exe, uid, gid, cgroup, association }
    }
}

/// Checks that `value` encodes to [`Wire::SIZE`] bytes and decodes to itself.
fn survives<T: Wire + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let bytes = bytes(value);
    prop_assert_eq!(bytes.len(), T::SIZE);
    let decoded = T::decode(&bytes);
    prop_assert_eq!(decoded.as_ref(), Ok(value));
    Ok(())
}

proptest! {
    #[test]
    fn an_address_entry_survives_the_wire(value in addr_entry()) {
        survives(&value)?;
    }

    #[test]
    fn a_leftover_survives_the_wire(addr in addr_entry(), connections in any::<u64>()) {
        survives(&LeftoverEntry { addr, connections })?;
    }

    #[test]
    fn an_assign_request_survives_the_wire(value in assign()) {
        survives(&value)?;
    }

    #[test]
    fn a_release_request_survives_the_wire(
        target in target(), unused in any::<bool>(), tasks in any::<u64>(),
    ) {
        let unused = unused && !target.is_process();
        survives(&ReleaseRequest { target, unused, tasks })?;
    }

    #[test]
    fn the_requests_about_names_survive_the_wire(
        (addrs, id, tasks) in any::<(u64, u64, u64)>(), addr_count in any::<u32>(),
        terms in terms(), name in name(),
    ) {
        prop_assume!(!name.is_empty());
        let terms = Terms { name, ..terms };
        survives(&DefineRequest { addrs, addr_count, terms, id })?;
        survives(&UndefineRequest { id, tasks })?;
        survives(&FindRequest { name, id })?;
    }

    #[test]
    fn a_join_request_survives_the_wire(
        target in target(), (tree, reset, moves) in any::<(bool, bool, bool)>(), id in any::<u64>(),
        obstacle in proptest::option::of(obstacle()), proof in proptest::option::of(0..=i32::MAX),
    ) {
        prop_assume!(target.is_process());
        survives(&JoinRequest { target, tree, reset, moves, proof, id, obstacle })?;
    }

    #[test]
    fn rules_and_the_requests_about_them_survive_the_wire(
        rule in rule(), (rules, count, first_id, generation) in any::<(u64, u32, u32, u64)>(),
        (place, path_room, path, cgroup, path_len) in any::<(u32, u32, u64, u64, u32)>(),
    ) {
        survives(&rule)?;
        survives(&SetRulesRequest { rules, count, first_id, generation })?;
        survives(&RuleQuery {
            place, path_room, path, cgroup, rule, generation, path_len, count,
        })?;
    }

    #[test]
    fn the_requests_about_grants_survive_the_wire(
        (uid, addr_count, addrs, associations) in any::<(u32, u32, u64, u32)>(),
    ) {
        survives(&GrantRequest { uid, addr_count, addrs })?;
        survives(&GrantQuery { uid, addr_room: addr_count, addrs, addr_count, associations })?;
    }

    #[test]
    fn a_query_request_survives_the_wire(value in query()) {
        survives(&value)?;
    }

    #[test]
    fn a_list_request_survives_the_wire(value in list()) {
        survives(&value)?;
    }

    #[test]
    fn a_version_reply_survives_the_wire((abi, max_addrs, features) in any::<(u32, u32, u64)>()) {
        survives(&VersionReply { abi, max_addrs, features })?;
    }

    #[test]
    fn an_update_request_survives_the_wire(value in update()) {
        survives(&value)?;
    }

    #[test]
    fn a_narrow_header_survives_the_wire(
        addr_count in any::<u32>(), keep_loopback in any::<bool>(), name in name()
    ) {
        survives(&NarrowHeader { addr_count, keep_loopback, name })?;
    }

    #[test]
    fn any_bytes_decode_or_fail_and_what_decodes_encodes_to_the_same_meaning(
        bytes in prop::collection::vec(prop_oneof![4 => Just(0), 1 => any::<u8>()], 0..300),
    ) {
        fn check<T: Wire + PartialEq + Debug>(input: &[u8]) -> Result<(), TestCaseError> {
            if let Ok(value) = T::decode(input) {
                survives(&value)?;
            }
            Ok(())
        }
        check::<AddrEntry>(&bytes)?;
        check::<AssignRequest>(&bytes)?;
        check::<ReleaseRequest>(&bytes)?;
        check::<QueryRequest>(&bytes)?;
        check::<ListRequest>(&bytes)?;
        check::<VersionReply>(&bytes)?;
        check::<UpdateRequest>(&bytes)?;
        check::<NarrowHeader>(&bytes)?;
        check::<LeftoverEntry>(&bytes)?;
        check::<DefineRequest>(&bytes)?;
        check::<UndefineRequest>(&bytes)?;
        check::<FindRequest>(&bytes)?;
        check::<JoinRequest>(&bytes)?;
        check::<RuleEntry>(&bytes)?;
        check::<SetRulesRequest>(&bytes)?;
        check::<RuleQuery>(&bytes)?;
        check::<GrantRequest>(&bytes)?;
        check::<GrantQuery>(&bytes)?;
    }

    #[test]
    fn a_text_is_a_name_exactly_when_it_is_short_and_of_the_alphabet(
        text in prop_oneof!["[A-Za-z0-9._-]{0,34}", "[a-c._/ ä\n-]{0,6}", "[a\0b]{0,3}", ".{0,34}"],
    ) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let expected =
            text.len() < NAME_LEN && text.chars().all(allowed) && !text.starts_with(['.', '-']);
        prop_assert_eq!(Name::new(&text).is_some(), expected);
        if let Some(name) = Name::new(&text) {
            prop_assert_eq!(name.as_str(), text);
        }
    }

    #[test]
    fn a_number_is_a_command_exactly_when_all_but_the_size_is_right(
        number in prop_oneof![any::<u32>(), Just(0_u32)], size in 0_u32..1 << 14,
    ) {
        let known = [
            0x8000_a700_u32, 0xc000_a701, 0xc000_a702, 0xc000_a703, 0xc000_a704, 0xc000_a705,
            0xc000_a706, 0xc000_a707, 0xc000_a708, 0xc000_a709, 0xc000_a70a, 0xc000_a70b,
            0xc000_a70c, 0xc000_a70d, 0x4000_a70e, 0xc000_a70f, 0xc000_a710, 0xc000_a711,
            0xc000_a712,
        ];
        let found = known.iter().position(|&k| k == number & 0xc000_ffff);
        prop_assert_eq!(Command::from_number(number).map(|c| c as usize), found);
        for k in known {
            let sized = k | size << 16;
            prop_assert_eq!(Command::from_number(sized).map(|c| c as u32), Some(nr_of(k)));
            prop_assert_eq!(size_of_arg(sized), size as usize);
        }
    }
}
