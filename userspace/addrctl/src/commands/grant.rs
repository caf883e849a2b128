// SPDX-License-Identifier: GPL-2.0

//! `addrctl grant`: lets a user associate its own processes within a set.

use std::io::Write;

use addrconf_abi::MAX_GRANTS;
use rustix::io::Errno;

use super::args::{AddressSetParser, ADDRS_HELP};
use super::associate::note_absent;
use super::open;
use crate::address::AddressSet;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason};
use crate::refusal::Refusal;
use crate::system::System;

/// Let a user associate its own processes within a set, without privilege
///
/// The user may then `assign`, `run --addr`, `add`, `remove`, `replace` and `release` with
/// addresses of this set, for processes that it may trace. Takes the place of what the user was
/// granted before. Associations that it made then stay as they are.
///
/// The control device is opened to all users. Each call on it is checked.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The user, by name or number; not root
    #[arg(value_name = "USER")]
    user: String,

    #[arg(help = ADDRS_HELP, value_name = "ADDRS", value_parser = AddressSetParser)]
    addresses: AddressSet,
}

impl Command for Args {
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        let whom = open::user_subject(&self.user);
        let doing = Doing::new("grant", whom).and(self.addresses.to_string());
        self.grant(system).map_err(|why| doing.failed(why))?;
        note_absent(system, &self.addresses);
        Ok(())
    }
}

impl Args {
    fn grant(&self, system: &dyn System) -> Result<(), Reason> {
        let uid = open::user(system, &self.user)?;
        let client = open::client(system)?;
        client.grant(uid, Some(&self.addresses)).map_err(|cause| {
            let refusal = Refusal::new(system, &client, cause);
            match refusal.errno() {
                Some(Errno::INVAL) if uid == 0 => Reason::new(
                    ErrorKind::Malformed,
                    "root can have no grant: with CAP_NET_ADMIN it needs none",
                )
                .next("nothing was changed"),
                Some(Errno::NOSPC) => Reason::new(
                    ErrorKind::TooMany,
                    format!("{MAX_GRANTS} users have a grant already, and no more can have one"),
                )
                .next("take one back (`addrctl revoke`)")
                .next("nothing was changed"),
                _ => refusal.reason(),
            }
        })?;
        if let Err(cause) = system.share_device(true) {
            let path = system.device_path();
            system.note(&format!(
                "the mode of {path} could not be changed ({cause}): let the user open it for \
                 reading and writing"
            ));
        }
        Ok(())
    }
}
