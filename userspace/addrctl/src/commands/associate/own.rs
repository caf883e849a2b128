// SPDX-License-Identifier: GPL-2.0

//! Why a user without `CAP_NET_ADMIN` cannot associate a process, although it has a grant.

use addrconf_abi::{AssignRequest, Terms};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::client::Client;
use crate::error::{ErrorKind, Reason};
use crate::refusal::Refusal;
use crate::system::{NetAdmin, System};

/// What was asked for.
pub(super) enum Asked<'a> {
    /// A new association with these addresses.
    New(&'a AddressSet, &'a AssignRequest),
    /// To put the process into one that is there.
    Join(&'a AssignRequest),
}

/// Why the user cannot associate process `pid`. `None` if the refusal means what it means for
/// every caller, also where the user has no grant.
pub(super) fn meaning(
    system: &dyn System,
    client: &Client<'_>,
    pid: i32,
    asked: Asked<'_>,
    refusal: &Refusal,
) -> Option<Reason> {
    if matches!(system.net_admin(), NetAdmin::Held | NetAdmin::Unknown) {
        return None;
    }
    match refusal.errno()? {
        Errno::PERM => {}
        Errno::NOSPC => {
            let what = "you have as many associations as a user may have under its grant";
            return Some(
                Reason::new(ErrorKind::TooMany, what)
                    .next("`addrctl list` shows them, `addrctl release` ends one"),
            );
        }
        _ => return None,
    }
    let granted = client.grants().ok()?.into_iter().next()?.addresses;
    let (given, request) = match asked {
        Asked::New(given, request) => (Some(given), request),
        Asked::Join(request) => (None, request),
    };
    let denied = |what: String| Reason::new(ErrorKind::NotPermitted, what);
    let beyond = given.map(|given| given.beyond(&granted));
    let reason = match beyond {
        _ if request.tree => denied("under a grant, --tree needs CAP_NET_ADMIN".to_owned())
            .next("associate the processes one by one, before they make children"),
        _ if asks_for_more(&request.terms) => denied(
            "under a grant, all options but --source, --on-refusal and --reset need CAP_NET_ADMIN"
                .to_owned(),
        )
        .next("leave them out"),
        Some(beyond) if !beyond.entries().is_empty() => {
            denied(format!("{beyond} is outside your grant"))
                .next(format!("you were granted {granted}"))
        }
        Some(_) => foreign(pid),
        None => denied(
            "under a grant, only the associations that you made take processes in, as long as \
             their addresses are within the grant, and only those of your own"
                .to_owned(),
        )
        .next(format!("you were granted {granted}"))
        .next("`addrctl list` shows your associations"),
    };
    Some(reason.next("no process was associated"))
}

/// The process is not the user's own.
fn foreign(pid: i32) -> Reason {
    let what = format!(
        "under a grant, only processes that you may trace can be associated, and process {pid} is \
         none of them"
    );
    Reason::new(ErrorKind::NotPermitted, what).next(
        "it must be yours with the same group, without capabilities, not be a set-user-ID program, \
         and kernel.yama.ptrace_scope must permit it; `addrctl run --addr` needs none of this",
    )
}

/// Whether these are terms that only an administrator may ask for.
fn asks_for_more(terms: &Terms) -> bool {
    let plain = Terms {
        source: terms.source,
        signal: terms.signal,
        ..Terms::DEFAULT
    };
    *terms != plain
}
