// SPDX-License-Identifier: GPL-2.0

//! The trait of all commands.

use std::io::Write;

use crate::error::Error;
use crate::system::System;

/// A command with its arguments.
pub trait Command {
    /// Carries the command out, and writes its answer to `out`.
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error>;

    /// The exit code of addrctl after `error` ended the command.
    fn exit_code(&self, error: &Error) -> u8 {
        error.exit_code()
    }
}
