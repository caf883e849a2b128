// SPDX-License-Identifier: GPL-2.0

//! What each errno means when a rule cannot be added.

use std::path::Path;

use addrconf_abi::{Target, MAX_RULES};
use rustix::io::Errno;

use crate::client::{CallError, Client};
use crate::error::{ErrorKind, Reason};
use crate::refusal::Refusal;
use crate::text::printable;

/// The interface version that introduced rules.
const RULES_SINCE: u32 = 7;

/// Why a rule with this program cannot put tasks into this association. `None` if the errno means
/// what it means for every call.
pub(super) fn meaning(
    client: &Client<'_>,
    refusal: &Refusal,
    exe: Option<&Path>,
    association: u64,
) -> Option<Reason> {
    let reason = match (refusal.errno()?, exe) {
        (Errno::NOENT, _) => not_defined(client, association),
        (Errno::XDEV, Some(exe)) => elsewhere(exe),
        (Errno::ACCESS, Some(exe)) => Reason::new(
            ErrorKind::Malformed,
            format!("{} is not a regular file", shown(exe)),
        )
        .next("name the file of the program"),
        (Errno::TOOBIG, _) if !refusal.module_lacks(RULES_SINCE) => return Some(too_many()),
        (Errno::NOSPC, _) => {
            Reason::new(ErrorKind::TooMany, "the module has no ids left for rules")
                .next("unload it and load it again")
        }
        _ => return None,
    };
    Some(reason.next("nothing was changed"))
}

/// There are as many rules as there can be.
pub(super) fn too_many() -> Reason {
    let what = format!("there are {MAX_RULES} rules already, and there can be no more");
    Reason::new(ErrorKind::TooMany, what)
        .next("nothing was changed")
        .next("remove some, or let one with a control group or a user take the place of several")
}

/// The association is none that rules can put tasks into.
fn not_defined(client: &Client<'_>, association: u64) -> Reason {
    match client.query(Target::Association(association)) {
        Err(CallError::Refused(Errno::NOENT)) => {
            Reason::new(ErrorKind::NotFound, "no such association")
                .next("`addrctl list` shows the associations there are, `addrctl define` makes one")
        }
        _ => Reason::new(
            ErrorKind::NotDefined,
            "it is not a defined one, and would end with its last process and socket",
        )
        .next("`addrctl define` makes one that stays"),
    }
}

/// The program has no path that the module knows it by.
fn elsewhere(exe: &Path) -> Reason {
    let what = format!(
        "{} must be named in the machine's own mount namespace, that of process 1, and have a path \
         there",
        shown(exe)
    );
    Reason::new(ErrorKind::Malformed, what)
        .next("run addrctl outside every container (`nsenter --target 1 --mount addrctl rule add`)")
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
