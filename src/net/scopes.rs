// SPDX-License-Identifier: GPL-2.0

//! What the stack's index of sockets is told. It has the wildcard sockets of each tenant under
//! the tenant's key, so that a packet, or a socket that is bound, meets only the sockets of
//! those that have its address.
//!
//! Context: any but hard interrupts, never sleeps, never allocates.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::policy::{self, Candidates, Place};
use crate::sys::gate::{Reach, ScopeHooks};
use crate::sys::index::Room;
use crate::sys::packet::Mark;
use crate::sys::sock::SkRef;
use crate::table::{self, sockets};

use super::stack::origin;

/// The answers to the index.
pub(crate) enum Scopes {}

impl ScopeHooks for Scopes {
    fn addr_scopes(addr: IpAddr, mark: Mark, room: &mut Room<'_>) {
        let Some(tenants) = table::get() else {
            return;
        };
        match policy::candidates(addr, origin(mark)) {
            Candidates::Nobody => {}
            Candidates::TenantOf(id) => room.only(tenants.keys().of(id)),
            Candidates::Having(addr) => tenants.keys().having(addr, room),
        }
    }

    fn sk_reach(sk: SkRef<'_>, reach: &mut Reach<'_>) -> Result {
        let (Some(tenants), Some(association)) = (table::get(), sockets::association_of(sk)) else {
            // The stack compares it with every other.
            return Err(E2BIG);
        };
        let own = association.key();
        reach.set_own(own);
        if association.has_astray_sockets() {
            return Err(E2BIG);
        }
        let guard = rcu::read_lock();
        policy::reach(&association.owner(&guard), |place| match place {
            Place::Own(addr) => reach.add_address(addr),
            Place::Shared(addr) => {
                reach.add_address(addr)?;
                tenants.keys().each_having(addr, |key| match key == own {
                    true => Ok(()),
                    false => reach.add_key(key),
                })
            }
        })
    }
}
