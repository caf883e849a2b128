// SPDX-License-Identifier: GPL-2.0

//! A task is put into an association that has a member already, and both make children: the
//! steps of [`protocol::Expel`] and [`protocol::Fork`] with the marks of those that join.
//!
//! The task is the only thread of its process, so that it is taken in by one step. What
//! taking in needs for several threads is in `assign`.

use addrconf_protocol::{self as protocol, Expel, Fork};

use crate::explore::{Model, Step, Steps};
use crate::run::{go_on, Go, Run, Shared, Stop};
use crate::world::{members, Phase};

/// The task that joins, and the one that is a member.
const JOINER: u8 = 0;
const MEMBER: u8 = 1;
/// The number of tasks that can ever exist.
const TASKS: usize = 4;
/// The actor that puts the task into the association, after the tasks.
const ADMINISTRATOR: usize = TASKS;

/// A part of the code that a test leaves out, to show that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjoined {
    /// The mark means nothing any more once the call has succeeded.
    Ending,
    /// A child looks again at its maker as it becomes visible: `catch_up`.
    CatchingUp,
    /// `expel` waits for clones before memberships with the mark count again.
    Waiting,
    /// `catch_up` tells calls apart by their marks.
    Comparing,
    /// The mark tells those that join from members.
    Marking,
    /// Memberships of those that join do not count once the call fails, before they are
    /// removed.
    Refusing,
}

/// A task joins, and fails or not.
#[derive(Clone, Copy, Debug)]
pub struct Joining {
    /// The number of children that are made.
    pub forks: u8,
    /// Of each call that puts it into the association, whether it succeeds. Only the last may.
    pub calls: &'static [bool],
    /// The part of the code that is left out.
    pub without: Option<Unjoined>,
}

/// The mark of memberships of those that do not join; that of the first call is the next number.
const SETTLED: u8 = 0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Task {
    phase: Phase,
    /// The mark of its membership.
    entry: Option<u8>,
    /// Whether the joiner is in its line.
    is_kin: bool,
}

/// The state that all programs share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    tasks: [Task; TASKS],
    tasklist: bool,
    /// The mark of the call in progress, and that which does not count.
    joining: u8,
    refused: u8,
    /// How many calls have returned.
    calls: u8,
    complaint: Option<&'static str>,
}

impl Shared for World {
    type Part = Unjoined;
}

impl World {
    fn task(&mut self, task: u8) -> &mut Task {
        &mut self.tasks[usize::from(task)]
    }

    /// The membership of a task, if it counts.
    fn counting(&self, task: u8) -> Option<u8> {
        let entry = self.tasks[usize::from(task)].entry;
        entry.filter(|&mark| mark == SETTLED || mark != self.refused)
    }

    /// The mark of the call that is putting a task into the association.
    fn place(&self, task: u8) -> Option<u8> {
        let mark = self.counting(task)?;
        Some(if mark == self.joining { mark } else { SETTLED })
    }

    fn entries(&self) -> u8 {
        let entries = (0..TASKS).filter(|&task| self.tasks[task].entry.is_some());
        entries.fold(0, |all, task| all | 1 << task)
    }
}

/// The whole state at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    world: World,
    histories: [Vec<u8>; TASKS + 1],
}

struct Forking<'r, 'a> {
    run: &'r mut Run<'a, World>,
    maker: u8,
    child: u8,
}

impl Forking<'_, '_> {
    /// What `catch_up` compares.
    fn compared(&self, place: Option<u8>) -> Option<u8> {
        match self.run.has(Unjoined::Comparing) {
            true => place,
            false => place.map(|_| SETTLED),
        }
    }
}

impl Fork for Forking<'_, '_> {
    // There is one association: this is the mark.
    type Association = u8;
    type Membership = u8;
    type Stop = Stop;

    fn of_maker(&mut self) -> Go<Option<u8>> {
        let maker = self.maker;
        let found = self.run.find("place_of(maker)", |w| w.place(maker))?;
        Ok(self.compared(found))
    }

    fn of_child(&mut self) -> Go<Option<u8>> {
        let child = self.child;
        let found = self.run.find("place_of(child)", |w| w.place(child))?;
        Ok(self.compared(found))
    }

    fn are_same(one: &u8, other: &u8) -> bool {
        one == other
    }

    fn forget_child(&mut self) -> Go<()> {
        let child = self.child;
        self.run
            .act("forget(child)", |w| w.task(child).entry = None)
    }

    fn join(&mut self) -> Go<Option<u8>> {
        let maker = self.maker;
        self.run.find("Membership::of_child", |w| w.place(maker))
    }

    fn insert(&mut self, membership: u8) -> Go<u8> {
        let child = self.child;
        self.run.act("insert(child)", |w| {
            w.task(child).entry = Some(membership);
        })?;
        Ok(membership)
    }

    fn has_ended(&mut self, _: &u8) -> Go<bool> {
        let child = self.child;
        self.run
            .ask("is_revoked(child)", |w| w.counting(child).is_none())
    }

    fn set_born(&mut self) -> Go<()> {
        // Only the search uses this.
        Ok(())
    }
}

/// `copy_process()`
fn copy_process(run: &mut Run<'_, World>, maker: u8) -> Go<()> {
    let child = run.step("copy_process", |w| {
        let child = w
            .tasks
            .iter()
            .position(|t| t.phase == Phase::Unborn)
            .unwrap_or(0);
        let is_kin = w.task(maker).is_kin;
        w.tasks[child] = Task {
            phase: Phase::Copied,
            entry: None,
            is_kin,
        };
        child as u8
    })?;
    protocol::inherit(&mut Forking { run, maker, child })?;
    let before = run.wait("write_lock_irq(&tasklist_lock)", |w| {
        (!std::mem::replace(&mut w.tasklist, true)).then(|| w.counting(maker).is_some().into())
    })?;
    if run.has(Unjoined::CatchingUp) {
        protocol::catch_up(&mut Forking { run, maker, child })?;
    }
    run.act("list_add_tail_rcu, write_unlock_irq", |w| {
        w.task(child).phase = Phase::Listed;
        w.tasklist = false;
        let after = w.counting(maker).is_some();
        if (before != 0) == after && w.counting(child).is_some() != after {
            w.complaint = Some("the child is not where its maker is");
        }
    })
}

/// The call that puts the joiner into the association.
struct Taking<'r, 'a> {
    run: &'r mut Run<'a, World>,
    mark: u8,
}

fn wait_for_clones(run: &mut Run<'_, World>) -> Go<()> {
    run.wait("wait_for_clones", |w| (!w.tasklist).then_some(0))
        .map(drop)
}

impl Expel for Taking<'_, '_> {
    type Stop = Stop;

    fn wait_for_clones(&mut self) -> Go<()> {
        if !self.run.has(Unjoined::Waiting) {
            return Ok(());
        }
        wait_for_clones(self.run)
    }

    fn refuse(&mut self, refuse: bool) -> Go<()> {
        if !self.run.has(Unjoined::Refusing) {
            return Ok(());
        }
        let mark = if refuse { self.mark } else { SETTLED };
        self.run.act("refuse", |w| w.refused = mark)
    }

    fn remove_refused(&mut self) -> Go<()> {
        let seen = self.run.step("remove_revoked", |w| w.entries())?;
        let all = !self.run.has(Unjoined::Marking);
        for task in members(seen) {
            self.run.act("remove_revoked: remove", |w| {
                let entry = w.task(task).entry;
                if entry.is_some() && (all || w.counting(task).is_none()) {
                    w.task(task).entry = None;
                    if !w.task(task).is_kin {
                        w.complaint = Some("a member is taken out");
                    }
                }
            })?;
        }
        Ok(())
    }
}

/// `Tenants::join`
fn join(run: &mut Run<'_, World>, mark: u8, succeeds: bool) -> Go<()> {
    run.act("begin_joining", |w| w.joining = mark)?;
    run.act("take_in: insert", |w| w.task(JOINER).entry = Some(mark))?;
    wait_for_clones(run)?;
    if !succeeds {
        protocol::expel(&mut Taking { run, mark })?;
    }
    let ends = run.has(Unjoined::Ending);
    run.act("end_taking_in", |w| {
        w.calls += 1;
        if ends {
            w.joining = SETTLED;
        }
    })
}

impl Model for Joining {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        for task in [JOINER, MEMBER] {
            state.world.task(task).phase = Phase::Listed;
        }
        state.world.task(JOINER).is_kin = true;
        state.world.task(MEMBER).entry = Some(SETTLED);
        for task in 2 + self.forks..TASKS as u8 {
            state.world.task(task).phase = Phase::Gone;
        }
        state
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut steps = Steps::of(state);
        for maker in 0..TASKS {
            let begun = !state.histories[maker].is_empty();
            let unborn = state.world.tasks.iter().any(|t| t.phase == Phase::Unborn);
            if begun || (state.world.tasks[maker].phase == Phase::Listed && unborn) {
                steps.may(maker, |next| {
                    let history = &mut next.histories[maker];
                    go_on(&mut next.world, history, self.without, |run| {
                        copy_process(run, maker as u8)
                    })
                    .0
                });
            }
        }
        let call = usize::from(state.world.calls);
        if let Some(&succeeds) = self.calls.get(call) {
            steps.may(ADMINISTRATOR, |next| {
                let history = &mut next.histories[ADMINISTRATOR];
                go_on(&mut next.world, history, self.without, |run| {
                    join(run, call as u8 + 1, succeeds)
                })
                .0
            });
        }
        steps.all()
    }

    fn wrong(&self, state: &State, _last: bool) -> Option<String> {
        let world = &state.world;
        if let Some(complaint) = world.complaint {
            return Some(complaint.into());
        }
        let idle = state.histories.iter().all(Vec::is_empty);
        if !idle || usize::from(world.calls) != self.calls.len() {
            return None;
        }
        let succeeds = self.calls.last() == Some(&true);
        let listed = (0_u8..).zip(&world.tasks);
        for (task, found) in listed.filter(|(_, t)| t.phase == Phase::Listed) {
            if found
                .entry
                .is_some_and(|mark| mark != SETTLED && mark == world.joining)
            {
                return Some(format!("task {task} is joining for ever"));
            }
            if !succeeds && found.is_kin && found.entry.is_some() {
                return Some(format!("task {task} is left in the association"));
            }
        }
        if succeeds && world.tasks[usize::from(JOINER)].entry.is_none() {
            return Some("the task did not join".into());
        }
        None
    }
}
