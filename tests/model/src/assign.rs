// SPDX-License-Identifier: GPL-2.0

//! Process 0 is assigned to a new association: the steps of [`protocol::Assign`].

use addrconf_protocol::{self as protocol, Assign, Failure, Standing, TakeIn};

use crate::check::Home;
use crate::map::{association, insert, join, remove_if};
use crate::release::Ending;
use crate::run::{Go, Stop};
use crate::scenario::Without;
use crate::task::{each_thread, wait_for_clones};
use crate::world::{Run, World};

/// `Tenants::assign`. Its last search finds no bypass if it `succeeds`.
pub(crate) fn assign(run: &mut Run<'_>, succeeds: bool) -> Go<()> {
    let id = run.step("make", |w| w.make(None))?;
    let mut assigning = Assigning {
        run,
        id,
        succeeds,
        looks: 0,
    };
    protocol::assign(&mut assigning)
}

struct Assigning<'r, 'a> {
    run: &'r mut Run<'a>,
    id: u8,
    succeeds: bool,
    looks: u8,
}

impl Assign for Assigning<'_, '_> {
    type Stop = Stop;

    fn take_in(&mut self) -> Go<()> {
        protocol::take_in_process(self, &()).map(|_| ())
    }

    fn look_through(&mut self) -> Go<()> {
        Ok(())
    }

    fn publish(&mut self) -> Go<()> {
        let id = self.id;
        self.run.wait("publish: set_formed", |w| {
            (!w.control).then(|| {
                w.association(id).listed = true;
                w.association(id).formed = true;
                w.home = Home::In(id);
                0
            })
        })?;
        Ok(())
    }

    fn adopt(&mut self) -> Go<()> {
        Ok(())
    }

    fn recall(&mut self) -> Go<()> {
        Ok(())
    }

    fn search(&mut self) -> Go<()> {
        self.succeeds.then_some(()).ok_or(Stop::Denied)
    }

    fn abort(&mut self) -> Go<()> {
        Ok(())
    }

    fn drop_first(&mut self) -> Go<()> {
        let id = self.id;
        self.run.act("drop(first)", |w| w.drop_first(id))
    }

    /// Takes no lock: no other call finds an association whose `assign` fails.
    fn end(&mut self) -> Go<()> {
        let id = self.id;
        protocol::release_association(&mut Ending::new(self.run), &id)?;
        self.run.act("(it has ended)", |w| w.note_ended(id))
    }
}

impl TakeIn for Assigning<'_, '_> {
    type Process = ();
    type Thread = u8;
    type Stop = Stop;

    fn is_over(&mut self) -> Go<bool> {
        Ok(false)
    }

    fn each_thread(&mut self, (): &(), visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        self.looks += 1;
        if self.looks > 1 && !self.run.has(Without::SecondLook) {
            return Ok(());
        }
        each_thread(self, |this| &mut *this.run, visit)
    }

    fn standing(&mut self, thread: &u8) -> Go<Standing> {
        Ok(match association(self.run, *thread)? {
            None => Standing::Outside,
            // Not a part: only an association that is formed can have one.
            Some(own) if own == self.id => Standing::Inside,
            Some(_) => Standing::Elsewhere,
        })
    }

    fn insert(&mut self, thread: &u8) -> Go<bool> {
        if !join(self.run, self.id)? {
            self.run.act("(ESRCH)", |w| {
                w.complain("an association ends as it is made")
            })?;
            return Err(Failure::Exited.into());
        }
        if !self.run.has(Without::TaggingFirst) {
            let inserted = insert(self.run, *thread, self.id)?;
            tag(self.run, *thread)?;
            return Ok(inserted);
        }
        tag(self.run, *thread)?;
        insert(self.run, *thread, self.id)
    }

    fn remove_ended(&mut self, thread: &u8) -> Go<()> {
        if self.run.has(Without::RemovingTheEndedOnly) {
            remove_if(self.run, *thread, World::revoked)?;
        } else if association(self.run, *thread)?.is_none() {
            remove_if(self.run, *thread, |_, _| true)?;
        }
        Ok(())
    }

    fn wait_for_clones(&mut self) -> Go<()> {
        if self.run.has(Without::WaitingInAssign) {
            wait_for_clones(self.run)?;
        }
        Ok(())
    }
}

/// `acf_gate_task_tag()`
fn tag(run: &mut Run<'_>, task: u8) -> Go<()> {
    if run.world().tags {
        run.act("tag", |w| w.task(task).tagged = true)?;
    }
    Ok(())
}
