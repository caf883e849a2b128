// SPDX-License-Identifier: GPL-2.0

//! What operations may share, and what they must not.

use addrconf_contention::meter::{Access, Quiet};
use addrconf_contention::operation::Operation::{self, *};
use addrconf_contention::report::{self, Footprint, Whose};
use addrconf_contention::table::Entry;
use addrconf_contention::word::LINE;
use addrconf_policy::{Range, Wide};

const SHARED: [Whose; 4] = [
    Whose::Neighbour,
    Whose::Tenant,
    Whose::Bucket,
    Whose::Machine,
];

/// What the gate permits by itself.
const KNOWN: [Operation; 4] = [Send, Recv, PacketOut, PacketIn];

fn of(operation: Operation) -> Footprint {
    let mut all = report::footprints();
    let found = all.iter().position(|f| f.operation == operation);
    all.swap_remove(found.expect("every operation has one"))
}

/// The shared lines that an operation writes.
fn written(footprint: &Footprint) -> Vec<usize> {
    SHARED.iter().flat_map(|&w| footprint.written(w)).collect()
}

#[test]
fn what_the_gate_permits_by_itself_writes_nothing() {
    for operation in KNOWN {
        let mut accesses = of(operation).accesses.into_iter();
        assert!(
            accesses.all(|(_, access, _)| access == Access::Read),
            "{operation:?}"
        );
    }
}

#[test]
fn packets_and_calls_read_no_line_that_others_write_except_an_update() {
    let all = report::footprints();
    for reader in all.iter().filter(|f| KNOWN.contains(&f.operation)) {
        let read: Vec<_> = SHARED.iter().flat_map(|&w| reader.touched(w)).collect();
        for writer in &all {
            let common: Vec<_> = written(writer)
                .into_iter()
                .filter(|l| read.contains(l))
                .collect();
            let reads_a_set = reader.operation != Recv;
            let expected = usize::from(writer.operation == Update && reads_a_set);
            assert_eq!(common.len(), expected, "{reader:?} {writer:?}");
        }
    }
}

#[test]
fn a_look_up_reads_no_line_that_all_members_write() {
    let all = report::footprints();
    let look_up = all.iter().find(|f| f.operation == LookUp);
    let read = look_up
        .expect("every operation has one")
        .touched(Whose::Machine);
    for writer in &all {
        let mut written = writer.written(Whose::Machine).into_iter();
        assert!(!written.any(|line| read.contains(&line)), "{writer:?}");
    }
}

#[test]
fn a_fork_and_the_end_of_a_task_write_a_line_of_the_tenant_and_one_of_the_machine() {
    for operation in [Fork, Exit] {
        let footprint = of(operation);
        for whose in SHARED {
            assert_eq!(footprint.written(whose).len(), 1, "{operation:?} {whose:?}");
        }
        assert_eq!(footprint.changes(Whose::Machine), 1, "{operation:?}");
    }
}

#[test]
fn sockets_write_nothing_that_other_tenants_have() {
    for operation in [Socket, Close] {
        let footprint = of(operation);
        for whose in [Whose::Neighbour, Whose::Bucket, Whose::Machine] {
            assert!(
                footprint.written(whose).is_empty(),
                "{operation:?} {whose:?}"
            );
        }
    }
}

#[test]
fn an_entry_is_a_line_as_the_module_checks() {
    assert_eq!(size_of::<Entry<Quiet>>(), LINE);
    assert_eq!(align_of::<Entry<Quiet>>(), LINE);
}

/// The gate reads ranges of the policy as `struct acf_range_v4` and `acf_range_v6`, which
/// `src/sys/ranged.rs` compares with them. Two of the latter, or eight of the former, are a line.
#[test]
fn ranges_do_not_straddle_lines() {
    assert_eq!(size_of::<Range<u32>>(), LINE / 8);
    assert_eq!(size_of::<Range<Wide>>(), LINE / 2);
}

#[test]
fn the_document_has_the_table_of_lines() {
    let document = include_str!("../../../docs/contention.md");
    let table = report::table();
    assert!(
        document.contains(&table),
        "docs/contention.md lacks this table:\n{table}"
    );
}
