// SPDX-License-Identifier: GPL-2.0

//! A process is assigned to a new association: the steps of [`protocol::Assign`]. `into` has what
//! is different for one that is there.

use addrconf_protocol::{self as protocol, Assign, Failure, Standing, TakeIn, TakeInTree};

use crate::check::Home;
use crate::entry::Entry;
use crate::map::{association, insert, join, remove_if, replace};
use crate::moving::is_of;
use crate::release::Ending;
use crate::run::{Go, Stop};
use crate::task::{each_thread, visit_held, wait_for_clones};
use crate::without::Without;
use crate::world::{Phase, Run, World, TASKS};

/// `Tenants::assign` of process 0 or, with its descendants, of the parent of that. Its last search
/// finds no bypass if it `succeeds`.
pub(crate) fn assign(run: &mut Run<'_>, tree: bool, succeeds: bool) -> Go<()> {
    let id = run.step("make", |w| w.make(None))?;
    let process = match run.world().parent {
        Some(parent) if tree => parent,
        _ => 0,
    };
    let mut assigning = Assigning::new(run, process, Entry::new(id, 0), succeeds);
    assigning.tree = tree;
    protocol::assign(&mut assigning)
}

pub(crate) struct Assigning<'r, 'a> {
    pub(crate) run: &'r mut Run<'a>,
    process: u8,
    tree: bool,
    /// What entries are that it makes.
    pub(crate) stage: Entry,
    /// Where the entries are that it replaces, if it moves the process.
    pub(crate) origin: Option<Entry>,
    succeeds: bool,
    looks: u8,
    // The processes that were seen to exit, a bit each.
    exiting: u8,
    /// How often it looked for tasks to put back.
    pub(crate) put_backs: u8,
}

impl<'r, 'a> Assigning<'r, 'a> {
    pub(crate) fn new(run: &'r mut Run<'a>, process: u8, stage: Entry, succeeds: bool) -> Self {
        Self {
            run,
            process,
            tree: false,
            stage,
            origin: None,
            succeeds,
            looks: 0,
            exiting: 0,
            put_backs: 0,
        }
    }

    fn is_joining(&self) -> bool {
        self.stage.is_marked
    }
}

impl Assign for Assigning<'_, '_> {
    type Stop = Stop;

    fn take_in(&mut self) -> Go<()> {
        let process = self.process;
        if self.tree {
            return protocol::take_in_tree(self, &process);
        }
        protocol::take_in_process(self, &process).map(drop)
    }

    fn look_through(&mut self) -> Go<()> {
        Ok(())
    }

    fn publish(&mut self) -> Go<()> {
        if self.is_joining() {
            return Ok(());
        }
        let id = self.stage.id;
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
        if self.is_joining() {
            return self.confirm();
        }
        if !self.run.world().has_rule() {
            // Nobody asks.
            return Ok(());
        }
        let id = self.stage.id;
        self.run
            .act("(it is done)", |w| w.association(id).done = true)
    }

    fn drop_first(&mut self) -> Go<()> {
        let id = self.stage.id;
        self.run.act("drop(first)", |w| w.drop_call(id))
    }

    /// Takes no lock: no other call finds an association whose `assign` fails.
    fn end(&mut self) -> Go<()> {
        if self.origin.is_some() {
            return protocol::put_back(self);
        }
        if self.is_joining() {
            return protocol::expel(self);
        }
        let id = self.stage.id;
        protocol::release_association(&mut Ending::new(self.run), &id)?;
        self.run.act("(it has ended)", |w| w.note_ended(id))
    }
}

impl TakeIn for Assigning<'_, '_> {
    type Process = u8;
    type Thread = u8;
    type Stop = Stop;

    fn is_over(&mut self) -> Go<bool> {
        Ok(false)
    }

    fn each_thread(&mut self, process: &u8, visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        self.looks += 1;
        if self.looks > 1 && !self.run.has(Without::SecondLook) {
            return Ok(());
        }
        each_thread(self, *process, |this| &mut *this.run, visit)
    }

    fn standing(&mut self, thread: &u8) -> Go<Standing> {
        if let Some(origin) = self.origin {
            return self.standing_from(origin, *thread);
        }
        Ok(match association(self.run, *thread)? {
            None => Standing::Outside,
            // A new association has no parts.
            Some(own) if self.run.world().is_within(own, self.stage.id) => Standing::Inside,
            Some(_) => Standing::Elsewhere,
        })
    }

    fn insert(&mut self, thread: &u8) -> Go<bool> {
        if !join(self.run, self.stage)? {
            if self.is_joining() {
                // Released meanwhile.
                return Err(Stop::Denied);
            }
            self.run.act("(ESRCH)", |w| {
                w.complain("an association ends as it is made")
            })?;
            return Err(Failure::Exited.into());
        }
        if let Some(origin) = self.origin {
            return replace(self.run, *thread, self.stage, |w, old| {
                is_of(w, old, origin)
            });
        }
        if !self.run.has(Without::TaggingFirst) {
            let inserted = insert(self.run, *thread, self.stage)?;
            tag(self.run, *thread)?;
            return Ok(inserted);
        }
        tag(self.run, *thread)?;
        insert(self.run, *thread, self.stage)
    }

    fn remove_ended(&mut self, thread: &u8) -> Go<()> {
        if self.run.has(Without::RemovingTheEndedOnly) {
            remove_if(self.run, *thread, World::has_left)?;
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

/// `tree` has more processes, which leave their children to others.
impl TakeInTree for Assigning<'_, '_> {
    fn each_descendant(&mut self, visit: impl FnMut(&mut Self, &u8) -> Go<()>) -> Go<()> {
        // Every process but the first is a descendant of that.
        let process = self.process;
        let found = self.run.wait("descendants", |w| {
            (!w.tasklist).then(|| {
                let is_there = |&task: &u8| {
                    let found = w.tasks[usize::from(task)];
                    let on_list = matches!(found.phase, Phase::Listed | Phase::Exiting);
                    on_list && found.process == task && task != process
                };
                let found = (0..TASKS as u8).filter(is_there);
                let found = found.fold(0, |all, task| all | 1 << task);
                w.hold(found);
                found
            })
        })?;
        visit_held(self, found, |this| &mut *this.run, visit)
    }

    fn is_exited(stop: &Stop) -> bool {
        *stop == Stop::Failed(Failure::Exited)
    }

    fn note(&mut self, _process: &u8) -> Go<()> {
        Ok(())
    }

    fn is_member(&mut self, process: &u8) -> Go<bool> {
        let (process, id) = (*process, self.stage.id);
        self.run.ask("members.is_within", |w| {
            let entry = w.task(process).entry;
            entry.is_some_and(|entry| w.is_within(entry.id, id))
        })
    }

    fn note_exiting(&mut self, process: &u8) -> Go<bool> {
        let bit = 1 << process;
        let is_new = self.exiting & bit == 0;
        self.exiting |= bit;
        Ok(is_new)
    }

    fn pause(&mut self, _looks: usize) -> Go<()> {
        Ok(())
    }
}

/// `acf_gate_task_tag()`
pub(crate) fn tag(run: &mut Run<'_>, task: u8) -> Go<()> {
    if run.world().tags {
        run.act("tag", |w| w.task(task).tagged = true)?;
    }
    Ok(())
}
