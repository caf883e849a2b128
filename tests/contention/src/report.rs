// SPDX-License-Identifier: GPL-2.0

//! What each operation reads and writes, and whose it is.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::layout::{place, places};
use crate::machine::{Machine, Size};
use crate::meter::{Access, Listed};
use crate::operation::{Actor, Operation};
use crate::table::Place;
use crate::word::LINE;

/// Who has a word in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Nobody: it is the processor's, the task's, its child's or its socket's.
    Own,
    /// Another task of the tenant, which stands beside it on the roll.
    Neighbour,
    /// All tasks and sockets of the tenant.
    Tenant,
    /// Members of any tenant that chance puts into the same bucket.
    Bucket,
    /// All members of the machine.
    Machine,
}

/// The accesses of an operation.
#[derive(Debug)]
pub struct Footprint {
    /// The operation.
    pub operation: Operation,
    /// Address, access and owner, in order.
    pub accesses: Vec<(usize, Access, Whose)>,
}

impl Footprint {
    /// The lines of this owner that it writes.
    pub fn written(&self, whose: Whose) -> Vec<usize> {
        self.lines(whose, |access| access != Access::Read)
    }

    /// Those that it reads or writes.
    pub fn touched(&self, whose: Whose) -> Vec<usize> {
        self.lines(whose, |_| true)
    }

    /// How many atomic changes it makes to words of this owner.
    pub fn changes(&self, whose: Whose) -> usize {
        let is_meant = |a: &&(usize, Access, Whose)| (a.1, a.2) == (Access::Change, whose);
        self.accesses.iter().filter(is_meant).count()
    }

    fn lines(&self, whose: Whose, is_meant: impl Fn(Access) -> bool) -> Vec<usize> {
        let mut lines: Vec<_> = self
            .accesses
            .iter()
            .filter(|&&(_, access, owner)| owner == whose && is_meant(access))
            .map(|(address, ..)| address / LINE)
            .collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

/// The footprints of all operations of one tenant on one processor of several.
pub fn footprints() -> Vec<Footprint> {
    // Four blobs fill a line, so no two tenants or processors share one by the size of this
    // machine. In the slab they may: see docs/contention.md.
    let size = Size {
        tenants: 4,
        addrs: 1,
        cpus: 4,
    };
    let (machine, mut cpus) = Machine::<Listed>::new(size);
    let mut actor = Actor::new(&machine, cpus.remove(1), 0);
    Operation::ALL
        .into_iter()
        .map(|operation| {
            let accesses = Listed::during(|| actor.run(operation));
            let own = [Some(actor.task()), actor.child];
            let accesses = accesses
                .into_iter()
                .map(|(access, address)| (address, access, whose(&machine, &own, address)))
                .collect();
            Footprint {
                operation,
                accesses,
            }
        })
        .collect()
}

fn whose(machine: &Machine<Listed>, own: &[Option<Place>], address: usize) -> Whose {
    let table = machine.table.places();
    let shared = [
        table[0].clone(),
        table[1].clone(),
        place(&machine.published),
    ];
    let of_socket = [places(&machine.socks), places(&machine.sock_blobs)];
    let of_tenant = [places(&machine.associations), places(&machine.sets)];
    let of_task = |place: usize| match own.contains(&Some(Place::of(place))) {
        true => Whose::Own,
        false => Whose::Neighbour,
    };
    let number = |first: usize, size: usize| (address - first) / size;
    let (entries, blobs) = (places(machine.table.entries()), places(&machine.blobs));
    if entries.contains(&address) {
        return of_task(number(entries.start, LINE));
    }
    if blobs.contains(&address) {
        return of_task(number(blobs.start, LINE / 4));
    }
    if table[2].contains(&address) {
        return Whose::Bucket;
    }
    if shared
        .iter()
        .chain(&machine.calls.shared())
        .any(|r| r.contains(&address))
    {
        return Whose::Machine;
    }
    let in_sets = machine
        .sets
        .iter()
        .any(|set| places(set.ranges()).contains(&address));
    if in_sets || of_tenant.iter().any(|r| r.contains(&address)) {
        return Whose::Tenant;
    }
    let is_own = of_socket.iter().any(|r| r.contains(&address));
    assert!(
        is_own || machine.calls.own().contains(&address),
        "a word of nobody"
    );
    Whose::Own
}

const HEAD: &str = "\
| operation | own | neighbours' | tenant's | bucket's | machine's | changes: tenant's | machine's | only read: tenant's | machine's |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

/// The table of `docs/contention.md`.
pub fn table() -> String {
    let mut text = String::from(HEAD);
    for footprint in footprints() {
        let written = |whose| footprint.written(whose).len();
        let only_read = |whose| footprint.touched(whose).len() - written(whose);
        let numbers = [
            written(Whose::Own),
            written(Whose::Neighbour),
            written(Whose::Tenant),
            written(Whose::Bucket),
            written(Whose::Machine),
            footprint.changes(Whose::Tenant),
            footprint.changes(Whose::Machine),
            only_read(Whose::Tenant),
            only_read(Whose::Machine),
        ];
        let cells = numbers.map(|n| n.to_string()).join(" | ");
        writeln!(text, "| {} | {cells} |", footprint.operation.name()).expect("a string");
    }
    text
}

/// How many times each word of the tenant and of the machine is changed, by operation, with
/// its place in its line: for reading, not for a document.
pub fn details() -> String {
    let mut text = String::new();
    for footprint in footprints() {
        let mut words: BTreeMap<(Whose, usize), [usize; 3]> = BTreeMap::new();
        for &(address, access, whose) in &footprint.accesses {
            words.entry((whose, address)).or_default()[access as usize] += 1;
        }
        writeln!(text, "{}", footprint.operation.name()).expect("a string");
        for ((whose, address), [reads, writes, changes]) in words {
            let (line, at) = (address / LINE % 10_000, address % LINE);
            writeln!(
                text,
                "  {whose:?} line {line} byte {at}: read {reads}, written {writes}, changed {changes}"
            )
            .expect("a string");
        }
    }
    text
}
