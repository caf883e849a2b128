// SPDX-License-Identifier: GPL-2.0

//! Counts refusals and traffic, and sends events to their readers: refusals, and changes of
//! associations. The count of refusals is exact. An association sends at most
//! [`EVENTS_PER_SECOND`](crate::policy::EVENTS_PER_SECOND) events; the next one tells how many were
//! held back.
//!
//! Context: any but hard interrupts, never sleeps, unless a function says otherwise.

mod traffic;

use core::net::IpAddr;

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::SetOnce;

pub(crate) use crate::abi::{Happening, Operation};
pub(crate) use traffic::{is_counted, set_counted, Way};

use crate::abi::{Event, Name};
use crate::policy::{pace, Refusal};
use crate::sys::counts::Counts;
use crate::sys::events;
use crate::sys::task::Tgid;

/// Where the number of events is that were held back.
const HELD_BACK: usize = Operation::ALL.len();

/// Numbers for each operation, and [`HELD_BACK`].
const NUMBERS: usize = HELD_BACK + 1;

/// What is kept of one association.
pub(crate) struct Record {
    counts: Counts<NUMBERS>,
    // What its sockets sent and received, if that was ever counted.
    traffic: SetOnce<Counts<{ traffic::NUMBERS }>>,
    // See `policy::pace`.
    window: Atomic<u64>,
    // Since the last event that was told.
    held_back: Atomic<u32>,
}

impl Record {
    /// Of an association of which nothing happened. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            counts: Counts::new()?,
            traffic: SetOnce::new(),
            window: Atomic::new(0),
            held_back: Atomic::new(0),
        })
    }

    /// How often `operation` was refused.
    pub(crate) fn refused(&self, operation: Operation) -> u64 {
        self.counts.sum(operation.index())
    }

    /// How many events were held back.
    pub(crate) fn held_back(&self) -> u64 {
        self.counts.sum(HELD_BACK)
    }

    /// Whether an event is told now, with the number of those that were held back before it.
    fn begin_telling(&self) -> Option<u32> {
        let second = events::second();
        let mut window = self.window.load(ordering::Relaxed);
        loop {
            let (next, tells) = pace(window, second);
            if !tells {
                self.counts.add(HELD_BACK, 1);
                self.held_back.add(1_u32, ordering::Relaxed);
                return None;
            }
            match self.window.cmpxchg(window, next, ordering::Relaxed) {
                Ok(_) => return Some(self.held_back.xchg(0, ordering::Relaxed)),
                Err(other) => window = other,
            }
        }
    }
}

/// An association, as events tell of it.
pub(crate) struct Subject<'a> {
    /// Its id.
    pub(crate) id: u32,
    /// Its name.
    pub(crate) name: Name,
    /// What is kept of it.
    pub(crate) record: &'a Record,
}

impl Subject<'_> {
    /// Counts a refusal and tells of it. `address`: what the call or packet was for, with the port
    /// or 0.
    pub(crate) fn is_refused(
        &self,
        operation: Operation,
        refusal: Refusal,
        address: Option<(IpAddr, u16)>,
    ) {
        self.record.counts.add(operation.index(), 1);
        self.tell(Happening::Refused, true, |event| {
            event.operation = Some(operation);
            event.refusal = Some(refusal);
            event.address = address;
            event.errno = refusal.errno().unsigned_abs();
        });
    }

    /// Tells that something else happened, by the running task.
    pub(crate) fn has(&self, what: Happening) {
        self.tell(what, true, |_| ());
    }

    /// Tells that something else happened, to a process if there is one.
    pub(crate) fn has_for(&self, what: Happening, process: Option<Tgid>) {
        let pid = process.map_or(0, |tgid| tgid.number().unsigned_abs());
        self.tell(what, false, |event| event.pid = pid);
    }

    fn tell(&self, what: Happening, by_running_task: bool, complete: impl FnOnce(&mut Event)) {
        // Refusals are remembered.
        if what != Happening::Refused && !events::are_wanted() {
            return;
        }
        if let Some(held_back) = self.record.begin_telling() {
            let mut event = Event::of(what, self.id.into(), self.name);
            event.held_back = held_back;
            complete(&mut event);
            events::tell(event, by_running_task);
        }
    }
}
