// SPDX-License-Identifier: GPL-2.0

//! Before step 1, in a call that a user makes without privilege: the process must be the user's
//! own. From then on it gains no rights by executing programs.

use kernel::prelude::*;

use crate::policy::{is_own, Ids};
use crate::sys::creds::CredGuard;
use crate::sys::task::{self, MemoryKey, TaskRef};

use super::Assignment;
use crate::table::grants::Turn;
use crate::table::patience::Pauses;
use crate::table::rights;

/// A call that a user makes within its grant.
pub(crate) struct Own<'a> {
    /// The turn of the call.
    pub(crate) turn: &'a Turn,
    /// The ids with which the caller acts.
    pub(crate) ids: Ids,
    /// The memory of the process, if the caller has that open.
    pub(crate) memory: Option<MemoryKey>,
}

impl Own<'_> {
    /// Whether a thread is the user's own.
    ///
    /// # Errors
    ///
    /// `EPERM`.
    fn permit(&self, thread: &TaskRef) -> Result {
        match is_own(&self.ids, &thread.seen_with(self.memory)) {
            true => Ok(()),
            false => Err(EPERM),
        }
    }

    /// Whether a thread is the user's own, and gains no rights by executing programs.
    ///
    /// # Errors
    ///
    /// `EPERM`.
    pub(super) fn permit_member(&self, thread: &TaskRef) -> Result {
        match thread.has_no_new_privs() {
            true => self.permit(thread),
            false => Err(EPERM),
        }
    }
}

impl Assignment<'_> {
    /// Makes sure that every thread of the process is the user's own, and makes each gain no
    /// rights by executing programs. A set-user-id program would mistake the association's
    /// 127.0.0.1 for the machine's, and trust the user's server there as a service of root's.
    ///
    /// Programs that the process executes meanwhile wait: one with more rights has begun before,
    /// and is seen here, or begins afterwards, without these rights.
    ///
    /// # Errors
    ///
    /// `EPERM` when a thread is not the user's own, `EAGAIN` when the process executes a program
    /// for too long or makes threads faster than can be followed, `ERESTARTNOINTR` when a signal
    /// comes meanwhile, `ENOMEM`. `no_new_privs` stays.
    pub(super) fn make_own(&self) -> Result {
        let Some(own) = &self.whom.own else {
            return Ok(());
        };
        let process = self.whom.process;
        let permit = |threads: &[TaskRef]| threads.iter().try_for_each(|thread| own.permit(thread));
        // First without the lock, which a user takes of its own processes only.
        permit(&process.threads()?)?;
        let _guard = self.guard_creds(process)?;
        rights::renounce(process, |threads| {
            permit(threads)?;
            match self.patience.is_over() {
                true => Err(EAGAIN),
                false => Ok(()),
            }
        })
    }

    /// Waits until the process executes no program.
    pub(super) fn guard_creds<'t>(&self, process: &'t TaskRef) -> Result<CredGuard<'t>> {
        let mut pauses = Pauses::new();
        loop {
            if let Some(guard) = CredGuard::try_new(process) {
                return Ok(guard);
            }
            // The program may be executed by another thread of the caller, which it kills.
            if task::is_interrupted() {
                return Err(ERESTARTNOINTR);
            }
            if self.patience.is_over() {
                return Err(EAGAIN);
            }
            pauses.sleep();
        }
    }
}
