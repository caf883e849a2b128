// SPDX-License-Identifier: GPL-2.0

//! The running task looks for its association, and tells the gate: the steps of
//! [`protocol::find_member`], as `src/table/known.rs` makes them.

use std::convert::Infallible;
use std::sync::atomic::Ordering::{Acquire, SeqCst};

use addrconf_protocol::{self as protocol, FindMember};

use crate::association::Ref;
use crate::machine::Machine;
use crate::meter::Meter;
use crate::table::{Entry, Place};

impl<M: Meter> Machine<M> {
    /// `Members::with_membership()`.
    #[inline]
    pub(crate) fn entry_of(&self, task: Place) -> Option<&Entry<M>> {
        let found = self.table.find(Self::key(task))?;
        Some(self.table.entry(found))
    }

    /// `Members::association()`.
    #[inline]
    pub(crate) fn association_of(&self, task: Place) -> Option<Ref<'_, M>> {
        self.association_in(self.entry_of(task)?)
    }

    /// `Membership::association()`.
    #[inline]
    pub(crate) fn association_in(&self, entry: &Entry<M>) -> Option<Ref<'_, M>> {
        let number = entry.user.load(Acquire);
        let association = self.association(number);
        (!association.is_revoked()).then(|| Ref::new(association, number))
    }

    /// `table::current()`.
    #[inline]
    pub fn current(&self, task: Place) -> Option<Ref<'_, M>> {
        if !self.is_up() {
            return None;
        }
        let Ok(found) = protocol::find_member(&mut Finding {
            machine: self,
            task,
        });
        found
    }
}

struct Finding<'a, M: Meter> {
    machine: &'a Machine<M>,
    task: Place,
}

impl<'a, M: Meter> FindMember for Finding<'a, M> {
    type Known = usize;
    type Association = Ref<'a, M>;
    type Stop = Infallible;

    fn known(&mut self) -> Result<usize, Infallible> {
        Ok(self.machine.blob(self.task).member.load(Acquire))
    }

    fn look_up(&mut self) -> Result<Option<Ref<'a, M>>, Infallible> {
        Ok(self.machine.association_of(self.task))
    }

    fn tell(&mut self, known: usize, found: &Ref<'a, M>) -> Result<(), Infallible> {
        let id = found.get().id();
        let half = u32::MAX as usize;
        if known & half != id {
            let member = &self.machine.blob(self.task).member;
            let _ = member.replace(known, known & !half | id, SeqCst);
        }
        Ok(())
    }
}
