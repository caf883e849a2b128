// SPDX-License-Identifier: GPL-2.0

//! Dedicated loopback addresses, by which the host reaches an association. Only
//! what is made from outside has one, and never one that the host uses itself. May
//! sleep, except for looking up which are taken.

use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::rcu;
use kernel::time::{Instant, Monotonic};

use crate::sys::map::{Entry, InsertError, MapKey, RcuMap};
use crate::sys::sock::ipv4_addresses_in_use;

use super::limits::HOST_USES;
use super::Table;

/// Where they are taken from: 127.64.0.0/10, far from those that people give to
/// things by hand.
const RANGE: core::ops::RangeInclusive<u32> = 0x7f40_0001..=0x7f7f_fffe;

/// An address as a key.
#[derive(Clone, Copy)]
struct Key(Ipv4Addr);

impl MapKey for Key {
    fn word(self) -> usize {
        u32::from(self.0) as usize
    }
}

/// The addresses that associations have.
pub(super) struct Loopbacks {
    taken: RcuMap<Key, ()>,
    // Where to look for the next free one.
    next: Atomic<u32>,
}

/// Those that the host uses, in ascending order, and since when that is known.
pub(super) struct HostUses {
    addrs: KVVec<u32>,
    since: Option<Instant<Monotonic>>,
}

impl HostUses {
    pub(super) const fn new() -> Self {
        Self {
            addrs: KVVec::new(),
            since: None,
        }
    }

    /// Looks again, unless that was done just before. `ENOMEM`.
    fn refresh(&mut self) -> Result {
        if self.since.is_some_and(|since| since.elapsed() < HOST_USES) {
            return Ok(());
        }
        self.addrs = ipv4_addresses_in_use(*RANGE.start(), *RANGE.end())?;
        self.addrs.sort_unstable();
        self.since = Some(Instant::now());
        Ok(())
    }

    fn has(&self, addr: u32) -> bool {
        self.addrs.binary_search(&addr).is_ok()
    }
}

impl Loopbacks {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            taken: RcuMap::new()?,
            next: Atomic::new(*RANGE.start()),
        })
    }

    /// Takes `addr`, which was asked for.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when another association has it, or the host uses it;
    /// `ENOMEM`.
    pub(super) fn take(&self, addr: Ipv4Addr) -> Result {
        if !ipv4_addresses_in_use(addr.into(), addr.into())?.is_empty() {
            return Err(EADDRINUSE);
        }
        self.insert(addr).map_err(|error| match error {
            InsertError::Occupied => EADDRINUSE,
            InsertError::Table(error) => error,
        })
    }

    /// Takes one that is free.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when none is, `ENOMEM`.
    pub(super) fn take_any(&self, host: &mut HostUses) -> Result<Ipv4Addr> {
        host.refresh()?;
        for _ in RANGE {
            // When two calls take one at the same time, both try another.
            let addr = self.next.load(ordering::Relaxed);
            let next = match addr.checked_add(1) {
                Some(next) if RANGE.contains(&next) => next,
                _ => *RANGE.start(),
            };
            self.next.store(next, ordering::Relaxed);
            if host.has(addr) {
                continue;
            }
            match self.insert(addr.into()) {
                Ok(()) => return Ok(addr.into()),
                Err(InsertError::Occupied) => {}
                Err(InsertError::Table(error)) => return Err(error),
            }
        }
        Err(EADDRINUSE)
    }

    fn insert(&self, addr: Ipv4Addr) -> core::result::Result<(), InsertError> {
        let entry = Entry::new((), GFP_KERNEL).map_err(InsertError::Table)?;
        self.taken.insert(Key(addr), entry)
    }

    /// Gives an address back.
    pub(super) fn leave(&self, addr: Ipv4Addr) {
        self.taken.remove(Key(addr));
    }

    /// Whether an association has it. Any context; never sleeps.
    pub(super) fn is_taken(&self, addr: Ipv4Addr) -> bool {
        let guard = rcu::read_lock();
        self.taken.get(Key(addr), &guard).is_some()
    }
}

impl Table {
    /// Takes the loopback address that was asked for, or one that is free. May
    /// sleep.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when another association has it, or the host uses it; `ENOMEM`.
    pub(super) fn take_loopback(&self, asked: Option<Ipv4Addr>) -> Result<Ipv4Addr> {
        match asked {
            Some(addr) => self.loopbacks.take(addr).map(|()| addr),
            None => self.loopbacks.take_any(&mut self.host_uses.lock()),
        }
    }
}
