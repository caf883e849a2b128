// SPDX-License-Identifier: GPL-2.0

//! The call by which `assign` and `run` make an association.

use std::os::fd::AsFd;

use addrconf_abi::{AssignRequest, Terms};
use rustix::io::Errno;

use super::open::OpenProcess;
use crate::address::AddressSet;
use crate::client::{Association, CallError, Client};
use crate::error::{Error, Holder, InTheWay, Process};
use crate::refusal::Refusal;
use crate::system::{Device, System};

/// Associates `process`; returns the association's id.
pub fn associate(
    system: &dyn System,
    device: Box<dyn Device + '_>,
    process: OpenProcess,
    addresses: &AddressSet,
    request: AssignRequest,
) -> Result<u64, Error> {
    let OpenProcess { pidfd, process } = process;
    let client = Client::new(device);
    client
        .assign(pidfd.as_fd(), addresses, &request)
        .map_err(|cause| {
            let refusal = Refusal::new(system, &client, cause);
            Error::Assign {
                process,
                addresses: addresses.to_string(),
                request: Box::new(request),
                holder: holder(&client, &request.terms, &refusal),
                in_the_way: in_the_way(system, cause),
                refusal,
            }
        })
}

/// Who has the loopback address that was asked for and refused, where that can be
/// found out.
fn holder(client: &Client<'_>, terms: &Terms, refusal: &Refusal) -> Option<Holder> {
    let wanted = terms.loopback.filter(|_| refusal.is(Errno::ADDRINUSE))?;
    let associations = client.describe(&client.list().ok()?).ok()?;
    let has = |association: &&Association| association.terms.loopback == Some(wanted);
    let found = associations.iter().find(has);
    Some(found.map_or(Holder::Host, |association| {
        Holder::Association(association.id)
    }))
}

/// What is in the way, with the name of the process that holds it.
fn in_the_way(system: &dyn System, cause: CallError) -> Option<Box<InTheWay>> {
    let CallError::InTheWay(obstacle) = cause else {
        return None;
    };
    let pid = obstacle.pid;
    let comm = system.comm(pid);
    let process = Process { pid, comm };
    Some(Box::new(InTheWay { obstacle, process }))
}
