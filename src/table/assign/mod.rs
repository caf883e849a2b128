// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside: the steps of [`protocol::assign`] on the
//! table, one file each. Context: process, may sleep.

mod adopt;
mod publish;
mod recall;
mod search;
mod take_in;

use core::cell::Cell;

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{Obstacle, Terms};
use crate::protocol::{self, Assign};
use crate::sys::sock::SkHold;
use crate::sys::task::TaskRef;

use super::association::{Association, User};
use super::patience::Patience;
use super::set::AddressSet;
use super::sockets;
use super::tenants::Tenants;

/// Whom an association is made for.
pub(crate) struct Whom<'a> {
    /// The process.
    pub(crate) process: &'a TaskRef,
    /// Its descendants as well.
    pub(crate) tree: bool,
    /// End connections that are bound outside the set.
    pub(crate) reset: bool,
}

/// An association that is being made, and for whom.
struct Assignment<'a> {
    tenants: &'a Tenants,
    whom: &'a Whom<'a>,
    association: Arc<Association>,
    // Keeps the association while it has no member; `None` once the steps are done.
    first: Option<User>,
    // For what is done while others wait.
    patience: Patience,
    // The processes that were taken in, and those that were seen to exit.
    processes: KVVec<TaskRef>,
    exiting: KVVec<TaskRef>,
    // The members before the search.
    tasks: KVVec<TaskRef>,
    // Connections that are to be ended.
    strangers: KVVec<SkHold>,
    // What is in the way.
    obstacle: Cell<Option<Obstacle>>,
}

/// Why an association was not made.
pub(crate) struct Refused {
    /// What the caller sees in `errno`.
    pub(crate) error: Error,
    /// What is in the way, with `EBUSY`.
    pub(crate) obstacle: Option<Obstacle>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            error,
            obstacle: None,
        }
    }
}

impl Tenants {
    /// Makes an association and puts all threads of a process into it, with
    /// their sockets, and its descendants if asked. All or nothing.
    ///
    /// # Errors
    ///
    /// `EEXIST` when a task is associated already, `ESRCH` when the process
    /// has exited, `EINVAL` for a kernel thread, `EADDRINUSE` when the
    /// loopback address is taken, `EBUSY` when a process holds a [`Bypass`](crate::abi::Bypass),
    /// which the refusal names, `EPERM` when the caller
    /// is associated by now, `EAGAIN` when a process makes threads, or the processes
    /// of a tree exit and leave children to others of it, faster than can be
    /// followed, `ENOMEM`. Nothing changed. `ETIMEDOUT` when a thread does not come
    /// back from a call: then the association is ended, and sockets keep its scope,
    /// as after a release; and so with `EBUSY` when one makes a bypass in that
    /// moment, or `ENOMEM` when there is no memory to see whether one did.
    pub(crate) fn assign(
        &self,
        whom: &Whom<'_>,
        terms: Terms,
        set: AddressSet,
    ) -> core::result::Result<Arc<Association>, Refused> {
        if whom.process.is_kernel_thread() {
            return Err(EINVAL.into());
        }
        let loopbacks = &self.holdings.loopbacks;
        let loopback = loopbacks.take(terms.loopback)?;
        let terms = Terms {
            loopback: Some(loopback),
            ..terms
        };
        let (association, first) = self
            .make(terms, set, None)
            .inspect_err(|_| loopbacks.leave(loopback))?;
        let mut assignment = Assignment {
            tenants: self,
            whom,
            association,
            first: Some(first),
            patience: Patience::new(),
            processes: KVVec::new(),
            exiting: KVVec::new(),
            tasks: KVVec::new(),
            strangers: KVVec::new(),
            obstacle: Cell::new(None),
        };
        protocol::assign(&mut assignment).map_err(|error| Refused {
            error,
            obstacle: assignment.obstacle.get(),
        })?;
        Ok(assignment.association)
    }
}

impl Assign for Assignment<'_> {
    type Stop = Error;

    fn take_in(&mut self) -> Result {
        self.take_in_all()
    }

    fn look_through(&mut self) -> Result {
        self.tasks = self.tasks()?;
        self.search_before(&self.tasks)
    }

    fn publish(&mut self) -> Result {
        self.strangers = self.strangers()?;
        self.put_in_force()
    }

    fn adopt(&mut self) -> Result {
        self.adopt_sockets();
        Ok(())
    }

    fn recall(&mut self) -> Result {
        recall::recall(&self.tasks, &self.association)
    }

    fn search(&mut self) -> Result {
        self.search_again()
    }

    fn abort(&mut self) -> Result {
        // Tasks that have exited meanwhile need not stay for this.
        self.tasks.clear();
        self.processes.clear();
        sockets::abort(&self.strangers);
        Ok(())
    }

    fn drop_first(&mut self) -> Result {
        self.first = None;
        Ok(())
    }

    fn end(&mut self) -> Result {
        self.tenants.end(&self.association);
        Ok(())
    }
}
