// SPDX-License-Identifier: GPL-2.0

//! Refused associations, in words. Pure.

use std::fmt::{self, Formatter};
use std::net::Ipv4Addr;

use addrconf_abi::{AssignRequest, Terms};

use super::call::{call, older, NO_LOOPBACK};
use crate::error::{ErrorKind, Holder, Process};
use crate::refusal::Refusal;

/// An association that could not be made for `process`.
pub(super) fn assign(
    f: &mut Formatter<'_>,
    process: &Process,
    request: &AssignRequest,
    kind: ErrorKind,
    refusal: &Refusal,
) -> fmt::Result {
    let tree = request.tree;
    match kind {
        ErrorKind::AlreadyAssociated if tree => write!(
            f,
            "the process or one of its descendants is already associated; `addrctl list` and \
             `addrctl show` tell which, `addrctl release` ends it; nothing was changed"
        ),
        ErrorKind::AlreadyAssociated => write!(
            f,
            "the process is already associated; `addrctl show {0}` tells with what, \
             `addrctl release {0}` ends it",
            process.pid
        ),
        ErrorKind::InUse => f.write_str(NO_LOOPBACK),
        ErrorKind::Holds => holds(f, tree),
        ErrorKind::Stuck => stuck(f, tree),
        ErrorKind::Outrun => outrun(f, tree),
        ErrorKind::NotFound => f.write_str("the process has exited meanwhile"),
        ErrorKind::Malformed if refusal.module_is_older() && asks_for_more(request, refusal) => {
            older(f, refusal)
        }
        ErrorKind::Malformed => f.write_str(
            "the module found it malformed and changed nothing: either this is a kernel \
             thread, which cannot be associated, or the module's rules differ from this \
             addrctl's, see `addrctl version`",
        ),
        kind => call(f, kind, refusal),
    }
}

/// A loopback address that was asked for and is not free.
pub(super) fn in_use(
    f: &mut Formatter<'_>,
    loopback: Ipv4Addr,
    holder: Option<Holder>,
) -> fmt::Result {
    match holder {
        Some(Holder::Association(id)) => write!(
            f,
            "association {id} has the loopback address {loopback}; `addrctl show --association \
             {id}` shows it"
        )?,
        Some(Holder::Host) => write!(
            f,
            "no association has the loopback address {loopback}, but a process outside uses it; \
             `ss -tuwap src {loopback}` shows its sockets, `ip address show to {loopback}` an \
             interface with the address"
        )?,
        None => write!(
            f,
            "the loopback address {loopback} is taken; `addrctl list` shows those of associations, \
             `ss -tuwap src {loopback}` sockets of the host"
        )?,
    }
    f.write_str("; nothing was changed, leave --loopback out for one that is free")
}

/// Why not everybody who was meant could be put in.
fn outrun(f: &mut Formatter<'_>, tree: bool) -> fmt::Result {
    f.write_str(if tree {
        "the processes of the tree make threads and children, or exit and leave their children to \
         one another, faster than they can be put in"
    } else {
        "the process makes threads faster than they can be put in"
    })?;
    f.write_str(
        "; nothing was changed; stop it (SIGSTOP), assign, and have it go on (SIGCONT), or start \
         the program anew with `addrctl run`",
    )
}

/// Why a process cannot be taken in, where the module is too old to say.
fn holds(f: &mut Formatter<'_>, tree: bool) -> fmt::Result {
    f.write_str(if tree {
        "the process or one of its descendants holds"
    } else {
        "the process holds"
    })?;
    f.write_str(
        " what goes around an association, such as a packet socket, a TUN device or the memory \
         of another process; this module does not say what, see `addrctl version`; `ls -l \
         /proc/PID/fd` and `ss -0 -p` show such descriptors, end what holds them, or start the \
         program anew with `addrctl run`; no process was associated",
    )
}

/// Why the calls of a process could not be begun anew.
fn stuck(f: &mut Formatter<'_>, tree: bool) -> fmt::Result {
    f.write_str(if tree {
        "a thread of the process or of one of its descendants"
    } else {
        "a thread of the process"
    })?;
    f.write_str(
        " did not come back within ten seconds from a system call that it began before, and in \
         which it could still receive what is not for it: it waits for a disk, for a file system, \
         or for a child of vfork(2); the process is not associated, but the sockets it has keep \
         to the addresses, as after a `release`; `cat /proc/PID/task/*/stack` shows such a thread, \
         start the program anew with `addrctl run`",
    )
}

/// Whether `request` asks for what a module of that version does not know.
fn asks_for_more(request: &AssignRequest, refusal: &Refusal) -> bool {
    let terms = request.terms;
    let name_only = Terms {
        name: terms.name,
        ..Terms::default()
    };
    match refusal.module_abi {
        Some(1) => terms != name_only || request.tree || request.reset,
        Some(2) => terms.allow_raw,
        _ => false,
    }
}
