// SPDX-License-Identifier: GPL-2.0

//! `addrctl run`: associates addrctl itself, then becomes the program. There
//! is no moment in which the program runs unassociated, and none in which an
//! associated program holds the control device.
//!
//! Inside an association it narrows instead, which needs neither the device
//! nor a privilege. Only the kernel knows whether addrctl is inside one, so
//! the device comes first, and what it answers there sends us to narrowing.

use std::ffi::OsString;
use std::io::Write;

use addrconf_abi::{AssignRequest, NarrowHeader, Target, Wire, MAX_STRUCT};
use rustix::io::Errno;

use super::args::{address_set, TermsArgs, ADDRS_HELP};
use super::associate::associate;
use super::open;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Error, ErrorKind, Process};
use crate::system::System;

/// Run a program that is associated from its first instruction on
///
/// Inside an association it gives the program a part of the addresses there,
/// which needs no privilege.
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
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        Err(run(system, self))
    }

    fn exit_code(&self, error: &Error) -> u8 {
        error.run_exit_code()
    }
}

/// Runs the command. Returns only when it fails; the association that may
/// have been made then ends with addrctl.
fn run(system: &dyn System, args: &Args) -> Error {
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

fn associate_self(system: &dyn System, args: &Args) -> Result<(), Error> {
    match associate_anew(system, args) {
        Err(error) if may_be_associated(&error) => narrow(system, args, error),
        other => other,
    }
}

/// Associates addrctl itself. The device and the pidfd are closed on return,
/// before the program could inherit them.
fn associate_anew(system: &dyn System, args: &Args) -> Result<(), Error> {
    let device = open::device(system)?;
    let own = open::process(system, system.own_pid())?;
    let request = AssignRequest {
        terms: args.terms.terms(),
        ..AssignRequest::about(Target::Pid(system.own_pid()))
    };
    associate(system, device, own, &args.addresses, request)?;
    Ok(())
}

/// Whether an associated addrctl would see this error: the module refuses it,
/// the device is for root, or its file system has no such device.
fn may_be_associated(error: &Error) -> bool {
    matches!(
        (error, error.kind()),
        (
            Error::OpenDevice { .. } | Error::Assign { .. },
            ErrorKind::NotLoaded | ErrorKind::NotPermitted | ErrorKind::AlreadyAssociated
        )
    )
}

/// Narrows the association addrctl is in, if it is in one; otherwise `outside`
/// is what went wrong.
fn narrow(system: &dyn System, args: &Args, outside: Error) -> Result<(), Error> {
    let options = args.terms.beyond_narrowing();
    if !options.is_empty() {
        return Err(Error::OnlyOutside {
            options: options.join(", "),
            cause: Box::new(outside),
        });
    }
    let header = NarrowHeader {
        addr_count: args.addresses.entries().len() as u32,
        name: args.terms.name.unwrap_or_default(),
    };
    let mut context = header.encode(&mut [0; MAX_STRUCT]).to_vec();
    context.extend(args.addresses.to_bytes());
    match system.narrow(&context) {
        Ok(()) => Ok(()),
        // Not associated; no module, or one that is going; a kernel that knows
        // nothing of it.
        Err(Errno::NOENT | Errno::OPNOTSUPP | Errno::NODEV | Errno::NOSYS) => Err(outside),
        Err(cause) => {
            let pid = system.own_pid();
            Err(Error::Narrow {
                process: Process {
                    pid,
                    comm: system.comm(pid),
                },
                addresses: args.addresses.clone(),
                cause,
            })
        }
    }
}
