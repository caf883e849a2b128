// SPDX-License-Identifier: GPL-2.0

//! Step 5: calls end that members entered before they were members.

use kernel::prelude::*;

use crate::sys::task::{TaskKey, TaskRef};

use crate::table::association::Association;
use crate::table::patience::{Patience, Pauses};
use crate::table::sockets;

/// Has every call end that one of `tasks` began before it was in `association`,
/// and that was not asked about: one that waits for data on a socket that was
/// left alone would get it. It is begun anew, as after `SIGSTOP` and `SIGCONT`,
/// and then asked about. Not a call that waits on a socket of the association's,
/// or that gets no data: programs may not expect it to end. Sleeps until that is
/// so.
///
/// # Errors
///
/// `ETIMEDOUT` when it takes too long: its owner may keep a call from ending.
pub(super) fn recall(tasks: &[TaskRef], association: &Association) -> Result {
    let others = || tasks.iter().filter(|t| t.key() != TaskKey::current());
    let (patience, mut pauses) = (Patience::new(), Pauses::new());
    // What cannot be found out in time is recalled: that is always safe.
    let is_left = |t: &TaskRef| {
        !patience.is_over() && (t.only_waits() || sockets::waits_on_its_own(t, association))
    };
    others().filter(|t| !is_left(t)).for_each(TaskRef::recall);
    while others().any(TaskRef::is_recalled) {
        if patience.is_over() {
            return Err(ETIMEDOUT);
        }
        pauses.sleep();
    }
    Ok(())
}
