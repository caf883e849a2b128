// SPDX-License-Identifier: GPL-2.0

//! Programs that stop between any two accesses to the shared world.
//!
//! For each step a program runs again from its start. Steps that it took before return the
//! values in its history, and do nothing. A program knows nothing else, so the history is
//! both its program counter and its variables.

use std::fmt::Debug;

use addrconf_protocol::Failure;

/// Why a program returns early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It has taken its step, or waits for a lock or a reference, and continues later. All
    /// further steps return this too, so code that cleans up changes nothing.
    Paused,
    /// The protocol gives up.
    Failed(Failure),
    /// The world denies a step, as the kernel does with `EBUSY` or `EEXIST`.
    Denied,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What a program returns.
pub(crate) type Go<T> = Result<T, Stop>;

/// The world that the programs of a model share.
pub(crate) trait Shared {
    /// A part of the code that a test leaves out.
    type Part: Copy + PartialEq + Debug;
}

/// One step of a program.
#[derive(Debug)]
pub(crate) struct Run<'a, W: Shared> {
    world: &'a mut W,
    history: &'a mut Vec<u8>,
    at: usize,
    what: Option<&'static str>,
    paused: bool,
    without: Option<W::Part>,
}

/// Takes the next step of a program with this history, and clears the history if it was
/// the last. Returns the name of the step, `None` if the program waits, and whether the
/// program has ended, successfully or not.
pub(crate) fn go_on<W: Shared, T>(
    world: &mut W,
    history: &mut Vec<u8>,
    without: Option<W::Part>,
    program: impl FnOnce(&mut Run<'_, W>) -> Go<T>,
) -> (Option<&'static str>, bool) {
    let mut run = Run::new(world, history, without);
    let _ = program(&mut run);
    let (what, has_ended) = (run.what(), !run.is_paused());
    if has_ended {
        history.clear();
    }
    (what, has_ended)
}

impl<'a, W: Shared> Run<'a, W> {
    /// Prepares the next step of a program with this history.
    pub(crate) fn new(
        world: &'a mut W,
        history: &'a mut Vec<u8>,
        without: Option<W::Part>,
    ) -> Self {
        Self {
            world,
            history,
            at: 0,
            what: None,
            paused: false,
            without,
        }
    }

    /// Whether this part of the code is in place.
    pub(crate) fn has(&self, part: W::Part) -> bool {
        self.without != Some(part)
    }

    /// The name of the step. `None`: the program waits.
    pub(crate) fn what(&self) -> Option<&'static str> {
        self.what
    }

    /// Whether the program has more steps.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Clears the history, so that the program begins again. An endless loop then has only
    /// the states of its body. The caller must just have taken a step.
    pub(crate) fn start_over(&mut self) {
        if !self.paused {
            assert!(self.what.is_some(), "it would take its steps twice");
            self.history.clear();
            self.at = 0;
        }
    }

    /// The world, to read what never changes.
    pub(crate) fn world(&self) -> &W {
        self.world
    }

    /// One access to the world, named as in the code. If `access` returns `None`, the
    /// program has to wait, and `access` must have changed nothing.
    pub(crate) fn wait(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut W) -> Option<u8>,
    ) -> Go<u8> {
        if self.paused {
            return Err(Stop::Paused);
        }
        if let Some(&known) = self.history.get(self.at) {
            self.at += 1;
            return Ok(known);
        }
        let value = if self.what.is_some() {
            None
        } else {
            access(self.world)
        };
        let Some(value) = value else {
            self.paused = true;
            return Err(Stop::Paused);
        };
        self.what = Some(what);
        self.history.push(value);
        self.at += 1;
        Ok(value)
    }

    /// One access that never waits.
    pub(crate) fn step(&mut self, what: &'static str, access: impl FnOnce(&mut W) -> u8) -> Go<u8> {
        self.wait(what, |world| Some(access(world)))
    }

    /// One access that returns a `bool`.
    pub(crate) fn ask(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut W) -> bool,
    ) -> Go<bool> {
        Ok(self.step(what, |world| access(world).into())? != 0)
    }

    /// One access that may return the number of an association.
    pub(crate) fn find(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut W) -> Option<u8>,
    ) -> Go<Option<u8>> {
        let found = self.step(what, |world| access(world).map_or(0, |a| a + 1))?;
        Ok(found.checked_sub(1))
    }

    /// One access that returns nothing.
    pub(crate) fn act(&mut self, what: &'static str, access: impl FnOnce(&mut W)) -> Go<()> {
        self.step(what, |world| {
            access(world);
            0
        })?;
        Ok(())
    }
}
