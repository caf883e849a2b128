// SPDX-License-Identifier: GPL-2.0

//! A member makes a child: the steps of [`protocol::Fork`] that the search depends on.
//! Every task is a member of one association, which does not end.

use addrconf_protocol::{self as protocol, Fork, HandOn};

use super::{Unsearched, World};
use crate::run::{Go, Run, Stop};
use crate::world::Phase;

/// `copy_process()`: `maker` makes a child with its descriptors.
pub(super) fn copy_process(run: &mut Run<'_, World>, maker: u8) -> Go<()> {
    let child = run.step("copy_process", |w| {
        let child = w.which(|t| t.phase == Phase::Unborn).trailing_zeros() as u8;
        w.task(child).phase = Phase::Copied;
        w.task(maker).makes = true;
        child
    })?;
    // security_task_alloc()
    protocol::inherit(&mut Forking { run, maker, child })?;
    run.act("copy_files", |w| w.task(child).holds = w.task(maker).holds)?;
    run.wait("write_lock_irq(&tasklist_lock)", |w| {
        (!std::mem::replace(&mut w.tasklist, true)).then_some(0)
    })?;
    // security_task_publish()
    protocol::catch_up(&mut Forking { run, maker, child })?;
    run.act("list_add_tail_rcu, write_unlock_irq", |w| {
        w.task(child).phase = Phase::Listed;
        w.task(maker).makes = false;
        w.tasklist = false;
    })
}

struct Forking<'r, 'a> {
    run: &'r mut Run<'a, World>,
    maker: u8,
    child: u8,
}

impl Fork for Forking<'_, '_> {
    type Association = ();
    type Membership = ();
    type Stop = Stop;

    fn of_maker(&mut self) -> Go<Option<()>> {
        Ok(Some(()))
    }

    fn of_child(&mut self) -> Go<Option<()>> {
        Ok(Some(()))
    }

    fn are_same((): &(), (): &()) -> bool {
        true
    }

    fn forget_child(&mut self) -> Go<()> {
        unreachable!("the association does not end")
    }

    fn join(&mut self) -> Go<Option<()>> {
        protocol::hand_on(self).map(Some)
    }

    fn insert(&mut self, (): ()) -> Go<()> {
        Ok(())
    }

    fn has_ended(&mut self, (): &()) -> Go<bool> {
        Ok(false)
    }

    fn set_born(&mut self) -> Go<()> {
        let child = self.child;
        self.run.act("set_born", |w| w.set_born(child))
    }
}

impl HandOn for Forking<'_, '_> {
    type Stop = Stop;

    fn is_searched(&mut self) -> Go<bool> {
        let maker = self.maker;
        self.run.ask("is_searched", |w| w.task(maker).searched)
    }

    fn count_child(&mut self) -> Go<()> {
        if !self.run.has(Unsearched::Counting) {
            return Ok(());
        }
        let child = self.child;
        self.run.act("add_unborn", |w| {
            w.task(child).unborn = true;
            w.unborn += 1;
        })
    }

    fn mark_child(&mut self) -> Go<()> {
        let child = self.child;
        self.run.act("set_searched, set_born", |w| {
            w.task(child).searched = true;
            w.set_born(child);
        })
    }
}
