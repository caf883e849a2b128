// SPDX-License-Identifier: GPL-2.0

//! Narrowing: `run` inside an association.

use addrconf_abi::{Name, NarrowHeader, Wire, MAX_STRUCT};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::commands::args::TermsArgs;
use crate::commands::associate::ALL_IN_USE;
use crate::commands::open;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::{malformed, no_memory};
use crate::system::System;

/// Narrows the association that addrctl is in to `addresses`. When it is in none, the
/// error is `outside`, the reason why it could not associate itself.
pub(super) fn narrow(
    system: &dyn System,
    addresses: &AddressSet,
    name: Option<Name>,
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
    let header = NarrowHeader {
        addr_count: addresses.entries().len() as u32,
        keep_loopback: false,
        name: name.unwrap_or_default(),
    };
    let mut context = header.encode(&mut [0; MAX_STRUCT]).to_vec();
    context.extend(addresses.to_bytes());
    match system.narrow(&context) {
        Ok(()) => Ok(()),
        // addrctl is not associated, the module is not loaded or being unloaded, or the
        // kernel does not know the call.
        Err(Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV | Errno::NOSYS) => Err(outside),
        Err(cause) => {
            let whom = Subject::Process(open::named(system, system.own_pid()));
            let doing = Doing::new("narrow", whom).and(format!("to {addresses}"));
            Err(doing.failed(meaning(addresses, cause)))
        }
    }
}

fn meaning(addresses: &AddressSet, cause: Errno) -> Reason {
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
