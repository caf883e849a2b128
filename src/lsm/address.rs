// SPDX-License-Identifier: GPL-2.0

//! Calls that name an address: `bind()`, `listen()`, `connect()`, and sending through
//! `sendto()`, `sendmsg()`, `sendmmsg()`, `write()`, `splice()` and io_uring.
//!
//! A socket may be bound to an address that the association owns, or to the wildcard, which
//! stands for all of these. A socket without an address gets a source when it connects, and for
//! each destination when it sends. A source that a message asks for must be the association's.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::events::Operation;
use crate::policy::{self, Destination, Refusal, SockAddr, Usage};
use crate::sys::gate::AddressHooks;
use crate::sys::sock::{MessageRef, SkRef};

use super::{claim, describe, family_of, is_scoped, source, Call};

/// The rules for addresses.
pub(crate) enum Address {}

impl AddressHooks for Address {
    fn socket_bind(sock: SkRef<'_>, address: &[u8]) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let call = Call::new(&association, Operation::Bind);
        let scoped = call.decided(is_scoped(sock, &association))?;
        let (Some(scoped), Some(family)) = (scoped, family_of(sock)) else {
            return Ok(());
        };
        if !policy::long_enough(family, address.len()) {
            return Err(EINVAL);
        }
        let asked = call.decided(SockAddr::parse(family, address))?;
        let verdict = {
            let guard = rcu::read_lock();
            policy::bind(&association.owner(&guard), family, scoped, &asked)
        };
        verdict.map_err(|refusal| call.refuse_at(refusal, &asked, address))
    }

    /// `listen()` on a socket that was never bound binds it to the wildcard.
    fn socket_listen(sock: SkRef<'_>) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let call = Call::new(&association, Operation::Listen);
        let Some(socket) = call.decided(describe(sock, &association))? else {
            return Ok(());
        };
        let verdict = {
            let guard = rcu::read_lock();
            policy::listen(&association.owner(&guard), &socket)
        };
        call.decided(verdict)
    }

    fn socket_connect(sock: SkRef<'_>, address: &[u8]) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let call = Call::new(&association, Operation::Connect);
        let Some(socket) = call.decided(describe(sock, &association))? else {
            return Ok(());
        };
        let to = call.decided(SockAddr::parse(socket.family, address))?;
        let usage = {
            let guard = rcu::read_lock();
            policy::connect(&association.owner(&guard), &socket, &to)
        };
        let refuse = |refusal| call.refuse_at(refusal, &to, address);
        source::carry_out(sock, &association, usage, false, refuse)
    }

    fn socket_sendmsg(sock: SkRef<'_>, msg: MessageRef<'_>) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let call = Call::new(&association, Operation::Send);
        let Some(socket) = call.decided(describe(sock, &association))? else {
            return Ok(());
        };
        // A stream has one destination. The kernel ignores the name unless it opens.
        let name = msg.name().filter(|_| !socket.stream || msg.opens());
        let to = match name {
            Some(name) => Destination::To(call.decided(SockAddr::parse(socket.family, name))?),
            None => Destination::None,
        };
        let usage = {
            let guard = rcu::read_lock();
            let owner = association.owner(&guard);
            if !policy::sources_allowed(&owner, msg.control()) {
                Usage::Deny(Refusal::SourceOutside)
            } else if policy::routed(msg.control()) {
                Usage::Deny(Refusal::RouteInMessage)
            } else {
                policy::send(&owner, &socket, msg.opens(), &to)
            }
        };
        let refuse = |refusal| match (&to, name) {
            (Destination::To(to), Some(name)) => call.refuse_at(refusal, to, name),
            _ => call.refuse(refusal),
        };
        source::carry_out(sock, &association, usage, !msg.control().is_empty(), refuse)
    }

    fn socket_getsockname(sock: SkRef<'_>) {
        source::hide(sock);
    }
}
