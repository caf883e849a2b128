// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside. Context: process, may sleep.
//!
//! The steps, in this order, each with what it needs of those before:
//!
//! 1. *Take in* ([`take_in`]): every thread that is meant becomes a member. From
//!    here on their new sockets are the association's, their children are members,
//!    and every call is asked about.
//! 2. *Search* ([`search`]): no member may hold a bypass, such as a packet socket or
//!    another's memory. None can come by one any more, but in a call that it entered
//!    before step 1.
//! 3. *Publish* ([`publish`]): connections of former owners of the addresses end, and
//!    the association is listed, unless the caller has become a tenant. Until now no
//!    other call finds it, and the members can still be let go as if nothing had been.
//! 4. *Adopt* ([`adopt`]): the sockets that members have become the association's,
//!    where they are bound to nothing else.
//! 5. *Recall* ([`recall`]): calls that members entered before step 1 end and are
//!    begun anew, but for those that wait on sockets of the association.
//! 6. *Search again*: what such a call made, and what was handed on meanwhile. A
//!    member that was searched is marked, and so are its children, so there is an end
//!    to it.
//! 7. *Abort*: connections bound elsewhere end, if that was asked for.
//!
//! When step 1, 2 or 3 fails nothing has changed. When 5 or 6 fails the association is
//! ended, and sockets keep its scope, as after a release.

mod adopt;
mod publish;
mod recall;
mod search;
mod take_in;

use core::cell::Cell;

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{Obstacle, Terms};
use crate::sys::task::TaskRef;

use super::association::Association;
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
    // The processes that were taken in.
    processes: KVVec<TaskRef>,
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
            processes: KVVec::new(),
            obstacle: Cell::new(None),
        };
        let done = assignment.carry_out();
        drop(first);
        done.map_err(|error| {
            self.end(&assignment.association);
            Refused {
                error,
                obstacle: assignment.obstacle.get(),
            }
        })?;
        Ok(assignment.association)
    }
}

impl Assignment<'_> {
    fn carry_out(&mut self) -> Result {
        let patience = Patience::new();
        self.take_in(&patience)?;
        let tasks = self.tasks()?;
        self.search_before(&tasks, &patience)?;
        let strangers = self.strangers()?;
        self.publish()?;
        self.adopt();
        recall::recall(&tasks, &self.association)?;
        self.search()?;
        // Tasks that have exited meanwhile need not stay for this.
        drop(tasks);
        self.processes.clear();
        sockets::abort(&strangers);
        Ok(())
    }
}
