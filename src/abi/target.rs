// SPDX-License-Identifier: GPL-2.0

//! What a control call is about.

use super::wire::WireError;

/// The flag of calls that take the descendants of a process as well.
pub(super) const TREE: u32 = 2;

/// The flag of calls that reset established connections outside the set.
pub(super) const RESET: u32 = 4;

/// The flag of calls that move a process from another association.
pub(super) const MOVE: u32 = 8;

/// The target of a call. On the wire: a 32-bit kind and a 64-bit value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// Kind 1: the process (thread group) that a pidfd refers to, immune to pid
    /// reuse.
    PidFd(i32),
    /// Kind 2: the process (thread group) with this pid in the caller's pid
    /// namespace.
    Pid(i32),
    /// Kind 3: the association with this id; not valid for assign.
    Association(u64),
    /// Kind 4, value 0: every association; since 3, valid for release only.
    All,
}

impl Target {
    pub(super) fn from_parts(kind: u32, value: u64) -> Result<Self, WireError> {
        let as_i32 = || i32::try_from(value).map_err(|_| WireError::BadField);
        match kind {
            1 => Ok(Self::PidFd(as_i32()?)),
            2 => match as_i32()? {
                0 => Err(WireError::BadField),
                pid => Ok(Self::Pid(pid)),
            },
            3 => Ok(Self::Association(value)),
            4 if value == 0 => Ok(Self::All),
            _ => Err(WireError::BadField),
        }
    }

    /// Whether this is a process.
    #[must_use]
    pub const fn is_process(self) -> bool {
        matches!(self, Self::PidFd(_) | Self::Pid(_))
    }

    // A negative descriptor or pid is written as a value that no parser accepts.
    pub(super) fn to_parts(self) -> (u32, u64) {
        match self {
            Self::PidFd(fd) => (1, i64::from(fd) as u64),
            Self::Pid(pid) => (2, i64::from(pid) as u64),
            Self::Association(id) => (3, id),
            Self::All => (4, 0),
        }
    }
}
