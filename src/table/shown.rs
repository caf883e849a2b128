// SPDX-License-Identifier: GPL-2.0

//! What sysfs shows of an association. Context: process, may sleep.

use core::fmt::{self, Write as _};

use kernel::sync::{rcu, Arc};

use crate::events::Operation;
use crate::sys::sysfs::{Page, Show};
use crate::sys::task::TaskKey;

use super::association::Association;
use super::members::Members;

/// An association as the file `by-id/ID` in sysfs shows it. If a set does not fit in
/// a page, `...` follows its first entries; the ioctl returns all.
pub(super) struct Shown {
    association: Arc<Association>,
    members: Arc<Members>,
}

impl Shown {
    /// An association, shown to tasks that are not `members` of any.
    pub(super) fn new(association: Arc<Association>, members: Arc<Members>) -> Self {
        Self {
            association,
            members,
        }
    }
}

impl Show for Shown {
    /// Associated tasks must not see which addresses an association has.
    fn is_readable(&self) -> bool {
        self.members.association(TaskKey::current()).is_none()
    }

    fn show(&self, out: &mut Page<'_>) -> fmt::Result {
        describe(&self.association, out)
    }
}

/// Describes an association, in lines of a name and a value.
pub(crate) fn describe(shown: &Association, out: &mut Page<'_>) -> fmt::Result {
    // Room for the longest entry, "...", blanks and the end of the line.
    const ROOM: usize = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".len() + 8;

    let terms = shown.terms();
    let (id, name, tasks) = (shown.id(), terms.name.as_str(), shown.tasks());
    let sockets = shown.sockets();
    let yes_or_no = |yes| if yes { "yes" } else { "no" };
    let exclusive = yes_or_no(terms.exclusive);
    let defined = yes_or_no(shown.is_defined());
    core::write!(
        out,
        "id: {id}\nname: {name}\ntasks: {tasks}\nsockets: {sockets}\n\
         exclusive: {exclusive}\ndefined: {defined}\nrefused:",
    )?;
    let subject = shown.subject();
    for operation in Operation::ALL {
        match subject.record.refused(operation) {
            0 => {}
            refused => core::write!(out, " {}={refused}", operation.name())?,
        }
    }
    match shown.loopback() {
        Some(loopback) => core::write!(out, "\nloopback: {loopback}\naddresses:")?,
        None => core::write!(out, "\nloopback: -\naddresses:")?,
    }
    let guard = rcu::read_lock();
    for entry in shown.set(&guard).entries() {
        if out.room() < ROOM {
            core::write!(out, " ...")?;
            break;
        }
        core::write!(out, " {entry}")?;
    }
    core::writeln!(out)
}
