// SPDX-License-Identifier: GPL-2.0

//! Malformed control calls: each fails, and changes nothing.

use addrconf_abi::{
    AddrEntry, AssignRequest, Command, ListRequest, QueryRequest, ReleaseRequest, Target, Wire,
    MAX_LIST, MAX_STRUCT,
};
use libc::{EFAULT, EINVAL};

use crate::addr::ONE;
use crate::child::{eventually, stay, Child};
use crate::client::{entries, entry_bytes, errno, Device};
use crate::registry::{behaviour, Test};
use crate::server::idle;

/// A change to the bytes of a structure: the offset, and the bytes to write there.
type Patch = (usize, &'static [u8]);

/// Changes to [`AssignRequest`].
const ASSIGN: &[(&str, Patch)] = &[
    ("target_kind_0", (0, &[0, 0, 0, 0])),
    ("target_kind_4", (0, &[4, 0, 0, 0])),
    ("target_kind_of_all_ones", (0, &[0xff; 4])),
    ("an_unknown_flag", (4, &[16, 0, 0, 0])),
    ("the_highest_flag", (4, &[0, 0, 0, 0x80])),
    ("pid_0", (8, &[0; 8])),
    ("a_negative_pid", (8, &[0xff; 8])),
    (
        "a_pid_of_more_than_31_bits",
        (8, &[0, 0, 0, 0x80, 0, 0, 0, 0]),
    ),
    ("a_pid_with_high_bits", (12, &[1, 0, 0, 0])),
    ("no_addresses", (24, &[0, 0, 0, 0])),
    ("one_address_too_many", (24, &[1, 4, 0, 0])),
    ("four_billion_addresses", (24, &[0xff; 4])),
    ("reserved_bits", (28, &[1, 0, 0, 0])),
    ("a_name_without_end", (32, &[b'a'; 32])),
    ("a_name_with_a_slash", (32, b"a/b\0")),
    ("a_name_with_a_space", (32, b"a b\0")),
    ("a_name_with_a_newline", (32, b"a\nb\0")),
    ("a_name_with_a_high_byte", (32, b"\xc3\xa4\0")),
    ("a_name_that_starts_with_a_dot", (32, b".a\0")),
    ("a_name_that_starts_with_a_dash", (32, b"-a\0")),
    ("a_name_with_something_after_its_end", (32, b"a\0b\0")),
    ("an_unknown_choice_of_source", (72, &[3, 0, 0, 0])),
    ("a_loopback_address_that_is_not_one", (76, &[10, 0, 0, 1])),
    ("the_loopback_address_of_everybody", (76, &[127, 0, 0, 1])),
    ("the_loopback_network", (76, &[127, 0, 0, 0])),
    ("the_loopback_broadcast", (76, &[127, 255, 255, 255])),
    (
        "a_dedicated_address_that_is_everybodys_own",
        (76, &[127, 0, 0, 2]),
    ),
    ("a_host_loopback_of_everybody", (96, &[127, 0, 0, 1, 32])),
    (
        "a_host_loopback_with_dedicated_addresses",
        (96, &[127, 64, 0, 0, 24]),
    ),
    (
        "a_host_loopback_around_everybodys",
        (96, &[127, 0, 0, 0, 8]),
    ),
    ("a_host_loopback_elsewhere", (96, &[10, 0, 0, 53, 32])),
    ("a_host_loopback_with_host_bits", (96, &[127, 0, 1, 1, 24])),
    ("a_host_loopback_without_length", (96, &[127, 0, 0, 53, 0])),
    ("a_host_loopback_of_33_bits", (96, &[127, 0, 0, 53, 33])),
    (
        "a_byte_behind_the_host_loopback",
        (96, &[127, 0, 0, 53, 32, 1]),
    ),
];

/// Changes to an IPv4 [`AddrEntry`] of 10.0.0.1.
const ENTRY: &[(&str, Patch)] = &[
    ("family_0", (0, &[0, 0])),
    ("family_unix", (0, &[1, 0])),
    ("family_of_all_ones", (0, &[0xff, 0xff])),
    ("prefix_length_33", (2, &[33])),
    ("prefix_length_255", (2, &[255])),
    ("prefix_length_0", (2, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    ("bits_beyond_the_prefix", (2, &[24])),
    ("a_reserved_byte", (3, &[1])),
    ("reserved_bytes", (4, &[0, 0, 0, 1])),
    ("a_v4_address_of_16_bytes", (23, &[1])),
    ("the_v4_wildcard", (8, &[0, 0, 0, 0])),
    ("v4_multicast", (8, &[224, 0, 0, 1])),
    ("broadcast", (8, &[255, 255, 255, 255])),
    ("a_v4_loopback_address", (8, &[127, 0, 1, 1])),
    ("a_dedicated_loopback_address", (8, &[127, 64, 0, 1])),
    ("an_address_of_this_network", (8, &[0, 0, 0, 1])),
    ("a_reserved_address", (8, &[240, 0, 0, 1])),
    (
        "a_network_around_the_loopback",
        (2, &[2, 0, 0, 0, 0, 0, 64, 0, 0, 0]),
    ),
];

/// Changes to an IPv6 [`AddrEntry`] of 2001:db8::1.
const ENTRY6: &[(&str, Patch)] = &[
    ("v6_prefix_length_129", (2, &[129])),
    (
        "v6_prefix_length_0",
        (
            2,
            &[
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
    ),
    ("bits_beyond_the_v6_prefix", (2, &[64])),
    ("the_v6_wildcard", (8, &[0; 16])),
    ("v6_multicast", (8, &[0xff, 2])),
    (
        "a_mapped_address",
        (8, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1]),
    ),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for &(what, patch) in ASSIGN {
        let name = format!("assign_with_{what}_is_invalid");
        tests.push(behaviour(name, move || {
            assign_fails(EINVAL, Some(patch), None)
        }));
    }
    for (nr, &(what, patch)) in ENTRY.iter().chain(ENTRY6).enumerate() {
        let at = if nr < ENTRY.len() { 0 } else { AddrEntry::SIZE };
        let name = format!("assign_of_{what}_is_invalid");
        let patch = (at + patch.0, patch.1);
        tests.push(behaviour(name, move || {
            assign_fails(EINVAL, None, Some(patch))
        }));
    }
    tests.extend([
        behaviour("assign_of_entries_that_are_nowhere_faults", || {
            assign_fails(EFAULT, Some((16, &[0; 8])), None);
            assign_fails(EFAULT, Some((23, &[0xff])), None);
        }),
        behaviour("malformed_release_query_and_list_are_invalid", others),
        behaviour("query_and_list_fault_where_there_is_no_room", no_room),
    ]);
    tests
}

fn patched(mut bytes: Vec<u8>, patch: Option<Patch>) -> Vec<u8> {
    if let Some((at, new)) = patch {
        bytes[at..][..new.len()].copy_from_slice(new);
    }
    bytes
}

/// The bytes of a structure.
pub(super) fn encoded(request: &impl Wire) -> Vec<u8> {
    request.encode(&mut [0; MAX_STRUCT]).to_vec()
}

/// Assigns [`ONE`] to a process, with the request or the entries patched.
///
/// # Panics
///
/// Unless this fails with the expected errno and changes nothing, and the unpatched call
/// then succeeds.
fn assign_fails(expected: i32, request: Option<Patch>, entry: Option<Patch>) {
    let device = Device::open();
    let child = Child::spawn(|| stay());
    let attempt = |request: Option<Patch>, entry: Option<Patch>| {
        // Room for as many entries as an invalid count may announce.
        let mut set = patched(entry_bytes(&entries(ONE)), entry);
        set.resize(1025 * AddrEntry::SIZE, 0);
        let valid = AssignRequest {
            addrs: set.as_ptr() as u64,
            addr_count: ONE.len() as u32,
            ..AssignRequest::about(Target::Pid(child.pid()))
        };
        let mut bytes = patched(encoded(&valid), request);
        errno(device.call_bytes(Command::Assign.number(), &mut bytes))
    };
    assert_eq!(attempt(request, entry), expected);
    assert_eq!(
        device.ids(),
        Vec::<u64>::new(),
        "associations after the failed call"
    );
    let error = device
        .query(Target::Pid(child.pid()))
        .expect_err("the process must not be associated");
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
    assert_eq!(attempt(None, None), 0, "the errno of the valid request");
    drop(child);
    eventually("the end of the association", || device.ids().is_empty());
}

fn others() {
    let child = idle(ONE);
    let device = Device::open();
    let target = Target::Pid(child.pid());
    let release = encoded(&ReleaseRequest::about(target));
    let query = patched(release.clone(), None);
    let query = [query, vec![0; QueryRequest::SIZE - ReleaseRequest::SIZE]].concat();
    // Both structures begin with the fields of a target.
    let target_patches = ASSIGN.iter().filter(|(_, (at, _))| *at < 16);
    for &(what, patch) in target_patches {
        for (command, bytes) in [(Command::Release, &release), (Command::Query, &query)] {
            let mut bytes = patched(bytes.clone(), Some(patch));
            let result = device.call_bytes(command.number(), &mut bytes);
            assert_eq!(errno(result), EINVAL, "{command:?} with {what}");
        }
    }
    let list = encoded(&ListRequest::default());
    let too_many = (MAX_LIST + 1).to_ne_bytes().to_vec().leak();
    for patch in [(20, &[1, 0, 0, 0][..]), (16, too_many)] {
        let mut bytes = patched(list.clone(), Some(patch));
        let result = device.call_bytes(Command::List.number(), &mut bytes);
        assert_eq!(errno(result), EINVAL, "list with {patch:?}");
    }
    assert_eq!(
        device
            .query(target)
            .expect("the association must still exist")
            .tasks,
        1
    );
}

fn no_room() {
    let child = idle(ONE);
    let device = Device::open();
    let target = Target::Pid(child.pid());
    let mut list = encoded(&ListRequest {
        room: 1,
        ..ListRequest::default()
    });
    assert_eq!(
        errno(device.call_bytes(Command::List.number(), &mut list)),
        EFAULT
    );
    for (addr_room, pid_room) in [(1, 0), (0, 1)] {
        let mut query = encoded(&QueryRequest {
            addr_room,
            pid_room,
            ..QueryRequest::about(target)
        });
        assert_eq!(
            errno(device.call_bytes(Command::Query.number(), &mut query)),
            EFAULT
        );
    }
}
