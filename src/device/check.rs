// SPDX-License-Identifier: GPL-2.0

//! What would be decided about a call, as `src/abi/check.rs` documents it. It is what the hooks
//! decide (`src/lsm/address.rs`), with a socket of the caller in place of a new one of a member.
//!
//! Context: process, may sleep.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::abi::{CheckRequest, Operation};
use crate::policy::{self, Family, Refusal, SockAddr, Socket};
use crate::sys::file::FileHold;
use crate::sys::sock::SkRef;
use crate::table::{sockets, source, Association};

use super::caller::Caller;
use super::calls::find;
use super::user::Argument;

/// Tells what would be decided about a call.
pub(super) fn check(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: CheckRequest = arg.read()?;
    let association = find(&caller, request.target)?;
    let file = FileHold::of_descriptor(request.socket)?;
    let sock = file.get().socket().ok_or(ENOTSOCK)?;
    let socket = unused(sock)?;
    let verdict = decide(sock, &socket, &association, &request);
    request.source = verdict.ok().flatten();
    request.refusal = verdict.err();
    request.errno = match verdict {
        Ok(_) => 0,
        Err(refusal) => refusal.errno().unsigned_abs().try_into()?,
    };
    arg.write(&request)
}

/// A socket of the caller as the policy would see a new one of a member.
///
/// # Errors
///
/// `EINVAL` when it is in use, or is not an Internet socket.
fn unused(sock: SkRef<'_>) -> Result<Socket> {
    let (kind, info) = (sock.kind(), sock.info().ok_or(EINVAL)?);
    let is_used = info.has_port || info.connected || !info.local.to_canonical().is_unspecified();
    if is_used || kind.kernel || sockets::association_of(sock).is_some() {
        return Err(EINVAL);
    }
    Ok(Socket {
        family: if info.is_v6 { Family::V6 } else { Family::V4 },
        stream: info.stream,
        connected: false,
        scoped: true,
        local: info.local,
        source: info.source,
    })
}

/// The source that the socket would get, if any.
fn decide(
    sock: SkRef<'_>,
    socket: &Socket,
    association: &Association,
    request: &CheckRequest,
) -> core::result::Result<Option<IpAddr>, Refusal> {
    let kind = sock.kind();
    // A raw socket is in use from the beginning: its protocol is its port.
    policy::create(kind.family, kind.kind, kind.protocol, false)?;
    let addr = SockAddr::of(socket.family, request.addr);
    let guard = rcu::read_lock();
    let owner = association.owner(&guard);
    if request.operation == Operation::Bind {
        return policy::bind(&owner, socket.family, true, &addr).map(|()| None);
    }
    let usage = policy::connect(&owner, socket, &addr);
    // What follows may sleep.
    drop(guard);
    source::decide(sock, association, usage, false)
}
