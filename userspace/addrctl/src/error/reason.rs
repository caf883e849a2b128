// SPDX-License-Identifier: GPL-2.0

//! Why something failed.

use std::borrow::Cow;
use std::fmt::Display;

use super::ErrorKind;

/// Why something failed, and what the user can do next.
#[derive(Debug)]
pub struct Reason {
    pub(super) kind: ErrorKind,
    pub(super) what: Cow<'static, str>,
    pub(super) next: Vec<Cow<'static, str>>,
}

impl Reason {
    /// `what` happened, as a clause of a sentence.
    pub fn new(kind: ErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            what: what.into(),
            next: Vec::new(),
        }
    }

    /// What the system says, for which addrctl has no words of its own.
    pub fn other(cause: impl Display) -> Self {
        Self::new(ErrorKind::Other, cause.to_string())
    }

    /// Says first what it is about.
    pub fn at(mut self, place: &str) -> Self {
        self.what = format!("{place}: {}", self.what).into();
        self
    }

    /// Adds what the user can do next, as another clause.
    pub fn next(mut self, step: impl Into<Cow<'static, str>>) -> Self {
        self.next.push(step.into());
        self
    }

    /// What happened, as a clause of a sentence.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What the user can do next, as clauses.
    pub fn steps(&self) -> String {
        self.next.join("; ")
    }

    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}
