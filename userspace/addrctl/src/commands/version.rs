// SPDX-License-Identifier: GPL-2.0

//! `addrctl version`: versions of addrctl and of the module. A module that is not
//! loaded, or that addrctl may not ask, is an answer here and no failure.

use std::fmt;
use std::io::{self, Write};

use addrconf_abi::ABI_VERSION;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::OutputArgs;
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::Answer;
use crate::refusal::Refusal;
use crate::system::System;

/// Print the versions of addrctl and of the loaded module
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    #[command(flatten)]
    output: OutputArgs,
}

/// The answer of `version`.
#[derive(JsonSchema, Serialize)]
pub struct Versions {
    /// This addrctl.
    addrctl: Own,
    /// The module.
    module: Module,
}

/// The versions of addrctl.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Addrctl")]
struct Own {
    /// Of the program.
    release: &'static str,
    /// Of the control interface.
    abi: u32,
}

/// The module, as far as it can be asked.
#[derive(JsonSchema, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum Module {
    /// It answers.
    Ready {
        /// Its version of the control interface.
        abi: u32,
        /// How many addresses and prefixes a set can have.
        max_addresses: u32,
    },
    /// It is not loaded.
    NotLoaded,
    /// It is loaded, but its device is not here.
    NoDevice,
    /// It is loaded, but addrctl may not open its device.
    NotPermitted,
}

impl Answer for Versions {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            addrctl: Own { release, abi },
            module,
        } = self;
        writeln!(out, "addrctl {release} (ABI {abi})")?;
        writeln!(out, "module: {module}")
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { abi, max_addresses } => {
                write!(f, "ABI {abi}, up to {max_addresses} addresses per set")
            }
            Self::NotLoaded => f.write_str("not loaded"),
            Self::NoDevice => f.write_str("loaded, but its device is not here"),
            Self::NotPermitted => f.write_str("loaded, but only root may ask for its version"),
        }
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("ask", Subject::Thing("the module".into()));
        let doing = doing.and("for its version".to_owned());
        let versions = Versions {
            addrctl: Own {
                release: env!("CARGO_PKG_VERSION"),
                abi: ABI_VERSION,
            },
            module: module(system).map_err(|why| doing.failed(why))?,
        };
        self.output.print(out, &versions)
    }
}

fn module(system: &dyn System) -> Result<Module, Reason> {
    let client = match open::client(system) {
        Ok(client) => client,
        Err(why) => {
            return match why.kind() {
                ErrorKind::NotLoaded => Ok(Module::NotLoaded),
                ErrorKind::NoDevice => Ok(Module::NoDevice),
                ErrorKind::NotPermitted => Ok(Module::NotPermitted),
                _ => Err(why),
            }
        }
    };
    let reply = client.version();
    let reply = reply.map_err(|cause| Refusal::new(system, &client, cause).reason())?;
    Ok(Module::Ready {
        abi: reply.abi,
        max_addresses: reply.max_addrs,
    })
}
