// SPDX-License-Identifier: GPL-2.0

//! The call by which `move` puts a process from one association into another.

use std::os::fd::{AsFd, AsRawFd};

use addrconf_abi::{AssignRequest, Bypass, JoinRequest, Obstacle, Target};
use rustix::io::Errno;

use super::{not_joined, Ends};
use crate::client::{CallError, Client};
use crate::commands::args::Which;
use crate::commands::open;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::{exited, Refusal};
use crate::system::System;

/// What came with `move`.
const SINCE: u32 = 8;

/// Moves process `pid` into an association that is there, as `request` asks, of which `tree` and
/// `reset` count. Returns the association's id.
pub fn move_to(
    system: &dyn System,
    pid: i32,
    to: Which,
    request: &AssignRequest,
) -> Result<u64, Error> {
    let whom = Subject::Process(open::named(system, pid));
    let doing = Doing::new("move", whom).and(format!("into association {to}"));
    attempt(system, pid, to, request).map_err(|why| doing.failed(why))
}

fn attempt(
    system: &dyn System,
    pid: i32,
    to: Which,
    request: &AssignRequest,
) -> Result<u64, Reason> {
    let Ends { client, id, pidfd } = Ends::open(system, pid, to)?;
    let moves = JoinRequest {
        tree: request.tree,
        reset: request.reset,
        moves: true,
        ..JoinRequest::about(Target::Pid(pid), id)
    };
    let Err(cause) = client.join(pidfd.as_fd(), None, &moves) else {
        return Ok(id);
    };
    let refusal = Refusal::new(system, &client, cause);
    let at = || client.query(Target::PidFd(pidfd.as_raw_fd()));
    Err(match refusal.errno() {
        Some(Errno::INVAL) if refusal.module_lacks(SINCE) => refusal.older(),
        Some(Errno::BUSY) => in_the_way_of_a_move(system, cause)
            .unwrap_or_else(|| not_joined(system, &client, pid, to, request, cause)),
        Some(Errno::EXIST) if at().is_ok_and(|found| found.id == id) => inside(to),
        Some(Errno::EXIST) => elsewhere(request.tree),
        Some(Errno::NOENT) => match (at(), is_there(&client, id)) {
            (Err(CallError::Refused(Errno::SRCH)), _) => exited(),
            (Err(CallError::Refused(Errno::NOENT)), true) => outside(pid, to),
            (Ok(_), true) => descendant(),
            _ => refusal.about(&open::association(to)),
        },
        _ => not_joined(system, &client, pid, to, request, cause),
    })
}

/// What ties the process to those that stay, if that is in the way.
fn in_the_way_of_a_move(system: &dyn System, cause: CallError) -> Option<Reason> {
    let CallError::InTheWay(Obstacle {
        bypass,
        pid,
        fd: None,
    }) = cause
    else {
        return None;
    };
    let process = open::named(system, pid);
    let (what, next) = match bypass {
        Bypass::Tracing => (
            format!("{process} traces a process that does not move, or is traced by one"),
            "detach the tracer, or move both with --tree",
        ),
        Bypass::ForeignRing => (
            format!(
                "a thread of the kernel works for an io_uring of {process}, or the ring is another \
                 process's: those that stay could use it"
            ),
            "try again when the ring is idle, or start the program again in the other association",
        ),
        _ => return None,
    };
    let why = Reason::new(ErrorKind::Holds, what).next(next);
    Some(why.next("nothing was changed"))
}

/// Whether there is an association with this id.
fn is_there(client: &Client<'_>, id: u64) -> bool {
    client.query(Target::Association(id)).is_ok()
}

/// Nothing is to be done.
fn inside(to: Which) -> Reason {
    let what = format!("it is in association {to} already");
    Reason::new(ErrorKind::AlreadyAssociated, what).next("nothing was changed")
}

/// The process and its threads or descendants are not in one association.
fn elsewhere(tree: bool) -> Reason {
    let (what, next) = match tree {
        true => (
            "a descendant is in another association than the process, such as a part that it made",
            "`addrctl show PID` tells which; move the process without --tree, and that one by itself",
        ),
        false => (
            "the process made a part of its own association meanwhile, or another call moved it",
            "`addrctl show PID` tells where it is; try again",
        ),
    };
    Reason::new(ErrorKind::AlreadyAssociated, what)
        .next(next)
        .next("nothing was changed")
}

fn outside(pid: i32, to: Which) -> Reason {
    Reason::new(ErrorKind::NotFound, "the process is not associated").next(format!(
        "`addrctl assign {pid} --to {to}` puts it into the association"
    ))
}

fn descendant() -> Reason {
    let what = "a descendant of the process is not associated, as it was released";
    Reason::new(ErrorKind::NotFound, what)
        .next("move the process without --tree, and `addrctl assign PID --to` the descendant")
        .next("nothing was changed")
}
