// SPDX-License-Identifier: GPL-2.0

//! A dedicated loopback address that is not free.

use std::net::Ipv4Addr;

use crate::client::{Association, Client};
use crate::error::{ErrorKind, Reason};

/// Why there is no loopback address for an association that did not ask for one.
pub const ALL_IN_USE: &str =
    "every dedicated loopback address is taken, by associations and by sockets of the host";

/// The holder of a loopback address.
enum Holder {
    /// An association.
    Association(u64),
    /// The host: a process outside every association, or an interface.
    Host,
}

/// Why an association cannot have the loopback address that it `asked` for, or any.
pub fn in_use(client: &Client<'_>, asked: Option<Ipv4Addr>) -> Reason {
    let Some(asked) = asked else {
        return Reason::new(ErrorKind::InUse, ALL_IN_USE).next("end an association first");
    };
    let (what, next) = match holder(client, asked) {
        Some(Holder::Association(id)) => (
            format!("association {id} has the loopback address {asked}"),
            format!("`addrctl show --association {id}` shows it"),
        ),
        Some(Holder::Host) => (
            format!("no association has the loopback address {asked}, but the host uses it"),
            format!(
                "`ss -tuwap src {asked}` shows its sockets there, `ip address show to {asked}` an \
                 interface with the address"
            ),
        ),
        None => (
            format!("the loopback address {asked} is taken"),
            format!(
                "`addrctl list` shows those of associations, `ss -tuwap src {asked}` sockets of \
                 the host"
            ),
        ),
    };
    Reason::new(ErrorKind::InUse, what)
        .next(next)
        .next("nothing was changed, leave --loopback out for one that is free")
}

/// The holder of `address`, if the module lists its associations.
fn holder(client: &Client<'_>, address: Ipv4Addr) -> Option<Holder> {
    let associations = client.describe_all().ok()?;
    let has = |association: &&Association| association.terms.loopback == Some(address);
    let found = associations.iter().find(has);
    Some(found.map_or(Holder::Host, |association| {
        Holder::Association(association.id)
    }))
}
