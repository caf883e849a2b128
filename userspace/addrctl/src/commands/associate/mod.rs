// SPDX-License-Identifier: GPL-2.0

//! The call by which `assign` and `run` make an association.

mod loopback;
mod meaning;
mod obstacle;

use std::os::fd::AsFd;

use addrconf_abi::AssignRequest;

use super::open;
use crate::address::AddressSet;
use crate::error::{Doing, Error, Reason, Subject};
use crate::refusal::Refusal;
use crate::system::System;

pub use loopback::ALL_IN_USE;

/// Associates process `pid` with `addresses`, as `request` asks; returns the
/// association's id. On return, the device and the descriptor of the process are closed.
pub fn associate(
    system: &dyn System,
    pid: i32,
    addresses: &AddressSet,
    request: &AssignRequest,
) -> Result<u64, Error> {
    let whom = Subject::Process(open::named(system, pid));
    let doing = Doing::new("associate", whom).and(format!("with {addresses}"));
    attempt(system, pid, addresses, request).map_err(|why| doing.failed(why))
}

fn attempt(
    system: &dyn System,
    pid: i32,
    addresses: &AddressSet,
    request: &AssignRequest,
) -> Result<u64, Reason> {
    let client = open::client(system)?;
    let pidfd = open::process(system, pid)?;
    let called = client.assign(pidfd.as_fd(), addresses, request);
    called.map_err(|cause| {
        let refusal = Refusal::new(system, &client, cause);
        meaning::meaning(system, &client, pid, request, &refusal)
    })
}
