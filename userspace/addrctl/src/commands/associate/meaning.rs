// SPDX-License-Identifier: GPL-2.0

//! What each errno means when an association cannot be made.

use addrconf_abi::{AssignRequest, Terms};
use rustix::io::Errno;

use super::loopback::in_use;
use super::name_taken;
use super::obstacle::in_the_way;
use crate::client::{CallError, Client};
use crate::error::{ErrorKind, Reason};
use crate::refusal::{exited, malformed, Refusal};
use crate::system::System;

/// Why process `pid` cannot be associated as `request` asks.
pub(super) fn meaning(
    system: &dyn System,
    client: &Client<'_>,
    pid: i32,
    request: &AssignRequest,
    refusal: &Refusal,
) -> Reason {
    if let CallError::InTheWay(obstacle) = refusal.cause {
        return in_the_way(system, obstacle);
    }
    match refusal.errno() {
        Some(Errno::EXIST) => already(pid, request.tree),
        Some(Errno::NOTUNIQ) => name_taken(request.terms.name),
        Some(Errno::ADDRINUSE) => in_use(client, request.terms.loopback),
        Some(Errno::BUSY) => holds(request.tree),
        Some(Errno::TIMEDOUT) => stuck(request.tree),
        Some(Errno::AGAIN) => outrun(request.tree),
        Some(Errno::SRCH | Errno::NOENT) => exited(),
        Some(Errno::INVAL) if asks_for_more(request, refusal) => refusal.older(),
        Some(Errno::INVAL) if system.is_kernel_thread(pid) => kernel_thread(),
        Some(Errno::INVAL) => malformed().next("see `addrctl version`"),
        _ => refusal.reason(),
    }
}

fn already(pid: i32, tree: bool) -> Reason {
    if tree {
        let what = "the process or one of its descendants is already associated";
        return Reason::new(ErrorKind::AlreadyAssociated, what)
            .next("`addrctl list` and `addrctl show` tell which, `addrctl release` ends it")
            .next("nothing was changed");
    }
    let what = "the process is already associated";
    Reason::new(ErrorKind::AlreadyAssociated, what).next(format!(
        "`addrctl show {pid}` tells with what, `addrctl release {pid}` ends it"
    ))
}

/// The process holds a bypass, and the module is too old to say which.
fn holds(tree: bool) -> Reason {
    let who = if tree {
        "the process or one of its descendants holds"
    } else {
        "the process holds"
    };
    let what = format!(
        "{who} what goes around an association, such as a packet socket, a TUN device or the \
         memory of another process"
    );
    Reason::new(ErrorKind::Holds, what)
        .next("this module does not say what, see `addrctl version`")
        .next(
            "`ls -l /proc/PID/fd` and `ss -0 -p` show such descriptors, end what holds them, or \
             restart the program with `addrctl run`",
        )
        .next("no process was associated")
}

/// A thread of the process cannot be interrupted.
fn stuck(tree: bool) -> Reason {
    let who = if tree {
        "a thread of the process or of one of its descendants"
    } else {
        "a thread of the process"
    };
    let what = format!(
        "{who} did not come back within ten seconds from a system call that it began before, and \
         in which it could still receive data that is not for it"
    );
    Reason::new(ErrorKind::Stuck, what)
        .next(
            "the process is not associated, but the sockets it has keep to the addresses, as after \
             a `release`",
        )
        .next(
            "`cat /proc/PID/task/*/stack` shows what such a thread waits for, such as a disk, a \
             file system or a child of vfork(2); restart the program with `addrctl run`",
        )
}

/// New threads or processes came faster than they could be associated.
fn outrun(tree: bool) -> Reason {
    let what = if tree {
        "the processes of the tree make threads and children, or exit and leave their children to \
         one another, faster than they can be associated"
    } else {
        "the process makes threads faster than they can be associated"
    };
    Reason::new(ErrorKind::Outrun, what)
        .next("nothing was changed")
        .next(
            "stop it (`kill -STOP`), assign, and continue it (`kill -CONT`), or restart the \
             program with `addrctl run`",
        )
}

fn kernel_thread() -> Reason {
    let what = "the process is a kernel thread, which cannot be associated";
    Reason::new(ErrorKind::Malformed, what).next("nothing was changed")
}

/// Whether `request` asks for what a module of the version that refused it lacks.
fn asks_for_more(request: &AssignRequest, refusal: &Refusal) -> bool {
    let terms = request.terms;
    let name_only = Terms {
        name: terms.name,
        ..Terms::default()
    };
    match refusal.module_abi() {
        Some(1) => terms != name_only || request.tree || request.reset,
        Some(2) => terms.allow_raw,
        _ => false,
    }
}
