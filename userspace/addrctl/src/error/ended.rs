// SPDX-License-Identifier: GPL-2.0

//! Why a command that prints while it works ended early.

use std::io;

use super::{Doing, Error, Reason};

/// Why it ended early.
pub enum Ended {
    /// A call, or what was asked for.
    Call(Reason),
    /// The output.
    Output(io::Error),
}

impl Ended {
    /// The error of a command that was `doing` something.
    pub fn error(self, doing: Doing) -> Error {
        match self {
            Self::Call(why) => doing.failed(why),
            Self::Output(why) => Error::output(why),
        }
    }
}

impl From<Reason> for Ended {
    fn from(why: Reason) -> Self {
        Self::Call(why)
    }
}

impl From<io::Error> for Ended {
    fn from(why: io::Error) -> Self {
        Self::Output(why)
    }
}
