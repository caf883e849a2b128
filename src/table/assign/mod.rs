// SPDX-License-Identifier: GPL-2.0

//! Associating processes from outside: the steps of [`protocol::assign`] on the
//! table, one file each. Context: process, may sleep.

mod adopt;
mod enter;
mod join;
mod moving;
mod own;
mod publish;
mod recall;
mod refused;
mod search;
mod take_in;
mod ties;

use moving::Origin;
pub(crate) use own::Own;
pub(crate) use refused::Refused;

use core::cell::Cell;

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::{Obstacle, Terms};
use crate::events::Happening;
use crate::policy::Uid;
use crate::protocol::{self, Assign};
use crate::sys::sock::SkHold;
use crate::sys::task::TaskRef;

use super::association::{Association, Stage, User};
use super::patience::Patience;
use super::set::AddressSet;
use super::sockets;
use super::tenants::Tenants;

/// The processes that an association is made for.
pub(crate) struct Whom<'a> {
    /// The process.
    pub(crate) process: &'a TaskRef,
    /// Whether its descendants are associated as well.
    pub(crate) tree: bool,
    /// Whether connections that are bound outside the set end.
    pub(crate) reset: bool,
    /// For a call that a user makes within its grant.
    pub(crate) own: Option<Own<'a>>,
}

impl Whom<'_> {
    /// The user that makes the call within its grant.
    fn user(&self) -> Option<Uid> {
        self.own.as_ref().map(|own| own.turn.grant().uid)
    }
}

/// An association that is being made, or that is there, and the processes that are put into it.
struct Assignment<'a> {
    tenants: &'a Tenants,
    whom: &'a Whom<'a>,
    association: Arc<Association>,
    // Of what stage memberships are that this makes.
    stage: Stage,
    // Where the processes are moved from, if they are.
    origin: Option<Origin>,
    // Keeps the association while it has no member; `None` once the steps are done.
    first: Option<User>,
    // The time limit of steps 1 and 2.
    patience: Patience,
    // The processes that were taken in, and those that were seen to exit.
    processes: KVVec<TaskRef>,
    exiting: KVVec<TaskRef>,
    // The members before the search.
    tasks: KVVec<TaskRef>,
    // Connections that are to be ended.
    strangers: KVVec<SkHold>,
    // The bypass that was found.
    obstacle: Cell<Option<Obstacle>>,
}

impl Tenants {
    /// Makes an association and puts all threads of a process into it, with their
    /// sockets, and its descendants if that is asked for. All or nothing.
    ///
    /// If the process has a socket of an association without tasks that has the same set and
    /// terms, it joins that: a socket stays with its association, and could not be used in
    /// another.
    ///
    /// # Errors
    ///
    /// Nothing changed, except that connections of former owners may have ended:
    ///
    /// * `EEXIST`: a task is associated already;
    /// * `ESRCH`: the process has exited;
    /// * `EINVAL`: the process is a kernel thread;
    /// * `EADDRINUSE`: the loopback address is taken, or none is free;
    /// * `EBUSY`: a process holds a [`Bypass`](crate::abi::Bypass), which the refusal
    ///   names;
    /// * `EPERM`: the caller has become associated; or it is a user, and the process is not its own
    ///   or the set not within its grant;
    /// * `EAGAIN`: a process makes threads faster than can be followed, or the
    ///   processes of a tree exit and leave children to others of it faster than can
    ///   be followed;
    /// * `ENOSPC`: no ids are left, or the user has made as many as it may;
    /// * `ENODEV`: the module is being unloaded;
    /// * `ENOMEM`.
    ///
    /// The association is ended, and sockets keep its scope, as after a release:
    ///
    /// * `ETIMEDOUT`: a thread does not return from a call;
    /// * `EBUSY`: a member made a bypass in such a call;
    /// * `ENOMEM`: there is no memory to search for such a bypass.
    pub(crate) fn assign(
        &self,
        whom: &Whom<'_>,
        terms: Terms,
        set: AddressSet,
    ) -> core::result::Result<Arc<Association>, Refused> {
        if whom.process.is_kernel_thread() {
            return Err(EINVAL.into());
        }
        if let Some(own) = &whom.own {
            own.turn.grant().permit(set.entries())?;
        }
        if let Some(left) = self.left(whom, &terms, &set)? {
            self.join(whom, &left)?;
            return Ok(left);
        }
        if let Some(uid) = whom.user() {
            self.permit_more_soon(uid)?;
        }
        let (association, first) = self.make_tenant(terms, set, whom.user())?;
        let stage = association.stage();
        let made = association.clone();
        let done = self.complete(Assignment::new(self, whom, association, stage, first));
        // Others that join wait until now: if the call fails, they see another epoch.
        made.tenant().end_taking_in();
        done
    }

    /// The association of the same owner with these terms and this set that has no task, and of
    /// which the process has a socket: the process was released from it, or is the next one to
    /// which a supervisor hands the socket.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn left(
        &self,
        whom: &Whom<'_>,
        terms: &Terms,
        set: &AddressSet,
    ) -> Result<Option<Arc<Association>>> {
        let left = sockets::one_of(whom.process, |association| {
            association.depth() == 0
                && association.granted_to() == whom.user()
                && association.tenant().is_formed()
                && association.is_like(terms, set)
        });
        let Some(left) = left else {
            return Ok(None);
        };
        // Another may have its name by now.
        let named = self.registry().by_name(&terms.name);
        let keeps_name = named.is_some_and(|named| Arc::ptr_eq(&named, &left));
        let is_left = (terms.name.is_empty() || keeps_name) && self.members.is_deserted(&left)?;
        Ok(is_left.then_some(left))
    }

    /// Makes an association that is no part of another, with its first user, not listed yet.
    ///
    /// # Errors
    ///
    /// `ENOTUNIQ` when another has its name, and as [`Self::make`].
    pub(super) fn make_tenant(
        &self,
        terms: Terms,
        set: AddressSet,
        granted_to: Option<Uid>,
    ) -> Result<(Arc<Association>, User)> {
        self.registry().permit_name(&terms.name)?;
        let loopbacks = &self.holdings.loopbacks;
        let loopback = loopbacks.take(terms.loopback)?;
        let terms = Terms {
            loopback: Some(loopback),
            ..terms
        };
        self.make(terms, set, None, granted_to)
            .inspect_err(|_| loopbacks.leave(loopback))
    }

    fn complete(
        &self,
        mut assignment: Assignment<'_>,
    ) -> core::result::Result<Arc<Association>, Refused> {
        protocol::assign(&mut assignment).map_err(|error| Refused {
            error,
            obstacle: assignment.obstacle.get(),
        })?;
        let subject = assignment.association.subject();
        subject.has_for(Happening::Joined, assignment.whom.process.tgid());
        Ok(assignment.association)
    }
}

impl<'a> Assignment<'a> {
    fn new(
        tenants: &'a Tenants,
        whom: &'a Whom<'a>,
        association: Arc<Association>,
        stage: Stage,
        first: User,
    ) -> Self {
        Self {
            tenants,
            whom,
            association,
            stage,
            origin: None,
            first: Some(first),
            patience: Patience::new(),
            processes: KVVec::new(),
            exiting: KVVec::new(),
            tasks: KVVec::new(),
            strangers: KVVec::new(),
            obstacle: Cell::new(None),
        }
    }
}

impl Assign for Assignment<'_> {
    type Stop = Error;

    fn take_in(&mut self) -> Result {
        self.make_own()?;
        self.take_in_all()
    }

    fn look_through(&mut self) -> Result {
        self.await_tracers()?;
        self.tasks = self.tasks()?;
        self.search_before(&self.tasks)
    }

    fn publish(&mut self) -> Result {
        self.strangers = self.strangers()?;
        match self.is_joining() {
            true => self.permit_joining(),
            false => self.tenants.put_in_force(&self.association),
        }
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
        match self.is_joining() {
            true => self.confirm(),
            false => {
                self.association.tenant().set_settled();
                Ok(())
            }
        }
    }

    fn drop_first(&mut self) -> Result {
        self.first = None;
        Ok(())
    }

    fn end(&mut self) -> Result {
        match (&self.origin, self.is_joining()) {
            (Some(origin), _) => self.put_back(origin),
            (None, true) => self.expel(),
            (None, false) => _ = self.tenants.end(&self.association),
        }
        Ok(())
    }
}
