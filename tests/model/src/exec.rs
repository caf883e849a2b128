// SPDX-License-Identifier: GPL-2.0

//! Task 0 executes a program that a rule names: the steps of [`protocol::Enter`]. The rule puts
//! it into association 0, which is defined.

use addrconf_protocol::{self as protocol, Enter};

use crate::assign::tag;
use crate::entry::Entry;
use crate::fork::exit;
use crate::map::{association, join, remove_if};
use crate::run::{Go, Stop};
use crate::without::Without;
use crate::world::{Run, World, TASKS};

/// How far task 0 is, and what may free it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Exec {
    pub(crate) program: Program,
    /// How many calls are releasing tasks.
    pub(crate) releases: u8,
    /// Such a call has begun, or was in progress, since the task was last found or made a member.
    pub(crate) released: bool,
}

/// The program of task 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Program {
    /// There is no rule.
    #[default]
    Any,
    /// It is about to execute the one that the rule names.
    Next,
    /// The rule was chosen for it.
    Chosen,
    /// It executes the program.
    New,
}

impl World {
    /// Whether there is a rule. Never changes.
    pub(crate) fn has_rule(&self) -> bool {
        self.exec.program != Program::Any
    }

    /// A call begins to release tasks: it may free task 0 and those that it made, if they are
    /// members.
    pub(crate) fn begin_release(&mut self) {
        if self.has_rule() {
            self.exec.releases += 1;
            self.exec.released |= (0..TASKS as u8).any(|task| self.effective(task).is_some());
        }
    }

    /// The call returns.
    pub(crate) fn end_release(&mut self) {
        if self.has_rule() {
            self.exec.releases -= 1;
        }
    }

    /// Task 0 was found or made a member at this moment. From now on only a call that ends later
    /// may free it.
    fn note_member(&mut self) {
        self.exec.released = self.exec.releases > 0;
    }
}

/// `security_bprm_check()`: chooses the rule, unless the task is a member.
pub(crate) fn check(run: &mut Run<'_>, task: u8) -> Go<()> {
    let is_member = match run.has(Without::ChoosingForTheUnsettled) {
        true => Entering::new(run, task, false).place(true)? == Place::Member,
        false => association(run, task)?.is_some(),
    };
    run.act("(bprm_check)", |w| {
        w.exec.program = match is_member {
            true => Program::New,
            false => Program::Chosen,
        };
    })
}

/// `security_bprm_committing_creds()`, and what follows: the program, or the end. `holds`: the
/// task holds a bypass.
pub(crate) fn commit(run: &mut Run<'_>, task: u8, holds: bool) -> Go<()> {
    let mut entering = Entering::new(run, task, holds);
    let done = protocol::enter(&mut entering);
    let has_cause = entering.has_cause;
    match done {
        Ok(()) => run.act("(it executes the program)", |w| {
            w.exec.program = Program::New;
        }),
        Err(Stop::Paused) => done,
        // Killed before it executes an instruction.
        Err(_) => {
            if !has_cause {
                run.act("(killed)", |w| w.complain("a task is killed without cause"))?;
            }
            exit(run, task)
        }
    }
}

/// Where the task is that executes the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    /// A call is putting it into an association, and may fail.
    Unsettled,
    Member,
}

struct Entering<'r, 'a> {
    run: &'r mut Run<'a>,
    task: u8,
    holds: bool,
    // The one that was inserted.
    entry: Entry,
    // What was found before that, if it is what counts.
    was_released: bool,
    // It is killed for something that lasts.
    has_cause: bool,
}

impl<'r, 'a> Entering<'r, 'a> {
    fn new(run: &'r mut Run<'a>, task: u8, holds: bool) -> Self {
        Self {
            run,
            task,
            holds,
            entry: Entry::new(0, 0),
            was_released: false,
            has_cause: true,
        }
    }

    /// Makes a membership of this stage. Returns whether it did, and not that the association was
    /// released at this moment.
    fn join(&mut self, stage: Entry) -> Go<bool> {
        let run = &mut *self.run;
        // After the look at the stage: a release of everything undefines it first, so that nobody
        // enters who is not released as well.
        let asks = run.has(Without::AskingWhetherItIsDefined);
        if asks && !run.ask("is_defined", |w| w.get(stage.id).defined)? {
            return Err(Stop::Denied);
        }
        if join(run, stage)? {
            return Ok(true);
        }
        if !run.ask("has_left", |w| w.has_left(stage))? {
            // It has no users.
            return Err(Stop::Denied);
        }
        self.has_cause = run.has(Without::TryingAgain);
        self.has_cause.then_some(false).ok_or(Stop::Denied)
    }

    /// Where the task is. A test may leave out parts of it, unless it `is_whole`.
    fn place(&mut self, is_whole: bool) -> Go<Place> {
        let Self { run, task, .. } = self;
        let task = *task;
        let asks_whether_done = is_whole || run.has(Without::AskingWhetherItIsDone);
        let looks_again = is_whole || run.has(Without::AskingWhetherItIsThere);
        let found = run.find("members.get", |w| {
            let entry = w.task(task).entry?;
            w.note_member();
            Some(entry.pack())
        })?;
        let Some(found) = found.map(Entry::unpack) else {
            return Ok(Place::Outside);
        };
        if run.ask("is_revoked", |w| w.has_left(found))? {
            return Ok(Place::Outside);
        }
        let is_settled = run.ask("is_formed", |w| {
            // It may have lost its mark, if it is still there.
            let now = w.task(task).entry.filter(|now| now.is(found));
            let is_done = w.get(w.root(found.id)).done || !asks_whether_done;
            let now = now.unwrap_or(found);
            w.is_moving(now) || (w.is_formed(now) && is_done)
        })?;
        if !is_settled {
            return Ok(Place::Unsettled);
        }
        if !looks_again {
            return Ok(Place::Member);
        }
        let there = run.step("members.get, again", |w| {
            w.note_member();
            match w.tasks[usize::from(task)].entry {
                None => 0,
                Some(now) if !now.is(found) => 1,
                Some(now) if w.has_left(now) => 0,
                Some(_) => 2,
            }
        })?;
        match there {
            0 => Ok(Place::Outside),
            // A call has moved it meanwhile, or put it back.
            1 => self.place(is_whole),
            _ => Ok(Place::Member),
        }
    }
}

impl Enter for Entering<'_, '_> {
    type Stop = Stop;

    fn insert(&mut self) -> Go<bool> {
        let (task, id) = (self.task, self.entry.id);
        let epoch = self.run.step("stage", |w| w.get(id).epoch)?;
        let entry = Entry::new(id, epoch);
        self.entry = entry;
        if !self.join(entry)? {
            return Ok(false);
        }
        tag(self.run, task)?;
        if !self.run.has(Without::AskingAfterwards) {
            self.was_released = self.run.ask("has_left", |w| w.has_left(entry))?;
        }
        self.run.ask("insert", |w| {
            let inserted = w.insert(task, entry);
            if inserted {
                w.note_member();
            }
            inserted
        })
    }

    fn was_released(&mut self) -> Go<bool> {
        let entry = self.entry;
        if !self.run.has(Without::AskingWhetherReleased) {
            return Ok(false);
        }
        if !self.run.has(Without::AskingAfterwards) {
            return Ok(self.was_released);
        }
        self.run.ask("has_left", |w| w.has_left(entry))
    }

    fn remove_released(&mut self) -> Go<()> {
        let Self { run, task, .. } = self;
        if run.has(Without::RemovingTheReleased) {
            remove_if(run, *task, World::has_left)?;
        } else {
            // It looks again and again, which changes nothing.
            run.wait("(looks again)", |w| {
                let entry = w.task(*task).entry;
                let is_in_the_way = entry.is_some_and(|entry| w.has_left(entry));
                (!is_in_the_way).then_some(0)
            })?;
        }
        run.start_over();
        Ok(())
    }

    fn is_member(&mut self) -> Go<bool> {
        if !self.run.has(Without::AskingWhetherAMember) {
            return Ok(true);
        }
        match self.place(false)? {
            Place::Outside => Ok(false),
            Place::Unsettled => Err(Stop::Denied),
            Place::Member => Ok(true),
        }
    }

    fn adopt(&mut self) -> Go<()> {
        Ok(())
    }

    fn look_through(&mut self) -> Go<()> {
        match self.holds {
            true => Err(Stop::Denied),
            false => Ok(()),
        }
    }
}
