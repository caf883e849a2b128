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
mod output;
mod policy_file;
mod refusal;
mod source;
mod system;
#[cfg(test)]
mod testing;
mod text;
mod word;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use cli::Cli;
use command::Command;
use commands::run;
use error::Error;
use system::{Linux, System};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let (command, device) = match Cli::read(&args) {
        Ok(read) => read,
        Err(error) => return usage(&error, &args),
    };
    let command = command.named();
    match carry_out(&Linux::new(device), command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(command.exit_code(&error))
        }
    }
}

fn carry_out(system: &dyn System, command: &dyn Command) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    command.run(system, &mut out)?;
    out.flush().map_err(Error::output)
}

fn complain(error: &Error) {
    if !error.kind().is_silent() {
        // When standard error is closed as well, the message has no reader.
        let _ = writeln!(io::stderr(), "addrctl: {error}");
    }
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn usage(error: &clap::Error, args: &[OsString]) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() && Cli::meant_run(args) {
        return ExitCode::from(run::FAILED);
    }
    // clap's codes: 0 for help that was asked for, 2 for wrong usage.
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
