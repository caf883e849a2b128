// SPDX-License-Identifier: GPL-2.0

//! `addrctl revoke`: takes the grant of a user back.

use std::io::Write;

use rustix::io::Errno;

use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason};
use crate::refusal::Refusal;
use crate::system::System;

/// Take the grant of a user back
///
/// Associations that the user made stay until they end: `addrctl list` shows whose they are, and
/// `addrctl release` ends them. The user can change none of them any more.
///
/// With the last grant the control device is closed to users again.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The user, by name or number
    #[arg(value_name = "USER")]
    user: String,
}

impl Command for Args {
    fn run(&self, system: &dyn System, _: &mut dyn Write) -> Result<(), Error> {
        let whom = open::user_subject(&self.user);
        let doing = Doing::new("take back the grant of", whom);
        self.revoke(system).map_err(|why| doing.failed(why))
    }
}

impl Args {
    fn revoke(&self, system: &dyn System) -> Result<(), Reason> {
        let uid = open::user(system, &self.user)?;
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause);
        client.grant(uid, None).map_err(|cause| {
            let refusal = refused(cause);
            match refusal.errno() {
                Some(Errno::NOENT) => no_grant(),
                Some(Errno::INVAL) if uid == 0 => no_grant(),
                _ => refusal.reason(),
            }
        })?;
        let left = client.grants().map_err(|cause| refused(cause).reason())?;
        if left.is_empty() {
            if let Err(cause) = system.share_device(false) {
                let path = system.device_path();
                system.note(&format!(
                    "the mode of {path} could not be changed ({cause}): every user can still open \
                     it, and is refused by it"
                ));
            }
        }
        Ok(())
    }
}

fn no_grant() -> Reason {
    Reason::new(ErrorKind::NotFound, "the user has no grant")
        .next("`addrctl grants` shows those there are")
}
