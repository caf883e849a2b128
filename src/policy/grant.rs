// SPDX-License-Identifier: GPL-2.0

//! Grants: what a user may do without privilege within the set that it was granted.

use core::num::NonZeroU32;

use super::abi::Terms;
use super::prefix::Prefix;
use super::set::SetView;

/// A user that can have a grant, by its id in the initial user namespace.
///
/// # Invariants
///
/// Neither 0, who is an administrator, nor the number that stands for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The user with this id; `None` if it can have no grant.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            // INVARIANT: Neither 0 nor the greatest number.
            Some(number) if number.get() != u32::MAX => Some(Self(number)),
            _ => None,
        }
    }

    /// The id.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }
}

/// The ids of a thread in the initial user namespace: real, effective, saved and for files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Those of its user.
    pub users: [u32; 4],
    /// Those of its group.
    pub groups: [u32; 4],
}

impl Ids {
    /// The user in whose name the thread acts. There is none if the ids differ, as they do in a
    /// set-user-id program: it acts with the rights of another.
    #[must_use]
    pub fn user(&self) -> Option<Uid> {
        let all_equal = |[first, rest @ ..]: [u32; 4]| rest.iter().all(|id| *id == first);
        let [user, ..] = self.users;
        match all_equal(self.users) && all_equal(self.groups) {
            true => Uid::new(user),
            false => None,
        }
    }
}

/// A thread that a user wants to associate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its ids.
    pub ids: Ids,
    /// It is in the user namespace of the caller.
    pub in_namespace: bool,
    /// It may have capabilities that the caller may not have.
    pub exceeds: bool,
    /// It is a thread of the caller's process.
    pub in_process: bool,
    /// The caller has its memory open, for which the kernel asked whether the caller may trace
    /// it.
    pub shown: bool,
}

/// Whether a thread is the caller's own: it has the same user and group in all their forms, and
/// no right that the caller lacks, and the kernel lets the caller trace it. These are the
/// conditions of `ptrace_may_access()` (`kernel/ptrace.c`) and `cap_ptrace_access_check()`
/// without the exceptions for capabilities; what other security modules and the process itself
/// (`PR_SET_DUMPABLE`) have to say was asked when its memory was opened.
#[must_use]
pub fn is_own(caller: &Ids, thread: &Thread) -> bool {
    caller.user().is_some()
        && thread.ids == *caller
        && thread.in_namespace
        && !thread.exceeds
        && (thread.in_process || thread.shown)
}

/// Whether a user with a grant may make an association on these terms.
///
/// It may not keep others off an address (`exclusive`), craft packets, reach the loopback of the
/// host, take a loopback address of its choice, or a name by which others would find it. The
/// choice of source and the signal concern nobody else. New terms are refused until they are
/// added here.
#[must_use]
pub fn may_ask(terms: &Terms) -> bool {
    *terms
        == Terms {
            source: terms.source,
            signal: terms.signal,
            ..Terms::DEFAULT
        }
}

/// Whether a grant of this set covers all of these entries, of which there must be one.
#[must_use]
pub fn grants(granted: &SetView<'_>, entries: &[Prefix]) -> bool {
    !entries.is_empty() && entries.iter().all(|entry| granted.covers(entry))
}
