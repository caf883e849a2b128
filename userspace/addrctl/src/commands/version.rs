// SPDX-License-Identifier: GPL-2.0

//! `addrctl version`: versions of addrctl and of the module. That the module is
//! not loaded, or that we may not ask it, is an answer here, not a failure.

use std::io::Write;

use addrconf_abi::ABI_VERSION;

use super::open;
use crate::client::Client;
use crate::command::Command;
use crate::error::{Error, ErrorKind};
use crate::refusal::Refusal;
use crate::system::System;

/// Print the versions of addrctl and of the loaded module
#[derive(clap::Args, Debug)]
pub struct Args {}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let module = match open::device(system) {
            Ok(device) => {
                let client = Client::new(device);
                let reply = client.version();
                let refused = |cause| Error::AskVersion(Refusal::new(system, &client, cause));
                let reply = reply.map_err(refused)?;
                format!(
                    "ABI {}, up to {} addresses per set",
                    reply.abi, reply.max_addrs
                )
            }
            Err(error) => match error.kind() {
                ErrorKind::NotLoaded => "not loaded".to_owned(),
                ErrorKind::NotPermitted => {
                    "loaded, but only root may ask for its version".to_owned()
                }
                _ => return Err(error),
            },
        };
        let own = env!("CARGO_PKG_VERSION");
        writeln!(out, "addrctl {own} (ABI {ABI_VERSION})")
            .and_then(|()| writeln!(out, "module: {module}"))
            .map_err(Error::Write)
    }
}
