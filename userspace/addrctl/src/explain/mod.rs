// SPDX-License-Identifier: GPL-2.0

//! Errors in words: which process, which addresses, what to do. Pure. What all
//! control calls have in common is in `call.rs`.

mod addresses;
mod call;

use std::fmt::{self, Formatter};
use std::io;

use addrconf_abi::AssignFlags;
use rustix::io::Errno;

use crate::client::AssignOptions;
use crate::error::{Error, ErrorKind, Process, Subject};
use crate::refusal::Refusal;
use addresses::{narrow, update};
use call::{about, call, not_permitted, older, NO_LOOPBACK};

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
            options,
            refusal,
        } => {
            write!(f, "cannot associate {process} with {addresses}: ")?;
            assign(f, process, options, error.kind(), refusal)
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

fn assign(
    f: &mut Formatter<'_>,
    process: &Process,
    options: &AssignOptions,
    kind: ErrorKind,
    refusal: &Refusal,
) -> fmt::Result {
    let tree = options.flags.has(AssignFlags::TREE);
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
        ErrorKind::InUse => match options.loopback {
            Some(loopback) => write!(
                f,
                "another association has the loopback address {loopback}; `addrctl list` tells \
                 which, leave --loopback out for one that is free"
            ),
            None => f.write_str(NO_LOOPBACK),
        },
        ErrorKind::Holds => holds(f, tree),
        ErrorKind::Stuck => stuck(f, tree),
        ErrorKind::Outrun => f.write_str(
            "its descendants exit, and leave their children to one another, faster than they can \
             be followed; nothing was changed; stop them (SIGSTOP), assign, and have them go on \
             (SIGCONT)",
        ),
        ErrorKind::NotFound => f.write_str("the process has exited meanwhile"),
        ErrorKind::Malformed if refusal.module_is_older() && asks_for_more(options, refusal) => {
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

/// Why a process cannot be taken in.
fn holds(f: &mut Formatter<'_>, tree: bool) -> fmt::Result {
    f.write_str(if tree {
        "the process or one of its descendants holds"
    } else {
        "the process holds"
    })?;
    f.write_str(
        " what could go around the association: a packet or XDP socket, memory mapped from one, an MPTCP connection, \
         a socket in a sockmap of BPF programs, an io_uring whose polling thread is of a process \
         outside, a TUN device, a UDP socket with half of a datagram from an address outside the \
         set, or a process outside that it traces, whose /proc/PID/mem it has open or whose pages \
         it provides (userfaultfd); or what it has mapped changes for too long to be looked at, or \
         is too much; nothing was changed, but for who came by such a thing \
         meanwhile, whose sockets keep to the addresses, as after a `release`; \
         `ls -l /proc/PID/fd` and `ss -0 -p` show such descriptors, end what holds them, or start \
         the program anew with `addrctl run`",
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

/// Whether `options` ask for what a module of that version does not know.
fn asks_for_more(options: &AssignOptions, refusal: &Refusal) -> bool {
    let name_only = AssignOptions {
        name: options.name,
        ..AssignOptions::default()
    };
    match refusal.module_abi {
        Some(1) => *options != name_only,
        _ => options.flags.has(AssignFlags::ALLOW_RAW),
    }
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

/// `text` with control and other invisible characters escaped.
pub fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        '\'' | '"' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}
