// SPDX-License-Identifier: GPL-2.0

//! Refused changes of a set, in words: which of the addresses it is about.
//! Pure.

use std::fmt::{self, Formatter};

use addrconf_abi::{AddrEntry, Change, MAX_ADDRS};
use rustix::io::Errno;

use super::call::{about, NO_LOOPBACK};
use crate::address::AddressSet;
use crate::error::{ErrorKind, Process, Subject};
use crate::refusal::Refusal;

/// A change of the set of `subject`, which is `present` as far as known.
pub(super) fn update(
    f: &mut Formatter<'_>,
    change: Change,
    subject: &Subject,
    addresses: &AddressSet,
    present: Option<&AddressSet>,
    kind: ErrorKind,
    refusal: &Refusal,
) -> fmt::Result {
    match change {
        Change::Add => write!(f, "cannot add {addresses} to the set of {subject}: ")?,
        Change::Remove => write!(f, "cannot remove {addresses} from the set of {subject}: ")?,
        _ => write!(f, "cannot replace the set of {subject} by {addresses}: ")?,
    }
    let has = |prefix: &AddrEntry| present.is_some_and(|set| set.has(*prefix));
    match kind {
        ErrorKind::AlreadyInSet => {
            one_of(f, addresses, has)?;
            f.write_str(" in the set already; nothing was changed, name only new ones")
        }
        ErrorKind::NotInSet => {
            one_of(f, addresses, |prefix| !has(prefix))?;
            f.write_str(" not in the set; nothing was changed, ")?;
            match within(addresses, present) {
                Some((part, whole)) => write!(
                    f,
                    "{part} is a part of {whole}, which can only be removed as a whole"
                ),
                None => write!(f, "{} lists the set", show(subject)),
            }
        }
        ErrorKind::Malformed
            if change == Change::Remove && present.is_some_and(|set| is_all_of(addresses, set)) =>
        {
            f.write_str(
                "these are all it has, and an association keeps at least one address; \
                 `addrctl replace` gives it others, `addrctl release` ends it",
            )
        }
        ErrorKind::TooMany => write!(
            f,
            "the set would have more than {MAX_ADDRS} addresses; nothing was changed, prefixes \
             such as 10.0.0.0/24 count as one"
        ),
        kind => about(f, subject, kind, refusal),
    }
}

/// A narrowing of the association of addrctl itself.
pub(super) fn narrow(
    f: &mut Formatter<'_>,
    process: &Process,
    addresses: &AddressSet,
    kind: ErrorKind,
    cause: Errno,
) -> fmt::Result {
    write!(f, "cannot narrow {process} to {addresses}: ")?;
    match kind {
        ErrorKind::NotPermitted => {
            f.write_str(
                "addrctl runs in an association, where `run` can only narrow: the program may \
                 have some of the addresses that addrctl has, and ",
            )?;
            match addresses.entries() {
                [only] => write!(f, "{only} is not one of them")?,
                _ => f.write_str("at least one of these is not among them")?,
            }
            f.write_str("; `addrctl list`, run from outside, shows what it has")
        }
        ErrorKind::TooMany => f.write_str(
            "these are too many to narrow to in one call, which has room for a page of memory: \
             use prefixes",
        ),
        ErrorKind::Malformed => f.write_str(
            "the module found it malformed and changed nothing: the module's rules differ from \
             this addrctl's, see `addrctl version` from outside",
        ),
        ErrorKind::InUse => f.write_str(NO_LOOPBACK),
        ErrorKind::NoMemory => f.write_str("the kernel has no memory for it; nothing was changed"),
        _ => write!(f, "{cause}"),
    }
}

/// Names those of `addresses` that are meant, with a verb: "10.0.0.1 is". When
/// none is, as when the set has changed meanwhile, the refusal still was about
/// one of them.
fn one_of(
    f: &mut Formatter<'_>,
    addresses: &AddressSet,
    meant: impl Fn(&AddrEntry) -> bool,
) -> fmt::Result {
    let meant = addresses.entries().iter().filter(|prefix| meant(prefix));
    let meant: Vec<_> = meant.copied().collect();
    match meant.len() {
        0 => f.write_str("one of them is"),
        1 => write!(f, "{} is", AddressSet::from_entries(meant)),
        _ => write!(f, "{} are", AddressSet::from_entries(meant)),
    }
}

/// An address to be removed that is no entry of the set but lies within one.
fn within(addresses: &AddressSet, present: Option<&AddressSet>) -> Option<(AddrEntry, AddrEntry)> {
    let present = present?;
    let mut missing = addresses.entries().iter().filter(|p| !present.has(**p));
    missing.find_map(|part| {
        let whole = present.entries().iter().find(|whole| whole.covers(part));
        whole.map(|&whole| (*part, whole))
    })
}

fn is_all_of(addresses: &AddressSet, set: &AddressSet) -> bool {
    set.entries().iter().all(|&prefix| addresses.has(prefix))
}

/// The command that shows the set.
fn show(subject: &Subject) -> String {
    match subject {
        Subject::Process(process) => format!("`addrctl show {}`", process.pid),
        Subject::Association(id) => format!("`addrctl show --association {id}`"),
        // No set is common to all.
        Subject::Everything => "`addrctl list`".to_owned(),
    }
}
