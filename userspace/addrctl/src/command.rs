// SPDX-License-Identifier: GPL-2.0

//! What every command is.

use std::io::Write;

use crate::error::Error;
use crate::system::System;

/// The arguments of a command, which can be carried out.
pub trait Command {
    /// Carries the command out; what it answers goes to `out`.
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error>;

    /// What addrctl exits with when `error` ended the command.
    fn exit_code(&self, error: &Error) -> u8 {
        error.exit_code()
    }
}
