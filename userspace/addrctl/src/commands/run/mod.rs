// SPDX-License-Identifier: GPL-2.0

//! `addrctl run`: associates addrctl itself, then executes the program in its place. The
//! program never runs unassociated, and never holds the control device.
//!
//! Inside an association `run` narrows instead, which needs neither the device nor a
//! privilege. Only the kernel knows whether addrctl is inside one, so `run` tries the
//! device first, and narrows when the device denies what it denies an associated addrctl.

mod narrow;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};

use addrconf_abi::{AssignRequest, Target};

use super::args::{address_set, TermsArgs, ADDRS_HELP};
use super::associate::associate;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::system::System;

/// What `run` exits with when addrctl itself fails.
pub const FAILED: u8 = 125;

/// Run a program that is associated from its first instruction on
///
/// Inside an association, `run` gives the program a part of the association's
/// addresses, which needs no privilege.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(long = "addr", help = ADDRS_HELP, value_name = "ADDRS", value_parser = address_set)]
    addresses: AddressSet,

    #[command(flatten)]
    terms: TermsArgs,

    /// Program and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

impl Command for Args {
    /// Returns only on failure. An association that was made before ends with addrctl.
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        self.confine(system)?;
        let none = (&OsString::new(), &[][..]);
        let (program, rest) = self.command.split_first().unwrap_or(none);
        Err(not_executed(program, &system.exec(program, rest)))
    }

    fn exit_code(&self, error: &Error) -> u8 {
        exit_code(error)
    }
}

impl Args {
    /// Associates addrctl itself, or narrows the association that it is in.
    fn confine(&self, system: &dyn System) -> Result<(), Error> {
        let pid = system.own_pid();
        let request = AssignRequest {
            terms: self.terms.terms(),
            ..AssignRequest::about(Target::Pid(pid))
        };
        match associate(system, pid, &self.addresses, &request) {
            Ok(_) => Ok(()),
            Err(error) if may_be_associated(&error) => {
                narrow::narrow(system, &self.addresses, &self.terms, error)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether an associated addrctl can get this error: the module denies the call, only
/// root may open the device, or the file system of the association has no device.
fn may_be_associated(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotLoaded | ErrorKind::NotPermitted | ErrorKind::AlreadyAssociated
    )
}

fn not_executed(program: &OsStr, cause: &io::Error) -> Error {
    let why = match cause.kind() {
        io::ErrorKind::NotFound => Reason::new(ErrorKind::NoProgram, "no such program")
            .next("name one in PATH or write its path with a slash")
            .next("if the file exists, the interpreter that its first line names does not"),
        io::ErrorKind::PermissionDenied => Reason::new(ErrorKind::Exec, "permission denied")
            .next("check that the file and its directories are executable for this user"),
        _ => Reason::new(ErrorKind::Exec, cause.to_string()),
    };
    let program = Subject::Thing(format!("{program:?}").into());
    Doing::new("execute", program).failed(why)
}

/// The exit code of `run`, as for `env`(1).
pub fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::NoProgram => 127,
        ErrorKind::Exec => 126,
        _ => FAILED,
    }
}
