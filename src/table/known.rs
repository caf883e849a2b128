// SPDX-License-Identifier: GPL-2.0

//! What the gate knows of the membership of tasks: the steps of
//! [`protocol::FindMember`] and [`protocol::ChangeMember`] on the table.

use core::convert::Infallible;

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::protocol::{self, ChangeMember, FindMember};
use crate::sys::membership::{self, Known};
use crate::sys::task::{TaskKey, TaskRef};

use super::association::Association;
use super::members::Members;

/// The association of the running task, if any. Tells the gate. Context: any.
pub(super) fn current(members: &Members) -> Option<Arc<Association>> {
    let Ok(found) = protocol::find_member(&mut Finding(members));
    found
}

/// Makes `task` a member by `change`, which returns whether it did. Context: that of
/// `change`.
///
/// # Errors
///
/// Those of `change`.
pub(super) fn change_member(task: &TaskRef, change: impl FnOnce() -> Result<bool>) -> Result<bool> {
    let change = Some(change);
    protocol::change_member(&mut Changing { task, change })
}

/// The running task looks for its association.
struct Finding<'a>(&'a Members);

impl FindMember for Finding<'_> {
    type Known = Known;
    type Association = Arc<Association>;
    type Stop = Infallible;

    fn known(&mut self) -> Result<Known, Infallible> {
        Ok(Known::of_current())
    }

    fn look_up(&mut self) -> Result<Option<Arc<Association>>, Infallible> {
        Ok(self.0.association(TaskKey::current()))
    }

    fn tell(&mut self, known: Known, found: &Arc<Association>) -> Result<(), Infallible> {
        // The id, and not the scope of its sockets: if it keeps the loopback of its whole, the gate
        // must not take sockets of the whole for its own.
        known.set(found.id());
        Ok(())
    }
}

/// Somebody makes a task a member.
struct Changing<'a, F> {
    task: &'a TaskRef,
    // Until it is made.
    change: Option<F>,
}

impl<F: FnOnce() -> Result<bool>> ChangeMember for Changing<'_, F> {
    type Stop = Error;

    fn change(&mut self) -> Result<bool> {
        self.change.take().map_or(Ok(false), |change| change())
    }

    fn forget(&mut self) -> Result {
        membership::forget(self.task);
        Ok(())
    }
}
