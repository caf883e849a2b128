// SPDX-License-Identifier: GPL-2.0

//! Hooks are in force only while there are associations, so a machine without any pays nothing
//! for the module.

use kernel::prelude::*;
use kernel::sync::atomic::{ordering, Atomic};
use kernel::sync::{new_mutex, Arc, Mutex};
use kernel::time::{delay::fsleep, Delta};

use crate::sys::queue::OwnQueue;

use super::limits::LINGER;
use super::patience::Patience;

/// How often the end of the wait is looked for.
const PAUSE: Delta = Delta::from_millis(100);

/// Keeps hooks in force as long as it lives. Its drop may sleep.
pub(crate) trait InForce: Send + Sync {}

/// Puts them in force. Context: process, may sleep.
pub(crate) type PutInForce = fn() -> Result<Arc<dyn InForce>>;

/// Puts hooks in force for the first association, and out of force some time
/// after the last: each change patches the kernel's text and interrupts all processors.
pub(super) struct Switch {
    // Dropped first: its work uses the state, and ends soon once that is closed.
    queue: OwnQueue,
    state: Arc<State>,
}

#[pin_data]
struct State {
    // How many associations there are. It rises from 0, and falls to 0, only with the
    // lock held. A part never changes it so: its whole is counted as well. So narrowing
    // takes no lock that sleeps.
    count: Atomic<usize>,
    #[pin]
    in_force: Mutex<Option<Arc<dyn InForce>>>,
    put_in_force: PutInForce,
    // Work on the queue waits to put them out of force.
    lingers: Atomic<bool>,
    // That work is not to wait any longer.
    closed: Atomic<bool>,
}

impl Switch {
    /// Nothing is in force. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(put_in_force: PutInForce) -> Result<Self> {
        let state = Arc::pin_init(
            pin_init!(State {
                count: Atomic::new(0),
                in_force <- new_mutex!(None),
                put_in_force,
                lingers: Atomic::new(false),
                closed: Atomic::new(false),
            }),
            GFP_KERNEL,
        )?;
        Ok(Self {
            queue: OwnQueue::new(c"addrconf_switch")?,
            state,
        })
    }

    /// Counts one more association. Context: process, may sleep if it is the first.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn add(&self) -> Result {
        let state = &self.state;
        if state.step(|count| (count > 0).then_some(count + 1)) {
            return Ok(());
        }
        let mut in_force = state.in_force.lock();
        if in_force.is_none() {
            *in_force = Some((state.put_in_force)()?);
        }
        state.step(|count| Some(count + 1));
        Ok(())
    }

    /// Counts one association less: it was buried, or not made. Context: process, may
    /// sleep if it was the last.
    pub(super) fn remove(&self) {
        let state = &self.state;
        if state.step(|count| (count > 1).then(|| count - 1)) {
            return;
        }
        let in_force = state.in_force.lock();
        state.step(|count| Some(count - 1));
        drop(in_force);
        if state.is_idle() && !state.lingers.xchg(true, ordering::Full) {
            let work = state.clone();
            // Without memory they stay in force until the next last association.
            let begun = self.queue.try_spawn(GFP_KERNEL, move || work.linger());
            if begun.is_err() {
                state.lingers.store(false, ordering::Relaxed);
            }
        }
    }
}

impl Drop for Switch {
    /// Puts hooks out of force. Context: process, may sleep.
    fn drop(&mut self) {
        self.state.closed.store(true, ordering::Relaxed);
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.count.load(ordering::Relaxed) == 0
    }

    /// Puts hooks out of force after a while, unless there is an association
    /// again by then.
    fn linger(&self) {
        let patience = Patience::of(LINGER);
        while !patience.is_over() && !self.closed.load(ordering::Relaxed) {
            fsleep(PAUSE);
        }
        let mut in_force = self.in_force.lock();
        // A call that removes the last association after this waits for the lock first.
        self.lingers.store(false, ordering::Relaxed);
        if self.is_idle() {
            *in_force = None;
        }
    }

    /// Changes the count to what `to` makes of it. Returns whether `to` agreed.
    fn step(&self, to: impl Fn(usize) -> Option<usize>) -> bool {
        let mut count = self.count.load(ordering::Relaxed);
        while let Some(new) = to(count) {
            match self.count.cmpxchg(count, new, ordering::Full) {
                Ok(_) => return true,
                Err(now) => count = now,
            }
        }
        false
    }
}
