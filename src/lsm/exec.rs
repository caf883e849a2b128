// SPDX-License-Identifier: GPL-2.0

//! Executing a program: a task that is in no association becomes a member of the one that the
//! first rule that applies names, before it executes an instruction of the program.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::policy::{FileId, Program};
use crate::sys::file::{FilePath, FileRef};
use crate::sys::gate::ExecHooks;
use crate::sys::task::{self, GroupPath};
use crate::table;

/// The rules for programs.
pub(crate) enum Exec {}

impl ExecHooks for Exec {
    /// `EPERM` if the task cannot become a member: it must not execute the program unassociated.
    fn exec_check(file: FileRef<'_>) -> Result<Option<u32>> {
        match table::get() {
            Some(tenants) => tenants.select(&mut Execution {
                file,
                path: None,
                cgroup: None,
            }),
            None => Ok(None),
        }
    }

    fn exec_commit(chosen: u32) -> Result {
        table::get().ok_or(ENODEV)?.enter(chosen)
    }
}

/// The running task executes a file.
struct Execution<'a> {
    file: FileRef<'a>,
    // The path, once it is asked for; then `None` if it has none.
    path: Option<Option<FilePath>>,
    // The same of the control group.
    cgroup: Option<Option<GroupPath>>,
}

impl Program for Execution<'_> {
    fn file(&self) -> FileId {
        self.file.id()
    }

    fn path(&mut self) -> Option<&[u8]> {
        let file = self.file;
        let path = self.path.get_or_insert_with(|| FilePath::of(file).ok());
        path.as_ref().map(FilePath::as_bytes)
    }

    fn uid(&self) -> u32 {
        task::current_ids().0
    }

    fn gid(&self) -> u32 {
        task::current_ids().1
    }

    fn cgroup(&mut self) -> Option<&[u8]> {
        let path = self
            .cgroup
            .get_or_insert_with(|| GroupPath::of_current().ok());
        path.as_ref().map(GroupPath::as_bytes)
    }
}
