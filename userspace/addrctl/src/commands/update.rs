// SPDX-License-Identifier: GPL-2.0

//! `addrctl add`, `remove` and `replace`: change the set of an association
//! while its processes run.

use std::io::Write;

use addrconf_abi::{Change, Target};
use rustix::io::Errno;

use super::args::ChangeArgs;
use super::open::{self, OpenTarget};
use crate::address::AddressSet;
use crate::client::Client;
use crate::error::Error;
use crate::refusal::Refusal;
use crate::system::System;

/// Makes the change.
pub fn update(
    system: &dyn System,
    change: Change,
    args: &ChangeArgs,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let device = open::device(system)?;
    let client = Client::new(device);
    let target = OpenTarget::open(system, &args.target)?;
    match client.update(target.target(), change, &args.addresses, args.reset) {
        Ok(resets) => report(out, resets).map_err(Error::Write),
        Err(cause) => {
            let refusal = Refusal::new(system, &client, cause);
            Err(Error::Update {
                change,
                present: present(&client, target.target(), &refusal),
                subject: target.subject(),
                addresses: args.addresses.clone(),
                refusal,
            })
        }
    }
}

fn report(out: &mut dyn Write, resets: u64) -> std::io::Result<()> {
    match resets {
        0 => Ok(()),
        1 => writeln!(out, "1 connection reset"),
        _ => writeln!(out, "{resets} connections reset"),
    }
}

/// The set as it is, where that tells which address was refused.
fn present(client: &Client<'_>, target: Target, refusal: &Refusal) -> Option<AddressSet> {
    let about_the_set = [Errno::NOENT, Errno::EXIST, Errno::INVAL];
    if !about_the_set.iter().any(|&errno| refusal.is(errno)) {
        return None;
    }
    client.query(target).ok().map(|found| found.addresses)
}
