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

use crate::policy::{self, Destination, SockAddr};
use crate::sys::gate::AddressHooks;
use crate::sys::sock::{MessageRef, SkRef};

use super::{claim, describe, family_of, is_scoped, refused, source};

/// The rules for addresses.
pub(crate) enum Address {}

impl AddressHooks for Address {
    fn socket_bind(sock: SkRef<'_>, address: &[u8]) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let (Some(scoped), Some(family)) = (is_scoped(sock, &association)?, family_of(sock)) else {
            return Ok(());
        };
        if !policy::long_enough(family, address.len()) {
            return Err(EINVAL);
        }
        let asked = SockAddr::parse(family, address).map_err(refused)?;
        let guard = rcu::read_lock();
        policy::bind(&association.owner(&guard), family, scoped, &asked).map_err(refused)
    }

    /// `listen()` on a socket that was never bound binds it to the wildcard.
    fn socket_listen(sock: SkRef<'_>) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let Some(socket) = describe(sock, &association)? else {
            return Ok(());
        };
        let guard = rcu::read_lock();
        policy::listen(&association.owner(&guard), &socket).map_err(refused)
    }

    fn socket_connect(sock: SkRef<'_>, address: &[u8]) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let Some(socket) = describe(sock, &association)? else {
            return Ok(());
        };
        let to = SockAddr::parse(socket.family, address).map_err(refused)?;
        let usage = {
            let guard = rcu::read_lock();
            policy::connect(&association.owner(&guard), &socket, &to)
        };
        source::carry_out(sock, &association, usage, false)
    }

    fn socket_sendmsg(sock: SkRef<'_>, msg: MessageRef<'_>) -> Result {
        let Some(association) = claim(sock) else {
            return Ok(());
        };
        let Some(socket) = describe(sock, &association)? else {
            return Ok(());
        };
        let to = match msg.name() {
            // A stream has one destination. The kernel ignores the name unless it opens.
            Some(name) if !socket.stream || msg.opens() => {
                Destination::To(SockAddr::parse(socket.family, name).map_err(refused)?)
            }
            _ => Destination::None,
        };
        let usage = {
            let guard = rcu::read_lock();
            let owner = association.owner(&guard);
            if !policy::sources_allowed(&owner, msg.control()) {
                return Err(EADDRNOTAVAIL);
            }
            if policy::routed(msg.control()) {
                return Err(EPERM);
            }
            policy::send(&owner, &socket, msg.opens(), &to)
        };
        source::carry_out(sock, &association, usage, !msg.control().is_empty())
    }

    fn socket_getsockname(sock: SkRef<'_>) {
        source::hide(sock);
    }
}
