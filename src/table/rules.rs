// SPDX-License-Identifier: GPL-2.0

//! Rules: which tasks become members of which association when they execute a program. The list
//! of rules is replaced as a whole, and asked with each program that a task executes.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::{new_spinlock, Arc, SpinLock};

use crate::policy::{FileId, Program, Selector};
use crate::sys::gate::Selection;

use super::association::Association;
use super::control::Control;

/// A rule.
pub(crate) struct Rule {
    /// Its id, not 0.
    pub(crate) id: u32,
    /// What it names.
    pub(crate) names: Named,
    /// The id of the association.
    pub(crate) association: u32,
}

/// What a rule names: see [`Selector`].
pub(crate) struct Named {
    /// A program, and its path.
    pub(crate) exe: Option<(FileId, KVVec<u8>)>,
    /// A user.
    pub(crate) uid: Option<u32>,
    /// A group.
    pub(crate) gid: Option<u32>,
    /// A control group, by its path.
    pub(crate) cgroup: Option<KVVec<u8>>,
}

impl Named {
    fn selector(&self) -> Selector<'_> {
        Selector {
            exe: self.exe.as_ref().map(|(file, path)| (*file, &path[..])),
            uid: self.uid,
            gid: self.gid,
            cgroup: self.cgroup.as_deref(),
        }
    }
}

/// A rule of a new list.
pub(crate) enum NewRule {
    /// One that is in force, by its id.
    Kept(u32),
    /// Another.
    New(Named, u32),
}

/// All rules at one moment, the first that applies first.
pub(crate) struct RuleList {
    rules: KVVec<Arc<Rule>>,
    /// Not 0, and another for each list.
    pub(crate) generation: u64,
    last_id: u32,
}

impl RuleList {
    fn empty(generation: u64, last_id: u32) -> Result<Arc<Self>> {
        let list = Self {
            rules: KVVec::new(),
            generation,
            last_id,
        };
        Ok(Arc::new(list, GFP_KERNEL)?)
    }

    /// The rule at a place, from 0.
    pub(crate) fn get(&self, place: usize) -> Option<&Rule> {
        self.rules.get(place).map(|rule| &**rule)
    }

    /// How many rules there are.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    fn by_id(&self, id: u32) -> Option<&Arc<Rule>> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The association that a task becomes a member of with this program: that of the first
    /// rule that applies.
    fn select(&self, program: &mut impl Program) -> Option<u32> {
        let applies = |rule: &&Arc<Rule>| rule.names.selector().applies(program);
        self.rules.iter().find(applies).map(|rule| rule.association)
    }
}

/// The rules in force.
#[pin_data]
pub(super) struct Rules {
    // Held only to exchange or to clone the pointer.
    #[pin]
    list: SpinLock<Arc<RuleList>>,
    // Asks about each program while there are rules. Changed with the control lock held.
    #[pin]
    selection: SpinLock<Option<Selection>>,
}

impl Rules {
    /// No rules.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            list <- new_spinlock!(RuleList::empty(1, 0)?),
            selection <- new_spinlock!(None),
        })
    }

    /// Those in force now. Context: any but hard interrupts.
    pub(super) fn list(&self) -> Arc<RuleList> {
        self.list.lock().clone()
    }

    /// The association that the running task becomes a member of when it executes `program`.
    pub(super) fn select(&self, program: &mut impl Program) -> Option<u32> {
        self.list().select(program)
    }

    /// Whether a rule puts tasks into this association.
    pub(super) fn select_into(&self, association: &Association, _control: &Control) -> bool {
        let list = self.list();
        list.rules
            .iter()
            .any(|rule| rule.association == association.id())
    }

    /// Puts rules in force in place of those with the generation `wanted`, or of any if that is
    /// 0. Returns the generation of the new ones, and the id of the first that was not kept; 0 if
    /// all were.
    ///
    /// # Errors
    ///
    /// `ESTALE`: the generation is another; `ENOENT`: no rule has an id; `EINVAL`: an id comes
    /// twice; `ENOSPC`: no ids are left; `ENOMEM`. Nothing changed.
    pub(super) fn replace(
        &self,
        new: KVVec<NewRule>,
        wanted: u64,
        control: &mut Control,
    ) -> Result<(u64, u32)> {
        let old = self.list();
        if wanted != 0 && wanted != old.generation {
            return Err(ESTALE);
        }
        let mut rules: KVVec<Arc<Rule>> = KVVec::with_capacity(new.len(), GFP_KERNEL)?;
        let mut last_id = old.last_id;
        for rule in new {
            let rule = match rule {
                NewRule::Kept(id) if rules.iter().any(|other| other.id == id) => {
                    return Err(EINVAL)
                }
                NewRule::Kept(id) => old.by_id(id).ok_or(ENOENT)?.clone(),
                NewRule::New(names, association) => {
                    last_id = last_id.checked_add(1).ok_or(ENOSPC)?;
                    let rule = Rule {
                        id: last_id,
                        names,
                        association,
                    };
                    Arc::new(rule, GFP_KERNEL)?
                }
            };
            rules.push(rule, GFP_KERNEL)?;
        }
        let list = RuleList {
            rules,
            generation: old.generation + 1,
            last_id,
        };
        let list = Arc::new(list, GFP_KERNEL)?;
        let generation = list.generation;
        let first = match last_id == old.last_id {
            true => 0,
            false => old.last_id + 1,
        };
        self.put(list, control);
        Ok((generation, first))
    }

    /// Puts no rules in force.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; nothing changed.
    pub(super) fn clear(&self, control: &mut Control) -> Result {
        let old = self.list();
        if old.len() > 0 {
            self.put(RuleList::empty(old.generation + 1, old.last_id)?, control);
        }
        Ok(())
    }

    fn put(&self, list: Arc<RuleList>, _control: &mut Control) {
        let asks = self.selection.lock().is_some();
        let wanted = list.len() > 0;
        // Turning it on or off sleeps, so the lock is not held. Nobody else does it meanwhile: the
        // caller holds the control lock.
        if wanted && !asks {
            let selection = Selection::new();
            *self.selection.lock() = Some(selection);
        }
        let old = core::mem::replace(&mut *self.list.lock(), list);
        drop(old);
        if asks && !wanted {
            let selection = self.selection.lock().take();
            drop(selection);
        }
    }
}
