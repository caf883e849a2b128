// SPDX-License-Identifier: GPL-2.0

//! `addrctl` gives processes and their descendants a fixed set of local IP
//! addresses, through the control device of the addrconf kernel module.

mod address;
mod allow;
mod cli;
mod client;
mod command;
mod commands;
mod error;
mod explain;
mod output;
mod refusal;
mod source;
mod system;
#[cfg(test)]
mod testing;
mod text;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use cli::Cli;
use command::Command;
use error::Error;
use system::{Linux, System};

/// What `run` exits with when addrctl itself fails.
const RUN_FAILED: u8 = 125;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let (command, device) = match Cli::read(&args) {
        Ok(read) => read,
        Err(error) => return usage(&error, &args),
    };
    let command = command.named();
    match run(&Linux::new(device), command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(command.exit_code(&error))
        }
    }
}

fn run(system: &dyn System, command: &dyn Command) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    command.run(system, &mut out)?;
    out.flush().map_err(Error::Write)
}

fn complain(error: &Error) {
    if !error.is_broken_pipe() {
        // Where standard error is closed too, nobody is left to tell.
        let _ = writeln!(io::stderr(), "addrctl: {error}");
    }
}

/// Prints help, or what is wrong with the command line.
fn usage(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() && Cli::meant_run(args) {
        return ExitCode::from(RUN_FAILED);
    }
    // clap's codes: 0 for help that was asked for, 2 for wrong usage.
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
