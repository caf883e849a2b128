// SPDX-License-Identifier: GPL-2.0

//! Step 5: calls that members entered before they were members are interrupted.

use kernel::prelude::*;

use crate::sys::task::{TaskKey, TaskRef};

use crate::table::association::Association;
use crate::table::patience::{Patience, Pauses};
use crate::table::sockets;

/// Interrupts every system call that one of `tasks` entered before it joined
/// `association`: no hook has checked it, and a call that waits for data on a socket
/// which was not taken in would receive the data. The call is restarted, as after
/// `SIGSTOP` and `SIGCONT`, and then checked. A call that waits on a socket of the
/// association, or receives no data, is not interrupted: programs may not expect
/// that. Sleeps until all the interrupted tasks have returned.
///
/// # Errors
///
/// `ETIMEDOUT` when a task does not return in time: its owner may keep a call from
/// ending.
pub(super) fn recall(tasks: &[TaskRef], association: &Association) -> Result {
    let others = || tasks.iter().filter(|t| t.key() != TaskKey::current());
    let (patience, mut pauses) = (Patience::new(), Pauses::new());
    // A task that cannot be examined in time is recalled, which is always safe.
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
