// SPDX-License-Identifier: GPL-2.0

//! Errors in words: which process, which addresses, what to do. Pure. What all
//! control calls have in common is in `call.rs`.

mod addresses;
mod assign;
mod bypass;
mod call;

use std::fmt::{self, Formatter};
use std::io;

use rustix::io::Errno;

use crate::error::{Error, ErrorKind, Process, Subject};
use crate::text::printable;
use addresses::{narrow, update};
use assign::{assign, in_use};
use bypass::in_the_way;
use call::{about, call, not_permitted};

/// Writes the message of `error`.
pub fn explain(error: &Error, f: &mut Formatter<'_>) -> fmt::Result {
    match error {
        Error::OpenDevice {
            path,
            net_admin,
            cause,
        } => open_device(f, path, *net_admin, *cause),
        Error::FindProcess {
            process,
            thread_of,
            cause,
        } => find_process(f, process, *thread_of, *cause),
        Error::Assign {
            process,
            addresses,
            request,
            holder,
            in_the_way: found,
            refusal,
        } => {
            write!(f, "cannot associate {process} with {addresses}: ")?;
            match (found, error.kind(), request.terms.loopback) {
                (Some(found), ..) => in_the_way(f, found),
                (_, ErrorKind::InUse, Some(loopback)) => in_use(f, loopback, *holder),
                (_, kind, _) => assign(f, process, request, kind, refusal),
            }
        }
        Error::Update {
            change,
            subject,
            addresses,
            present,
            refusal,
        } => update(
            f,
            *change,
            subject,
            addresses,
            present.as_ref(),
            error.kind(),
            refusal,
        ),
        Error::Narrow {
            process,
            addresses,
            cause,
        } => narrow(f, process, addresses, error.kind(), *cause),
        Error::OnlyOutside { options, cause } => write!(
            f,
            "{cause}; or, if addrctl itself runs in an association, leave {options} out: there \
             `run` can only narrow"
        ),
        Error::Release { subject, refusal } => {
            write!(f, "cannot release {subject}: ")?;
            if error.kind() == ErrorKind::Outrun {
                return f.write_str(
                    "its threads make others faster than they can be released, and those \
                     made last are associated; stop it (kill -STOP) and release it again",
                );
            }
            about(f, subject, error.kind(), refusal)
        }
        Error::Left { count } => left(f, *count),
        Error::Show { subject, refusal } => {
            write!(f, "cannot show {subject}: ")?;
            about(f, subject, error.kind(), refusal)
        }
        Error::List(refusal) => {
            f.write_str("cannot list associations: ")?;
            call(f, error.kind(), refusal)
        }
        Error::AskVersion(refusal) => {
            f.write_str("cannot ask the module for its version: ")?;
            call(f, error.kind(), refusal)
        }
        Error::Exec { program, cause } => {
            write!(f, "cannot execute {program:?}: ")?;
            exec(f, cause)
        }
        Error::Write(cause) => write!(f, "cannot write the output: {cause}"),
    }
}

/// Associations that outlived a flush.
fn left(f: &mut Formatter<'_>, count: usize) -> fmt::Result {
    match count {
        1 => f.write_str("1 association is left, which still has sockets")?,
        _ => write!(f, "{count} associations are left, which still have sockets")?,
    }
    f.write_str(
        ": no task is in them, but somebody holds a descriptor, or data is on its way; \
         `addrctl list` shows which end later, and `addrctl flush` can be run again",
    )
}

fn exec(f: &mut Formatter<'_>, cause: &io::Error) -> fmt::Result {
    match cause.kind() {
        io::ErrorKind::NotFound => f.write_str(
            "no such program, or no interpreter for it; name one in PATH or write its path \
             with a slash",
        ),
        io::ErrorKind::PermissionDenied => f.write_str(
            "permission denied; check that the file and its directories \
             are executable for this user",
        ),
        _ => write!(f, "{cause}"),
    }
}

fn open_device(
    f: &mut Formatter<'_>,
    path: &str,
    net_admin: Option<bool>,
    cause: Errno,
) -> fmt::Result {
    match cause {
        Errno::NOENT => write!(
            f,
            "the addrconf module is not loaded (no {path}): run `modprobe addrconf` or \
             `insmod addrconf.ko`"
        ),
        Errno::NODEV | Errno::NXIO => write!(
            f,
            "the addrconf module is not loaded ({path} has no driver): run \
             `modprobe addrconf` or `insmod addrconf.ko`"
        ),
        Errno::ACCESS => write!(f, "no permission to open {path}: run addrctl as root"),
        // The module's own answer, not that of the file's mode.
        Errno::PERM => {
            write!(f, "cannot open {path}: ")?;
            not_permitted(f, net_admin)
        }
        Errno::NOTTY => write!(f, "{path} is not the device of the addrconf module"),
        _ => write!(f, "cannot open {path}: {cause}"),
    }
}

fn find_process(
    f: &mut Formatter<'_>,
    process: &Process,
    thread_of: Option<i32>,
    cause: Errno,
) -> fmt::Result {
    match (thread_of, cause) {
        (Some(leader), _) => write!(
            f,
            "{process} is a thread of process {leader}: name the process, its threads follow"
        ),
        (None, Errno::SRCH | Errno::NOENT) => write!(
            f,
            "there is no process {} in this pid namespace: check the number, for example \
             with `ps -p {0}`",
            process.pid
        ),
        (None, Errno::MFILE | Errno::NFILE) => {
            write!(f, "cannot open {process}: too many open files")
        }
        _ => write!(f, "cannot open {process}: {cause}"),
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.comm {
            // A process chooses its name: keep it from writing to terminals.
            Some(comm) => write!(f, " ({})", printable(comm)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(process) => write!(f, "{process}"),
            Self::Association(id) => write!(f, "association {id}"),
            Self::Everything => f.write_str("every association"),
        }
    }
}
