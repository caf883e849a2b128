// SPDX-License-Identifier: GPL-2.0

//! Connections on addresses that left their association's set: finding and ending
//! them. May sleep.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::sys::connections::{self, Connection, Ended};

use super::association::Association;
use super::gather::gather;
use super::holdings::Holdings;
use super::set::AddressSet;
use super::sockets;

/// A connection on an address that left its association's set.
#[derive(Clone, Copy)]
pub(crate) struct Leftover {
    /// Its local address.
    pub(crate) addr: IpAddr,
    /// How many there are on it.
    pub(crate) count: u64,
}

/// Ends the connections that are `wanted`. Some may stay locked by their owners for
/// long; these are left, and what they send and receive is refused. Returns how many
/// full ones it ended, and whether some are left.
fn end(wanted: impl Fn(&Connection<'_>) -> bool) -> Ended {
    let mut count = 0;
    let is_busy = sockets::while_locked(|| {
        let ended = connections::end(&wanted);
        count += ended.count;
        ended.is_busy
    });
    Ended { count, is_busy }
}

/// Ends the connections of `association` and its parts, whose ids are `ids`, on
/// addresses that are in their sets no more. Returns how many full ones there
/// were.
pub(super) fn end_of(holdings: &Holdings, association: &Association, ids: &[u32]) -> u64 {
    note_left(
        holdings,
        end(|connection| match connection.info.timewait {
            // It has no owner any more, but is in the way of the association
            // that has the address now.
            Some(scope) => {
                let guard = rcu::read_lock();
                ids.contains(&scope) && !association.owner(&guard).owns(connection.info.local)
            }
            None => sockets::is_leftover(connection, |owner| owner.is_within(association)),
        }),
    )
}

/// Ends the connections of other tenants on addresses that are not in their
/// sets any more, and that are to be `owner`'s.
///
/// # Errors
///
/// `ENOMEM`, nothing ended.
pub(super) fn end_predecessors(
    holdings: &Holdings,
    owner: &Association,
    coming: &AddressSet,
) -> Result {
    if coming.is_empty() || !holdings.control().any_former() {
        return Ok(());
    }
    // Whose final waits are to be left alone: those that have an address, too.
    let present: KVVec<u32> = gather(|push| {
        holdings.registry.each(|other| {
            if other.is_same_tenant(owner) || other.has_any_of(coming) {
                push(other.id());
            }
        });
    })?;
    note_left(
        holdings,
        end(|connection| {
            coming.view().contains(connection.info.local)
                && match connection.info.timewait {
                    Some(scope) => scope != 0 && present.binary_search(&scope).is_err(),
                    None => sockets::is_leftover(connection, |other| !other.is_same_tenant(owner)),
                }
        }),
    );
    Ok(())
}

/// Remembers that connections are left, if some are. Returns how many were ended.
fn note_left(holdings: &Holdings, ended: Ended) -> u64 {
    if ended.is_busy {
        holdings.control().note_left();
    }
    ended.count
}

/// The connections of an association, by the address which left its set that
/// each is on. `ENOMEM`.
pub(super) fn of(holdings: &Holdings, association: &Association) -> Result<KVec<Leftover>> {
    let mut found: KVVec<IpAddr> = KVVec::new();
    if association.has_former() || holdings.control().any_left() {
        found = gather(|push| {
            connections::each(|connection| {
                if sockets::is_leftover(connection, |owner| owner.id() == association.id()) {
                    push(connection.info.local.to_canonical());
                }
            });
        })?;
    }
    found.sort_unstable();
    let mut leftovers = KVec::<Leftover>::new();
    for addr in found {
        match leftovers.last_mut() {
            Some(last) if last.addr == addr => last.count += 1,
            _ => leftovers.push(Leftover { addr, count: 1 }, GFP_KERNEL)?,
        }
    }
    Ok(leftovers)
}
