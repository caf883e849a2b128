// SPDX-License-Identifier: GPL-2.0

//! `vmtests probe ADDRESS...`: a program for tests to execute. It tries to bind a UDP
//! socket to each address, and prints `ok` or the errno for each. For the word `uid` it
//! prints the effective user id.

use std::process::{Command, ExitCode};

use crate::sock::{Proto, Sock};
use crate::sys::user::effective_user;

/// The name of the command, which the usage does not list.
pub const COMMAND: &str = "probe";

/// The word that asks for the effective user id.
pub const USER: &str = "uid";

/// Runs the command.
pub fn main(args: &[String]) -> ExitCode {
    println!("{}", verdicts(args));
    ExitCode::SUCCESS
}

/// The results of binding to each address, separated by spaces.
pub fn verdicts(addrs: &[impl AsRef<str>]) -> String {
    let verdicts: Vec<_> = addrs.iter().map(|a| verdict(a.as_ref())).collect();
    verdicts.join(" ")
}

fn verdict(text: &str) -> String {
    if text == USER {
        return effective_user().to_string();
    }
    let ip = crate::addr::ip(text);
    match Sock::for_ip(Proto::Udp, ip).bind((ip, 0)) {
        Ok(()) => "ok".to_owned(),
        Err(e) => e.raw_os_error().unwrap_or(0).to_string(),
    }
}

/// A command that runs this program as a probe of these addresses.
pub fn command(addrs: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg(COMMAND).args(addrs);
    command
}
