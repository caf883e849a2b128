// SPDX-License-Identifier: GPL-2.0

//! The sockets among the open files of tasks, each once: tasks may share a table of
//! descriptors, and a socket may have many.

use kernel::prelude::*;

use crate::sys::sock::{SkHold, SkRef};
use crate::sys::task::{FilesKey, TaskRef};

use super::gather::gather;

/// References to the sockets among the open files of `tasks` for which `wanted`
/// returns true, one to each. `wanted` must not sleep, and may be called more than
/// once.
pub(super) fn select(
    tasks: &[TaskRef],
    wanted: impl Fn(SkRef<'_>) -> bool,
) -> Result<KVVec<SkHold>> {
    let mut all = KVVec::new();
    each_table(tasks, |task| {
        let mut files = None;
        let found: KVVec<SkHold> = gather(|push| {
            files = task.each_socket(|sk, _| {
                if let Some(held) = wanted(sk).then(|| sk.hold()).flatten() {
                    push(held);
                }
                true
            });
        })?;
        for sk in found {
            // One socket may have very many descriptors.
            if all.len() == all.capacity() {
                leave_one_of_each(&mut all);
                all.reserve(all.len(), GFP_KERNEL)?;
            }
            all.push(sk, GFP_KERNEL)?;
        }
        Ok(files)
    })?;
    leave_one_of_each(&mut all);
    Ok(all)
}

fn leave_one_of_each(sockets: &mut KVVec<SkHold>) {
    sockets.sort_unstable_by_key(SkHold::address);
    let mut last = None;
    sockets.retain(|sk| last.replace(sk.address()) != Some(sk.address()));
}

/// Calls `look` with each task, except those whose table of descriptors was looked at
/// last: very many tasks may share one table of very many descriptors. `look` returns
/// the table. Tasks that share a table are visited one after the other.
/// Context: process, may sleep.
pub(super) fn each_table(
    tasks: &[TaskRef],
    mut look: impl FnMut(&TaskRef) -> Result<Option<FilesKey>>,
) -> Result {
    let mut by_table = KVVec::with_capacity(tasks.len(), GFP_KERNEL)?;
    for task in tasks {
        // Read once, for sorting: the task may get another table meanwhile.
        by_table.push((task.files(), task), GFP_KERNEL)?;
    }
    by_table.sort_unstable_by_key(|(files, _)| *files);
    let mut last = None;
    for (_, task) in by_table {
        let files = task.files();
        if files.is_none() || files != last {
            last = look(task)?;
        }
    }
    Ok(())
}
