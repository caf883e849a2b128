// SPDX-License-Identifier: GPL-2.0

//! A failed command: what was being done, to what, and why it failed. Commands say
//! these; here they become a sentence. Pure.

mod ended;
mod kind;
mod reason;
mod subject;

use std::borrow::Cow;
use std::fmt;
use std::io;

pub use ended::Ended;
pub use kind::ErrorKind;
pub use reason::Reason;
pub use subject::{Process, Subject};

/// What was being done, and to what: "add 10.0.0.1 to the set of process 812 (nginx)".
#[derive(Debug)]
pub struct Doing {
    before: Cow<'static, str>,
    whom: Subject,
    after: Option<String>,
}

impl Doing {
    /// `verb` continues "cannot …", and `whom` follows it.
    pub fn new(verb: impl Into<Cow<'static, str>>, whom: Subject) -> Self {
        Self {
            before: verb.into(),
            whom,
            after: None,
        }
    }

    /// Adds words that follow `whom`.
    pub fn and(self, after: String) -> Self {
        let after = Some(after);
        Self { after, ..self }
    }

    /// The subject of what was being done.
    pub fn whom(&self) -> &Subject {
        &self.whom
    }

    /// The error of what failed for the reason `why`.
    pub fn failed(self, why: Reason) -> Error {
        let doing = Box::new(self);
        Error { doing, why }
    }
}

/// A failed command.
#[derive(Debug)]
pub struct Error {
    doing: Box<Doing>,
    why: Reason,
}

impl Error {
    /// The answer could not be printed.
    pub fn output(cause: io::Error) -> Self {
        let kind = match cause.kind() {
            io::ErrorKind::BrokenPipe => ErrorKind::ReaderGone,
            _ => ErrorKind::Output,
        };
        let why = Reason::new(kind, cause.to_string());
        Doing::new("write", Subject::Thing("the output".into())).failed(why)
    }

    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.why.kind
    }

    /// Adds what the user can do next.
    pub fn next(self, step: impl Into<Cow<'static, str>>) -> Self {
        let why = self.why.next(step);
        Self { why, ..self }
    }

    /// The exit code of every command but `run`.
    pub fn exit_code(&self) -> u8 {
        match self.kind() {
            ErrorKind::NotLoaded => 3,
            ErrorKind::NotPermitted => 4,
            ErrorKind::NotFound => 5,
            ErrorKind::Left => 6,
            ErrorKind::Unhealthy => 7,
            ErrorKind::WouldBeRefused => 8,
            _ => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Doing {
            before,
            whom,
            after,
        } = &*self.doing;
        write!(f, "cannot {before} {whom}")?;
        if let Some(after) = after {
            write!(f, " {after}")?;
        }
        write!(f, ": {}", self.why.what)?;
        self.why
            .next
            .iter()
            .try_for_each(|step| write!(f, "; {step}"))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_to_whom_why_and_what_next() {
        let whom = Subject::Process(Process {
            pid: 812,
            comm: Some("a\u{1b}b".to_owned()),
        });
        let why = Reason::new(ErrorKind::Other, "it is asleep").next("wake it");
        let error = Doing::new("give", whom).and("an address".to_owned());
        assert_eq!(
            error.failed(why).next("try again").to_string(),
            "cannot give process 812 (a\\u{1b}b) an address: it is asleep; wake it; try again"
        );
        let error = Error::output(io::ErrorKind::StorageFull.into());
        assert_eq!(
            error.to_string(),
            "cannot write the output: no storage space"
        );
    }
}
