// SPDX-License-Identifier: GPL-2.0

//! Processes and associations as messages name them.

use std::borrow::Cow;
use std::fmt;

use crate::text::printable;

/// A process: its id, and its command name when that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Command name.
    pub comm: Option<String>,
}

/// The subject of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One process.
    Process(Process),
    /// A whole association, by its id or name.
    Association(Cow<'static, str>),
    /// All associations.
    Everything,
    /// Something else, by its name.
    Thing(Cow<'static, str>),
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.comm {
            Some(comm) => write!(f, " ({})", printable(comm)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(process) => write!(f, "{process}"),
            Self::Association(which) => write!(f, "association {which}"),
            Self::Everything => f.write_str("every association"),
            Self::Thing(name) => f.write_str(name),
        }
    }
}
