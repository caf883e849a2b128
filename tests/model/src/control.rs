// SPDX-License-Identifier: GPL-2.0

//! Control calls on process 0, whose first thread is task 0.

use crate::assign::assign;
use crate::into::join;
use crate::moving::move_to;
use crate::release::{release_all, release_association, release_process};
use crate::run::Go;
use crate::world::Run;

/// A control call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `Tenants::assign` of process 0 to a new association.
    Assign,
    /// The same, but the last search finds a bypass.
    AssignInVain,
    /// `Tenants::assign` of the parent of process 0 with its descendants.
    AssignTree,
    /// The same, but the last search finds a bypass.
    AssignTreeInVain,
    /// `Tenants::join` of process 0 to association 0, which is there.
    Join,
    /// The same, but the last search finds a bypass.
    JoinInVain,
    /// `Tenants::move_to`: process 0 to this association.
    Move(u8),
    /// The same, but the last search finds a bypass.
    MoveInVain(u8),
    /// `Tenants::release_process` of process 0.
    ReleaseProcess,
    /// `Tenants::release_association` of association 0, with its parts.
    ReleaseAssociation,
    /// `Tenants::release_all`
    ReleaseAll,
}

impl Call {
    pub(crate) fn run(self, run: &mut Run<'_>) -> Go<()> {
        match self {
            Self::Assign => assign(run, false, true),
            Self::AssignInVain => assign(run, false, false),
            Self::AssignTree => assign(run, true, true),
            Self::AssignTreeInVain => assign(run, true, false),
            Self::Join => join(run, true),
            Self::JoinInVain => join(run, false),
            Self::Move(to) => move_to(run, to, true),
            Self::MoveInVain(to) => move_to(run, to, false),
            Self::ReleaseProcess => release_process(run),
            Self::ReleaseAssociation => release_association(run),
            Self::ReleaseAll => release_all(run),
        }
    }
}
