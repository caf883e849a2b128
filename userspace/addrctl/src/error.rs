// SPDX-License-Identifier: GPL-2.0

//! What can go wrong, by what was being done; and of which kind it is, which
//! decides the exit code. The words are in `explain/`.

use std::ffi::OsString;
use std::fmt;
use std::io;

use addrconf_abi::{AssignRequest, Change, Obstacle};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::explain;
use crate::refusal::Refusal;

/// A process as messages name it: its id, and its command name when that could
/// be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Command name.
    pub comm: Option<String>,
}

/// Whom a call was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One process.
    Process(Process),
    /// A whole association.
    Association(u64),
    /// All associations.
    Everything,
}

/// Who has an address already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An association.
    Association(u64),
    /// The host: a process outside every association, or an interface.
    Host,
}

/// Kinds of failure, whatever errno stood for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no control device.
    NotLoaded,
    /// The caller may not do that.
    NotPermitted,
    /// No such process or association.
    NotFound,
    /// The number is a thread's, not a process's.
    NotAProcess,
    /// The process is associated already.
    AlreadyAssociated,
    /// An address that was to be added is in the set.
    AlreadyInSet,
    /// An address that was to be removed is not in the set.
    NotInSet,
    /// The process holds what cannot be taken in.
    Holds,
    /// A thread of the process is in a call that cannot be interrupted.
    Stuck,
    /// New threads or processes came faster than they could be put in.
    Outrun,
    /// Associations are left.
    Left,
    /// Somebody has the loopback address, or all are taken.
    InUse,
    /// More addresses than there may be.
    TooMany,
    /// The module found the request meaningless.
    Malformed,
    /// Module and addrctl speak different versions.
    Mismatch,
    /// The module has no memory for it.
    NoMemory,
    /// A program could not be executed.
    Exec,
    /// The output could not be written.
    Output,
    /// Anything else.
    Other,
}

/// What is in the way of an association.
#[derive(Clone, Debug)]
pub struct InTheWay {
    /// What the module found.
    pub obstacle: Obstacle,
    /// The process that holds it.
    pub process: Process,
}

/// A failed command.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Opening the control device.
    OpenDevice {
        /// Its path.
        path: String,
        /// Whether addrctl has `CAP_NET_ADMIN`.
        net_admin: Option<bool>,
        /// The answer.
        cause: Errno,
    },
    /// Getting hold of a process.
    FindProcess {
        /// Which one.
        process: Process,
        /// The process it belongs to, when it is a thread.
        thread_of: Option<i32>,
        /// The answer.
        cause: Errno,
    },
    /// Making an association.
    Assign {
        /// For which process.
        process: Process,
        /// With which addresses, as one list.
        addresses: String,
        /// What was asked for besides.
        request: Box<AssignRequest>,
        /// Who has the loopback address that was asked for, where that was found
        /// out.
        holder: Option<Holder>,
        /// What is in the way, where the module told.
        in_the_way: Option<Box<InTheWay>>,
        /// The answer.
        refusal: Refusal,
    },
    /// Changing a set.
    Update {
        /// How.
        change: Change,
        /// Whose.
        subject: Subject,
        /// With which addresses.
        addresses: AddressSet,
        /// The set as it is, where that was found out.
        present: Option<AddressSet>,
        /// The answer.
        refusal: Refusal,
    },
    /// Narrowing the association of addrctl itself.
    Narrow {
        /// addrctl.
        process: Process,
        /// To which addresses.
        addresses: AddressSet,
        /// The answer.
        cause: Errno,
    },
    /// Running a program with options that narrowing has no place for.
    OnlyOutside {
        /// The options, as one list.
        options: String,
        /// Why a new association could not be made.
        cause: Box<Error>,
    },
    /// Ending an association, or a process's part in it.
    Release {
        /// Whose.
        subject: Subject,
        /// The answer.
        refusal: Refusal,
    },
    /// Ending every association, where some did not vanish.
    Left {
        /// How many.
        count: usize,
    },
    /// Describing an association.
    Show {
        /// Whose.
        subject: Subject,
        /// The answer.
        refusal: Refusal,
    },
    /// Enumerating associations.
    List(Refusal),
    /// Asking for the module's version.
    AskVersion(Refusal),
    /// Becoming the program to run.
    Exec {
        /// The program.
        program: OsString,
        /// The answer.
        cause: io::Error,
    },
    /// Writing the output.
    Write(io::Error),
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::OpenDevice { cause, .. } => open_kind(*cause),
            Self::FindProcess {
                cause, thread_of, ..
            } => match *cause {
                _ if thread_of.is_some() => ErrorKind::NotAProcess,
                Errno::SRCH | Errno::NOENT => ErrorKind::NotFound,
                _ => ErrorKind::Other,
            },
            Self::Assign { refusal, .. } => match refusal {
                refusal if refusal.is(Errno::EXIST) => ErrorKind::AlreadyAssociated,
                refusal if refusal.is(Errno::ADDRINUSE) => ErrorKind::InUse,
                refusal if refusal.is(Errno::BUSY) => ErrorKind::Holds,
                refusal if refusal.is(Errno::TIMEDOUT) => ErrorKind::Stuck,
                refusal if refusal.is(Errno::AGAIN) => ErrorKind::Outrun,
                refusal => refusal.kind(),
            },
            Self::Update {
                change,
                present,
                refusal,
                ..
            } => update_kind(*change, present.is_some(), refusal),
            Self::Narrow { cause, .. } => match *cause {
                Errno::PERM => ErrorKind::NotPermitted,
                Errno::INVAL => ErrorKind::Malformed,
                Errno::TOOBIG => ErrorKind::TooMany,
                Errno::ADDRINUSE => ErrorKind::InUse,
                Errno::NOMEM => ErrorKind::NoMemory,
                _ => ErrorKind::Other,
            },
            Self::OnlyOutside { cause, .. } => cause.kind(),
            Self::Left { .. } => ErrorKind::Left,
            Self::Release { refusal, .. } if refusal.is(Errno::AGAIN) => ErrorKind::Outrun,
            Self::Release { refusal, .. }
            | Self::Show { refusal, .. }
            | Self::List(refusal)
            | Self::AskVersion(refusal) => refusal.kind(),
            Self::Exec { .. } => ErrorKind::Exec,
            Self::Write(_) => ErrorKind::Output,
        }
    }

    /// The exit code of every command but `run`.
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            ErrorKind::NotLoaded => 3,
            ErrorKind::NotPermitted => 4,
            ErrorKind::NotFound => 5,
            ErrorKind::Left => 6,
            _ => 1,
        }
    }

    /// The exit code of `run`, as for `env`(1).
    pub fn run_exit_code(&self) -> u8 {
        match self {
            Self::Exec { cause, .. } if cause.kind() == io::ErrorKind::NotFound => 127,
            Self::Exec { .. } => 126,
            _ => 125,
        }
    }

    /// Whether the reader of our output went away, which needs no message.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        explain::explain(self, f)
    }
}

impl std::error::Error for Error {}

fn open_kind(cause: Errno) -> ErrorKind {
    match cause {
        Errno::NOENT | Errno::NODEV | Errno::NXIO => ErrorKind::NotLoaded,
        Errno::ACCESS | Errno::PERM => ErrorKind::NotPermitted,
        _ => ErrorKind::Other,
    }
}

fn update_kind(change: Change, associated: bool, refusal: &Refusal) -> ErrorKind {
    match (change, refusal.kind()) {
        // The association was found: what is missing is an address.
        (Change::Remove, ErrorKind::NotFound) if associated && refusal.is(Errno::NOENT) => {
            ErrorKind::NotInSet
        }
        (Change::Add, _) if refusal.is(Errno::EXIST) => ErrorKind::AlreadyInSet,
        (_, _) if refusal.is(Errno::TOOBIG) && !refusal.module_lacks(2) => ErrorKind::TooMany,
        (_, kind) => kind,
    }
}
