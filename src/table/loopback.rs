// SPDX-License-Identifier: GPL-2.0

//! Dedicated loopback addresses, through which the host reaches an association. Only an
//! association made from outside has one, and never one that the host uses itself.
//! Context: process, may sleep, except for [`Loopbacks::is_taken`].

use core::net::Ipv4Addr;

use kernel::prelude::*;
use kernel::sync::{new_mutex, rcu, Mutex};
use kernel::time::{Instant, Monotonic};

use crate::sys::map::{Entry, InsertError, MapKey, RcuMap, Value};
use crate::sys::sock::ipv4_addresses_in_use;

use super::limits::HOST_USES;

/// The range of automatic choice: 127.64.0.0/10, far from the addresses that people
/// assign by hand.
const RANGE: core::ops::RangeInclusive<u32> = 0x7f40_0001..=0x7f7f_fffe;

/// An address as a key.
#[derive(Clone, Copy)]
struct Key(Ipv4Addr);

impl MapKey for Key {
    fn word(self) -> usize {
        u32::from(self.0) as usize
    }
}

/// An address that an association has.
struct Taken;

impl Value for Taken {}

/// The dedicated addresses of the associations.
#[pin_data]
pub(super) struct Loopbacks {
    taken: RcuMap<Key, Taken>,
    // Never held together with another lock of the module.
    #[pin]
    free: Mutex<Free>,
}

/// Where to look for a free address.
struct Free {
    next: u32,
    // The addresses that the host uses, in ascending order, and when they were looked
    // up.
    host_uses: KVVec<u32>,
    since: Option<Instant<Monotonic>>,
}

impl Free {
    const fn new() -> Self {
        Self {
            next: *RANGE.start(),
            host_uses: KVVec::new(),
            since: None,
        }
    }

    /// Looks up which addresses the host uses, unless that was done within
    /// [`HOST_USES`].
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn refresh(&mut self) -> Result {
        if self.since.is_some_and(|since| since.elapsed() < HOST_USES) {
            return Ok(());
        }
        self.host_uses = ipv4_addresses_in_use(*RANGE.start(), *RANGE.end())?;
        self.host_uses.sort_unstable();
        self.since = Some(Instant::now());
        Ok(())
    }

    /// The next address of the range, unless the host uses it.
    fn next(&mut self) -> Option<Ipv4Addr> {
        let addr = self.next;
        self.next = match addr + 1 {
            next if RANGE.contains(&next) => next,
            _ => *RANGE.start(),
        };
        (self.host_uses.binary_search(&addr).is_err()).then(|| addr.into())
    }
}

impl Loopbacks {
    /// No address is taken. Context: process, may sleep.
    pub(super) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            taken: RcuMap::new()?,
            free <- new_mutex!(Free::new()),
        })
    }

    /// Takes the address that was asked for, or a free one.
    /// Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when another association has it, the host uses it, or none is
    /// free; `ENOMEM`.
    pub(super) fn take(&self, asked: Option<Ipv4Addr>) -> Result<Ipv4Addr> {
        match asked {
            Some(addr) => self.take_this(addr).map(|()| addr),
            None => self.take_any(),
        }
    }

    /// Takes `addr`, which was asked for.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when another association has it, or the host uses it;
    /// `ENOMEM`.
    fn take_this(&self, addr: Ipv4Addr) -> Result {
        if !ipv4_addresses_in_use(addr.into(), addr.into())?.is_empty() {
            return Err(EADDRINUSE);
        }
        self.insert(addr).map_err(|error| match error {
            InsertError::Occupied => EADDRINUSE,
            InsertError::Table(error) => error,
        })
    }

    /// Takes a free address.
    ///
    /// # Errors
    ///
    /// `EADDRINUSE` when none is free, `ENOMEM`.
    fn take_any(&self) -> Result<Ipv4Addr> {
        let mut free = self.free.lock();
        free.refresh()?;
        for _ in RANGE {
            let Some(addr) = free.next() else { continue };
            match self.insert(addr) {
                Ok(()) => return Ok(addr),
                Err(InsertError::Occupied) => {}
                Err(InsertError::Table(error)) => return Err(error),
            }
        }
        Err(EADDRINUSE)
    }

    fn insert(&self, addr: Ipv4Addr) -> core::result::Result<(), InsertError> {
        let entry = Entry::new(Taken, GFP_KERNEL).map_err(InsertError::Table)?;
        self.taken.insert(Key(addr), entry)
    }

    /// Gives an address back.
    pub(super) fn leave(&self, addr: Ipv4Addr) {
        self.taken.remove(Key(addr));
    }

    /// Whether an association has this address. Context: any.
    pub(super) fn is_taken(&self, addr: Ipv4Addr) -> bool {
        let guard = rcu::read_lock();
        self.taken.get(Key(addr), &guard).is_some()
    }
}
