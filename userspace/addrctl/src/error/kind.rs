// SPDX-License-Identifier: GPL-2.0

//! Kinds of failure, which decide the exit code.

/// Kinds of failure, whatever errno stood for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The control device does not exist, or its module is going.
    NotLoaded,
    /// The module is loaded, but its control device is not there.
    NoDevice,
    /// The caller lacks the right.
    NotPermitted,
    /// No such process, association, rule, control group or unit.
    NotFound,
    /// The number is a thread's, not a process's.
    NotAProcess,
    /// Another association has the name.
    NameTaken,
    /// The association is not defined.
    NotDefined,
    /// A rule puts tasks into the association.
    InRule,
    /// What was asked for makes no sense, and hardly was meant.
    Mistaken,
    /// The process is associated already.
    AlreadyAssociated,
    /// An address to add is in the set.
    AlreadyInSet,
    /// An address to remove is not in the set.
    NotInSet,
    /// The process holds a bypass.
    Holds,
    /// A thread of the process is in a call that cannot be interrupted.
    Stuck,
    /// Threads, processes or changes come faster than they can be followed.
    Outrun,
    /// Associations are left.
    Left,
    /// The machine has faults.
    Unhealthy,
    /// The loopback address is in use, or all are.
    InUse,
    /// More addresses or rules than are possible.
    TooMany,
    /// The module found the request meaningless.
    Malformed,
    /// Module and addrctl have different versions.
    Mismatch,
    /// The kernel has no memory.
    NoMemory,
    /// There is no such program.
    NoProgram,
    /// The program cannot be executed.
    Exec,
    /// The output could not be written.
    Output,
    /// The reader of the output went away, which needs no message.
    ReaderGone,
    /// A call that was asked about would be refused. The answer was printed.
    WouldBeRefused,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Whether nobody needs a message about it.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::ReaderGone | Self::WouldBeRefused)
    }
}
