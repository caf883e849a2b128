// SPDX-License-Identifier: GPL-2.0

//! Narrowing: `run` inside an association.

use addrconf_abi::{Name, NarrowHeader, Wire, ABI_VERSION, MAX_STRUCT};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::commands::args::TermsArgs;
use crate::commands::associate::ALL_IN_USE;
use crate::commands::open;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::{malformed, no_memory};
use crate::system::System;

/// The options of narrowing.
#[derive(clap::Args, Debug)]
pub struct NarrowArgs {
    /// Narrow, or fail outside an association: without this option `run` narrows inside one, and
    /// makes a new one outside
    #[arg(long, requires = "addresses", conflicts_with = "force")]
    pub narrow: bool,

    /// Keep the 127.0.0.1 and ::1 of the association that addrctl is in, instead of new ones
    #[arg(long, requires = "narrow")]
    pub keep_loopback: bool,
}

/// What `run` narrows to.
pub(super) struct Part<'a> {
    /// The addresses.
    pub addresses: &'a AddressSet,
    /// The name.
    pub name: Option<Name>,
    /// Whether it stays on the private loopback that addrctl has.
    pub keep_loopback: bool,
}

/// Narrows the association that addrctl is in to `part`. When it is in none, the
/// error is `outside`, the reason why it could not associate itself.
pub(super) fn narrow(
    system: &dyn System,
    part: &Part<'_>,
    terms: &TermsArgs,
    outside: Error,
) -> Result<(), Error> {
    let options = terms.given();
    if !options.is_empty() {
        let options = options.join(", ");
        return Err(outside.next(format!(
            "if addrctl itself runs in an association, leave {options} out: there `run` can only \
             narrow"
        )));
    }
    match ask(system, part) {
        Ok(()) => Ok(()),
        Err(cause) if is_outside(cause) => Err(outside),
        Err(cause) => Err(failed(system, part, meaning(part, cause))),
    }
}

/// As [`narrow`], for who asked to narrow, and to do nothing else.
pub(super) fn only_narrow(
    system: &dyn System,
    part: &Part<'_>,
    terms: &TermsArgs,
) -> Result<(), Error> {
    let options = terms.given();
    if !options.is_empty() {
        let what = format!(
            "a part takes over the terms of the association that addrctl is in, so --narrow has \
             no {}",
            options.join(", ")
        );
        return Err(failed(
            system,
            part,
            Reason::new(ErrorKind::Malformed, what),
        ));
    }
    ask(system, part).map_err(|cause| {
        let reason = match cause {
            Errno::NOENT => Reason::new(
                ErrorKind::NotFound,
                "addrctl is in no association, so there is none to take a part of",
            )
            .next("leave --narrow out to make one"),
            cause if is_outside(cause) => {
                Reason::new(ErrorKind::NotLoaded, "the addrconf module is not loaded")
            }
            cause => meaning(part, cause),
        };
        failed(system, part, reason)
    })
}

/// Asks the kernel.
fn ask(system: &dyn System, part: &Part<'_>) -> Result<(), Errno> {
    let header = NarrowHeader {
        addr_count: part.addresses.entries().len() as u32,
        keep_loopback: part.keep_loopback,
        name: part.name.unwrap_or_default(),
    };
    let mut context = header.encode(&mut [0; MAX_STRUCT]).to_vec();
    context.extend(part.addresses.to_bytes());
    system.narrow(&context)
}

/// Whether addrctl is not associated: the module says so, it is not loaded or being unloaded, or
/// the kernel does not know the call.
fn is_outside(cause: Errno) -> bool {
    matches!(
        cause,
        Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV | Errno::NOSYS
    )
}

fn failed(system: &dyn System, part: &Part<'_>, why: Reason) -> Error {
    let whom = Subject::Process(open::named(system, system.own_pid()));
    let doing = Doing::new("narrow", whom).and(format!("to {}", part.addresses));
    doing.failed(why)
}

fn meaning(part: &Part<'_>, cause: Errno) -> Reason {
    let addresses = part.addresses;
    match cause {
        Errno::PERM => {
            let which = match addresses.entries() {
                [only] => format!("{only} is not one of them"),
                _ => "at least one of these is not among them".to_owned(),
            };
            let what = format!(
                "addrctl runs in an association, where `run` can only narrow: the program may have \
                 some of the addresses that addrctl has, and {which}"
            );
            Reason::new(ErrorKind::NotPermitted, what)
                .next("`addrctl list`, run from outside, shows what it has")
        }
        // A module of ABI 7 has no flags.
        Errno::INVAL if part.keep_loopback => Reason::new(
            ErrorKind::Mismatch,
            format!(
                "the module refuses --keep-loopback, which came with ABI 8: it is older than this \
                 addrctl (ABI {ABI_VERSION})"
            ),
        )
        .next("install the matching pair")
        .next("without --keep-loopback the program gets a 127.0.0.1 of its own"),
        Errno::INVAL => malformed().next("see `addrctl version` from outside"),
        Errno::TOOBIG => Reason::new(
            ErrorKind::TooMany,
            "one call can narrow to as many addresses as fit into a page of memory, and these are \
             more",
        )
        .next("use prefixes"),
        Errno::ADDRINUSE => {
            Reason::new(ErrorKind::InUse, ALL_IN_USE).next("end an association first")
        }
        Errno::NOMEM => no_memory(),
        _ => Reason::other(cause),
    }
}
