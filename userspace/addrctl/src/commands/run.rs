// SPDX-License-Identifier: GPL-2.0

//! `addrctl run`: associates addrctl itself, then becomes the program. There
//! is no moment in which the program runs unassociated, and none in which an
//! associated program holds the control device.

use super::assign::associate;
use super::{open_device, open_process};
use crate::cli::RunArgs;
use crate::error::Error;
use crate::system::System;

/// Runs the command. Returns only when it fails; the association that may
/// have been made then ends with addrctl.
pub fn run(system: &dyn System, args: &RunArgs) -> Error {
    let Some((program, rest)) = args.command.split_first() else {
        return Error::Exec {
            program: "".into(),
            cause: std::io::ErrorKind::NotFound.into(),
        };
    };
    match associate_self(system, args) {
        Ok(()) => Error::Exec {
            program: program.clone(),
            cause: system.exec(program, rest),
        },
        Err(error) => error,
    }
}

/// Associates addrctl itself. The device and the pidfd are closed on return,
/// before the program could inherit them.
fn associate_self(system: &dyn System, args: &RunArgs) -> Result<(), Error> {
    let device = open_device(system)?;
    let own = open_process(system, system.own_pid())?;
    let name = args.name.name.unwrap_or_default();
    associate(system, &*device, own, &args.addresses, name)?;
    Ok(())
}
