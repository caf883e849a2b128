// SPDX-License-Identifier: GPL-2.0

//! Leftovers: connections on addresses that left their association's set. Finding and
//! ending them. Context: process, may sleep.

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::rcu;

use crate::sys::connections::{self, Connection, Ended};

use super::association::Association;
use super::gather::gather;
use super::holdings::Holdings;
use super::set::AddressSet;
use super::sockets;

/// The connections on an address that left their association's set.
#[derive(Clone, Copy)]
pub(crate) struct Leftover {
    /// The address.
    pub(crate) addr: IpAddr,
    /// The number of connections on it.
    pub(crate) count: u64,
}

/// Ends the connections that are `wanted`. Owners may keep some locked for long;
/// these are left, and what they send and receive is refused. Returns how many full
/// sockets it ended, and whether some are left.
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
/// addresses that are no longer in their sets. Returns the number of full sockets.
pub(super) fn end_of(holdings: &Holdings, association: &Association, ids: &[u32]) -> u64 {
    note_left(
        holdings,
        end(|connection| match connection.info.timewait {
            // A timewait socket no longer has an owner, but is in the way of the
            // association that has the address now.
            Some(scope) => {
                let guard = rcu::read_lock();
                ids.contains(&scope) && !association.owner(&guard).owns(connection.info.local)
            }
            None => is_leftover(connection, |owner| owner.is_within(association)),
        }),
    )
}

/// Ends the connections of other tenants on addresses that are no longer in their
/// sets and that `owner` is about to get.
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
    // Associations whose timewait sockets must be left alone: also those that have
    // one of the addresses in their sets.
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
                    None => is_leftover(connection, |other| !other.is_same_tenant(owner)),
                }
        }),
    );
    Ok(())
}

/// Remembers whether connections are left. Returns how many were ended.
fn note_left(holdings: &Holdings, ended: Ended) -> u64 {
    if ended.is_busy {
        holdings.control().note_left();
    }
    ended.count
}

/// The connections of an association on former addresses, counted by address.
///
/// # Errors
///
/// `ENOMEM`.
pub(super) fn of(holdings: &Holdings, association: &Association) -> Result<KVec<Leftover>> {
    let mut found: KVVec<IpAddr> = KVVec::new();
    if association.has_former() || holdings.control().any_left() {
        found = gather(|push| {
            connections::each(|connection| {
                if is_leftover(connection, |owner| owner.id() == association.id()) {
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

/// Whether a connection belongs to an association that `is_meant`, and is on an
/// address that is no longer in its set. The caller may hold spinlocks.
fn is_leftover(connection: &Connection<'_>, is_meant: impl Fn(&Association) -> bool) -> bool {
    // A timewait socket no longer has an owner, and sends nothing more. But it is in
    // the way of the association that has the address now.
    let Some(sk) = connection.owner else {
        return false;
    };
    let Some(association) = sockets::association_of(sk) else {
        return false;
    };
    let guard = rcu::read_lock();
    is_meant(&association) && !association.owner(&guard).owns(connection.info.local)
}
