// SPDX-License-Identifier: GPL-2.0

//! Walks through the list of associations.

use kernel::prelude::*;
use kernel::sync::Arc;

use super::Registry;
use crate::table::association::Association;
use crate::table::gather::gather;

/// How many associations are visited before the lock is dropped for a moment.
const CHUNK: usize = 256;

impl Registry {
    /// Calls `visit` with each listed association, by ascending id from `first` on,
    /// until it returns `false`. `visit` must not sleep: the registry is locked,
    /// though not all the time.
    fn each_from(&self, first: u32, mut visit: impl FnMut(&Arc<Association>) -> bool) {
        let mut next = first;
        loop {
            let mut lists = self.lists.lock();
            let mut cursor = lists.listed.cursor_lower_bound_mut(&next);
            for _ in 0..CHUNK {
                let Some(at) = cursor else { return };
                let (&id, listed) = at.current();
                if !visit(&listed.association) || id == u32::MAX {
                    return;
                }
                next = id + 1;
                cursor = at.move_next();
            }
        }
    }

    /// Calls `visit` with each listed association. `visit` must not sleep.
    pub(in crate::table) fn each(&self, mut visit: impl FnMut(&Arc<Association>)) {
        self.each_from(0, |association| {
            visit(association);
            true
        });
    }

    /// Whether `has` is true of a listed association. It must not sleep.
    pub(in crate::table) fn any(&self, mut has: impl FnMut(&Association) -> bool) -> bool {
        let mut found = false;
        self.each_from(0, |association| {
            found = has(association);
            !found
        });
        found
    }

    /// The parts of `association` and their parts, each after its whole. Parts that
    /// are made meanwhile may be missing: see [`Self::try_begin_update`].
    /// Context: process, may sleep.
    pub(in crate::table) fn parts_of(
        &self,
        association: &Association,
    ) -> Result<KVec<Arc<Association>>> {
        if association.tenant().has_no_parts() {
            return Ok(KVec::new());
        }
        let mut parts = gather(|push| {
            self.each(|a| {
                if a.depth() > association.depth() && a.is_within(association) {
                    push(a.clone());
                }
            });
        })?;
        parts.sort_unstable_by_key(|part| part.depth());
        Ok(parts)
    }

    /// Fills `ids` with ids greater than `after` of associations for which `is_meant` is true, in
    /// ascending order, up to its capacity. Returns whether there are more. It must not sleep.
    pub(crate) fn ids(
        &self,
        after: u64,
        ids: &mut KVec<u64>,
        is_meant: impl Fn(&Association) -> bool,
    ) -> bool {
        let Some(first) = u32::try_from(after).ok().and_then(|id| id.checked_add(1)) else {
            return false;
        };
        let mut more = false;
        self.each_from(first, |association| {
            if !is_meant(association) {
                return true;
            }
            more = ids.push_within_capacity(association.id().into()).is_err();
            !more
        });
        more
    }
}
