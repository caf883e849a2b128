// SPDX-License-Identifier: GPL-2.0

//! `addrctl run`: associates addrctl itself, or puts itself into an association that is
//! there, then executes the program in its place. The program never runs unassociated, and
//! never holds the control device.
//!
//! Inside an association `run` narrows instead, which needs neither the device nor a
//! privilege. Only the kernel knows whether addrctl is inside one, so `run` tries the
//! device first, and narrows when the device denies what it denies an associated addrctl.

mod narrow;
mod rights;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};

use addrconf_abi::{AssignRequest, Name, Target};
use narrow::{NarrowArgs, Part};
use rights::RightsArgs;

use super::args::{name, which, AddressSetParser, TermsArgs, ADDRS_HELP, NAME_HELP};
use super::associate::{associate, join};
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::system::System;

/// What `run` exits with when addrctl itself fails.
pub const FAILED: u8 = 125;

/// Run a program that is associated from its first instruction on
///
/// `run NAME CMD` puts the program into the association with this name, or id. `run --addr
/// ADDRS CMD` makes one for it, which ends with its last process.
///
/// Inside an association, `run` gives the program a part of the association's
/// addresses, which needs no privilege. With --keep-loopback the program stays on its loopback.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(long = "addr", help = ADDRS_HELP, value_name = "ADDRS", value_parser = AddressSetParser)]
    addresses: Option<AddressSet>,

    #[arg(
        long,
        help = NAME_HELP,
        value_name = "NAME",
        value_parser = name,
        requires = "addresses"
    )]
    name: Option<Name>,

    #[command(flatten)]
    terms: TermsArgs,

    /// Share addresses with another exclusive association all the same
    #[arg(long, requires = "addresses")]
    force: bool,

    #[command(flatten)]
    narrow: NarrowArgs,

    #[command(flatten)]
    rights: RightsArgs,

    /// Program and its arguments; before them the name of an association, unless --addr is
    /// given
    #[arg(value_name = "[NAME] CMD", required = true, trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Command for Args {
    /// Returns only on failure. An association that was made before ends with addrctl.
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        let rights = self.rights.look_up(system)?;
        let command = match &self.addresses {
            Some(addresses) => {
                self.confine(system, addresses)?;
                &self.words[..]
            }
            None => self.enter(system)?,
        };
        // Afterwards: making and joining associations needs CAP_NET_ADMIN.
        rights::take(system, &rights)?;
        let none = (&OsString::new(), &[][..]);
        let (program, rest) = command.split_first().unwrap_or(none);
        Err(not_executed(program, &system.exec(program, rest)))
    }

    fn exit_code(&self, error: &Error) -> u8 {
        exit_code(error)
    }
}

impl Args {
    /// Associates addrctl itself, or narrows the association that it is in.
    fn confine(&self, system: &dyn System, addresses: &AddressSet) -> Result<(), Error> {
        let part = Part {
            addresses,
            name: self.name,
            keep_loopback: self.narrow.keep_loopback,
        };
        if self.narrow.narrow {
            return narrow::only_narrow(system, &part, &self.terms);
        }
        let pid = system.own_pid();
        let request = AssignRequest {
            terms: self.terms.terms(self.name.unwrap_or_default()),
            ..AssignRequest::about(Target::Pid(pid))
        };
        match associate(system, pid, addresses, &request, self.force) {
            Ok(_) => Ok(()),
            Err(error) if may_be_associated(&error) => {
                narrow::narrow(system, &part, &self.terms, error)
            }
            Err(error) => Err(error),
        }
    }

    /// Puts addrctl itself into the association that the first word names; returns the words
    /// of the program.
    fn enter(&self, system: &dyn System) -> Result<&[OsString], Error> {
        let doing = || Doing::new("run", Subject::Thing("a program".into()));
        let wrong = |what: String| doing().failed(Reason::new(ErrorKind::Malformed, what));
        let (first, rest) = match self.words.split_first() {
            Some((first, rest)) => (first.to_string_lossy(), rest),
            None => return Ok(&[]),
        };
        if let [option, ..] = self.terms.given()[..] {
            return Err(wrong(format!(
                "{option} is for a new association, and needs --addr"
            )));
        }
        let to = which(&first).map_err(|problem| {
            wrong(format!(
                "without --addr the first word is an association, and {first:?} is none: {problem}"
            ))
        })?;
        let command = match rest {
            [dashes, command @ ..] if dashes == "--" => command,
            command => command,
        };
        if command.is_empty() {
            let what = "after the name of the association, or --addr ADDRS, comes the program";
            return Err(wrong(what.to_owned()));
        }
        let pid = system.own_pid();
        join(system, pid, to, &AssignRequest::about(Target::Pid(pid)))?;
        Ok(command)
    }
}

/// Whether an associated addrctl can get this error: the module denies the call, only
/// root may open the device, or the file system of the association has no device.
fn may_be_associated(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotLoaded
            | ErrorKind::NoDevice
            | ErrorKind::NotPermitted
            | ErrorKind::AlreadyAssociated
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
