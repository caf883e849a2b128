// SPDX-License-Identifier: GPL-2.0

//! Code that can be stopped between any two accesses to what is shared.
//!
//! A program is run again from its start for each step it takes: what earlier
//! steps gave is remembered, and is all that a program knows. So the history is
//! its program counter and its variables in one.

use crate::scenario::Without;
use crate::world::World;

/// Why a program did not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It has taken its step.
    Stepped,
    /// It waits for a lock or a reference.
    Blocked,
}

/// What a program gives that can be stopped.
pub(crate) type Go<T> = Result<T, Pause>;

/// One step of a program.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    world: &'a mut World,
    history: &'a mut Vec<u8>,
    at: usize,
    what: Option<&'static str>,
    without: Option<Without>,
}

impl<'a> Run<'a> {
    /// The next step of a program that has this history.
    pub(crate) fn new(
        world: &'a mut World,
        history: &'a mut Vec<u8>,
        without: Option<Without>,
    ) -> Self {
        Self {
            world,
            history,
            at: 0,
            what: None,
            without,
        }
    }

    /// Whether this part of the code is there.
    pub(crate) fn has(&self, part: Without) -> bool {
        self.without != Some(part)
    }

    /// What the step was, if there was one.
    pub(crate) fn what(&self) -> Option<&'static str> {
        self.what
    }

    /// Whether tasks exit.
    pub(crate) fn exits(&self) -> bool {
        self.world.exits
    }

    /// One access to what is shared, named as in the code. `None` from `access`
    /// means that it has to wait, and that nothing was changed.
    pub(crate) fn wait(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut World) -> Option<u8>,
    ) -> Go<u8> {
        if let Some(&known) = self.history.get(self.at) {
            self.at += 1;
            return Ok(known);
        }
        if self.what.is_some() {
            return Err(Pause::Stepped);
        }
        let value = access(self.world).ok_or(Pause::Blocked)?;
        self.what = Some(what);
        self.history.push(value);
        self.at += 1;
        Ok(value)
    }

    /// One access that never waits.
    pub(crate) fn step(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut World) -> u8,
    ) -> Go<u8> {
        self.wait(what, |world| Some(access(world)))
    }

    /// One access that tells yes or no.
    pub(crate) fn ask(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut World) -> bool,
    ) -> Go<bool> {
        Ok(self.step(what, |world| access(world).into())? != 0)
    }

    /// One access that tells of an association, if there is one.
    pub(crate) fn find(
        &mut self,
        what: &'static str,
        access: impl FnOnce(&mut World) -> Option<u8>,
    ) -> Go<Option<u8>> {
        let found = self.step(what, |world| access(world).map_or(0, |a| a + 1))?;
        Ok(found.checked_sub(1))
    }

    /// One access that tells nothing.
    pub(crate) fn act(&mut self, what: &'static str, access: impl FnOnce(&mut World)) -> Go<()> {
        self.step(what, |world| {
            access(world);
            0
        })?;
        Ok(())
    }
}
