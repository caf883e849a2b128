// SPDX-License-Identifier: GPL-2.0

//! Errors in words: which process, which addresses, what to do. Pure.

use std::fmt::{self, Formatter};
use std::io;

use addrconf_abi::ABI_VERSION;
use rustix::io::Errno;

use crate::client::CallError;
use crate::error::{Error, ErrorKind, Process, Subject};

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
            net_admin,
            cause,
        } => {
            write!(f, "cannot associate {process} with {addresses}: ")?;
            match error.kind() {
                ErrorKind::AlreadyAssociated => write!(
                    f,
                    "the process is already associated; `addrctl show {0}` tells with what, \
                     `addrctl release {0}` ends it",
                    process.pid
                ),
                ErrorKind::NotFound => f.write_str("the process has exited meanwhile"),
                ErrorKind::Malformed => f.write_str(
                    "the module found it malformed and changed nothing: either this is a kernel \
                     thread, which cannot be associated, or the module's rules differ from this \
                     addrctl's, see `addrctl version`",
                ),
                kind => call(f, kind, *cause, *net_admin),
            }
        }
        Error::Release {
            subject,
            net_admin,
            cause,
        } => {
            write!(f, "cannot release {subject}: ")?;
            about(f, subject, error.kind(), *cause, *net_admin)
        }
        Error::Show {
            subject,
            net_admin,
            cause,
        } => {
            write!(f, "cannot show {subject}: ")?;
            about(f, subject, error.kind(), *cause, *net_admin)
        }
        Error::List { net_admin, cause } => {
            f.write_str("cannot list associations: ")?;
            call(f, error.kind(), *cause, *net_admin)
        }
        Error::AskVersion { cause } => {
            f.write_str("cannot ask the module for its version: ")?;
            call(f, error.kind(), *cause, None)
        }
        Error::Exec { program, cause } => {
            write!(f, "cannot execute {program:?}: ")?;
            match cause.kind() {
                io::ErrorKind::NotFound => {
                    f.write_str("no such program, or no interpreter for it; name one in PATH or write its path \
                     with a slash")
                }
                io::ErrorKind::PermissionDenied => f.write_str(
                    "permission denied; check that the file and its directories \
                     are executable for this user",
                ),
                _ => write!(f, "{cause}"),
            }
        }
        Error::Write(cause) => write!(f, "cannot write the output: {cause}"),
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

fn not_permitted(f: &mut Formatter<'_>, net_admin: Option<bool>) -> fmt::Result {
    f.write_str(match net_admin {
        Some(false) => "this needs CAP_NET_ADMIN: run addrctl as root",
        Some(true) => {
            "not permitted although addrctl has CAP_NET_ADMIN: it runs in an association \
             itself, and an associated process may not look at or change associations, or \
             in a user namespace; run it from outside"
        }
        None => {
            "this needs CAP_NET_ADMIN (run addrctl as root), and addrctl itself must not \
             run in an association"
        }
    })
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

/// The part of a message that is about an existing association.
fn about(
    f: &mut Formatter<'_>,
    subject: &Subject,
    kind: ErrorKind,
    cause: CallError,
    net_admin: Option<bool>,
) -> fmt::Result {
    match (kind, subject, cause) {
        (ErrorKind::NotFound, Subject::Association(_), _) => f.write_str(
            "no such association; it may have ended with its last task, \
             `addrctl list` shows those there are",
        ),
        (ErrorKind::NotFound, Subject::Process(_), CallError::Refused(Errno::SRCH)) => {
            f.write_str("the process has exited meanwhile")
        }
        (ErrorKind::NotFound, Subject::Process(_), _) => f.write_str(
            "the process is not associated; `addrctl list` shows the associations there are",
        ),
        _ => call(f, kind, cause, net_admin),
    }
}

/// What every control call may answer.
fn call(
    f: &mut Formatter<'_>,
    kind: ErrorKind,
    cause: CallError,
    net_admin: Option<bool>,
) -> fmt::Result {
    match (kind, cause) {
        (ErrorKind::NotPermitted, _) => not_permitted(f, net_admin),
        (ErrorKind::Mismatch, CallError::Refused(Errno::NOTTY)) => write!(
            f,
            "the module does not know this call: addrctl (ABI {ABI_VERSION}) and module are of \
             different versions, see `addrctl version`; install the matching pair"
        ),
        (ErrorKind::Mismatch, CallError::Refused(_)) => write!(
            f,
            "the module is older than this addrctl (ABI {ABI_VERSION}), see \
             `addrctl version`; install the matching pair"
        ),
        (ErrorKind::Mismatch, CallError::BadAnswer) => write!(
            f,
            "the module's answer makes no sense to this addrctl (ABI {ABI_VERSION}), see \
             `addrctl version`; install the matching pair"
        ),
        (ErrorKind::Malformed, _) => write!(
            f,
            "the module refused the request as malformed: if `addrctl version` shows different \
             versions of addrctl (ABI {ABI_VERSION}) and module, install the matching pair"
        ),
        (ErrorKind::NoMemory, _) => {
            f.write_str("the kernel has no memory for it; nothing was changed")
        }
        (ErrorKind::NotLoaded, _) => f.write_str("the addrconf module is being unloaded"),
        (_, CallError::Refused(Errno::BUSY)) => f.write_str("the module is busy; try again"),
        (_, CallError::Refused(errno)) => write!(f, "{errno}"),
        (_, CallError::BadAnswer) => f.write_str("the module's answer makes no sense"),
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
        }
    }
}

/// `text` with control and other invisible characters escaped.
pub fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        '\'' | '"' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}
