// SPDX-License-Identifier: GPL-2.0

//! The calls by which `assign` and `run` make an association, or put a process into one.

mod loopback;
mod meaning;
mod moving;
mod obstacle;
mod own;

use std::os::fd::{AsFd, OwnedFd};

use addrconf_abi::{AssignRequest, JoinRequest, Name, Target};
use rustix::io::Errno;

use super::args::Which;
use super::exclusive::{self, Claim, Claimant};
use super::open;
use crate::address::AddressSet;
use crate::client::{CallError, Client};
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::refusal::Refusal;
use crate::system::System;
use own::Asked;

pub use loopback::{in_use, ALL_IN_USE};
pub use moving::move_to;

/// Associates process `pid` with `addresses`, as `request` asks; returns the
/// association's id. With `force` also where another exclusive association has them. On return,
/// the device and the descriptor of the process are closed.
pub fn associate(
    system: &dyn System,
    pid: i32,
    addresses: &AddressSet,
    request: &AssignRequest,
    force: bool,
) -> Result<u64, Error> {
    let whom = Subject::Process(open::named(system, pid));
    let doing = Doing::new("associate", whom).and(format!("with {addresses}"));
    let id = attempt(system, pid, addresses, request, force).map_err(|why| doing.failed(why))?;
    note_absent(system, addresses);
    Ok(id)
}

/// Notes addresses of a set that the machine does not have.
pub fn note_absent(system: &dyn System, addresses: &AddressSet) {
    let Some(local) = system.local_addresses() else {
        return;
    };
    let absent = addresses.absent(&local);
    if !absent.entries().is_empty() {
        system.note(&format!(
            "no interface here has an address of {absent}: nothing arrives there, unless a route \
             makes it local, until one has (`ip address add`)"
        ));
    }
}

fn attempt(
    system: &dyn System,
    pid: i32,
    addresses: &AddressSet,
    request: &AssignRequest,
    force: bool,
) -> Result<u64, Reason> {
    let client = open::client(system)?;
    let pidfd = open::process(system, pid)?;
    let claim = request.terms.exclusive.then_some(Claim {
        claimant: Claimant::Process(pid, request.terms.name),
        addresses,
        force,
    });
    let services = exclusive::permit(system, &client, claim)?;
    let memory = open::memory(system, pid);
    let called = client.assign(
        pidfd.as_fd(),
        memory.as_ref().map(AsFd::as_fd),
        addresses,
        request,
    );
    let id = called.map_err(|cause| {
        let refusal = Refusal::new(system, &client, cause);
        let own = own::meaning(
            system,
            &client,
            pid,
            Asked::New(addresses, request),
            &refusal,
        );
        own.unwrap_or_else(|| meaning::meaning(system, &client, pid, request, &refusal))
    })?;
    services.note(system, &client);
    Ok(id)
}

/// Puts process `pid` into an association that is there, as `request` asks; returns the
/// association's id. Of `request` only `tree` and `reset` count.
pub fn join(
    system: &dyn System,
    pid: i32,
    to: Which,
    request: &AssignRequest,
) -> Result<u64, Error> {
    let doing = joining(system, pid, to);
    attempt_join(system, pid, to, request).map_err(|why| doing.failed(why))
}

/// Putting process `pid` into an association that is there, for messages.
pub fn joining(system: &dyn System, pid: i32, to: Which) -> Doing {
    let whom = Subject::Process(open::named(system, pid));
    Doing::new("put", whom).and(format!("into association {to}"))
}

/// What a call needs that puts a process into an association that is there.
struct Ends<'a> {
    client: Client<'a>,
    /// Of the association.
    id: u64,
    pidfd: OwnedFd,
}

impl<'a> Ends<'a> {
    fn open(system: &'a dyn System, pid: i32, to: Which) -> Result<Self, Reason> {
        let client = open::client(system)?;
        let id = open::id(system, &client, to)?;
        let pidfd = open::process(system, pid)?;
        Ok(Self { client, id, pidfd })
    }
}

fn attempt_join(
    system: &dyn System,
    pid: i32,
    to: Which,
    request: &AssignRequest,
) -> Result<u64, Reason> {
    let Ends { client, id, pidfd } = Ends::open(system, pid, to)?;
    let memory = open::memory(system, pid);
    let memory = memory.as_ref().map(AsFd::as_fd);
    let joins = JoinRequest {
        tree: request.tree,
        reset: request.reset,
        ..JoinRequest::about(Target::Pid(pid), id)
    };
    let called = client.join(pidfd.as_fd(), memory, &joins);
    called
        .map(|()| id)
        .map_err(|cause| not_joined(system, &client, pid, to, request, cause))
}

/// Why process `pid` cannot be put into an association that is there, as `request` asks.
pub fn not_joined(
    system: &dyn System,
    client: &Client<'_>,
    pid: i32,
    to: Which,
    request: &AssignRequest,
    cause: CallError,
) -> Reason {
    let refusal = Refusal::new(system, client, cause);
    if let Some(own) = own::meaning(system, client, pid, Asked::Join(request), &refusal) {
        return own;
    }
    match refusal.errno() {
        Some(Errno::NOENT) => refusal.about(&open::association(to)),
        Some(Errno::INVAL) if !system.is_kernel_thread(pid) => part(to),
        _ => meaning::meaning(system, client, pid, request, &refusal),
    }
}

/// Only associations that were made from outside take processes in.
fn part(to: Which) -> Reason {
    let what = format!("association {to} is a part that a process made of its own association");
    Reason::new(ErrorKind::Malformed, what).next("name the whole one")
}

/// Another association has the name.
pub fn name_taken(name: Name) -> Reason {
    let name = name.as_str();
    let what = format!("there is an association named {name} already");
    Reason::new(ErrorKind::NameTaken, what).next(format!(
        "`addrctl show {name}` shows it, `addrctl run {name} CMD` and `addrctl assign PID --to \
         {name}` put processes into it"
    ))
}
