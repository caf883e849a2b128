// SPDX-License-Identifier: GPL-2.0

//! `addrctl version`: versions of addrctl and of the module. A module that is not
//! loaded, or that addrctl may not ask, is an answer here and no failure.

use std::io::Write;

use addrconf_abi::ABI_VERSION;

use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::Refusal;
use crate::system::System;

/// Print the versions of addrctl and of the loaded module
#[derive(clap::Args, Debug)]
pub struct Args {}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("ask", Subject::Thing("the module".into()));
        let doing = doing.and("for its version".to_owned());
        let module = module(system).map_err(|why| doing.failed(why))?;
        let own = env!("CARGO_PKG_VERSION");
        writeln!(out, "addrctl {own} (ABI {ABI_VERSION})")
            .and_then(|()| writeln!(out, "module: {module}"))
            .map_err(Error::output)
    }
}

fn module(system: &dyn System) -> Result<String, Reason> {
    let client = match open::client(system) {
        Ok(client) => client,
        Err(why) => {
            return match why.kind() {
                ErrorKind::NotLoaded => Ok("not loaded".to_owned()),
                ErrorKind::NoDevice => Ok("loaded, but its device is not here".to_owned()),
                ErrorKind::NotPermitted => {
                    Ok("loaded, but only root may ask for its version".to_owned())
                }
                _ => Err(why),
            }
        }
    };
    let reply = client.version();
    let reply = reply.map_err(|cause| Refusal::new(system, &client, cause).reason())?;
    Ok(format!(
        "ABI {}, up to {} addresses per set",
        reply.abi, reply.max_addrs
    ))
}
