// SPDX-License-Identifier: GPL-2.0

//! Tests, and the trials that each consists of.
//!
//! A refusal proves nothing unless the operation succeeds without the association. So
//! a test of a refusal is made from one attack, which runs three times. In an associated
//! process it must fail with the given errno. In an unassociated process, and on a kernel
//! without the module, the very same closure must succeed.

use std::io;

use crate::client;

/// An operation under test, ready to run. A failure of its preparation panics, so that
/// it cannot be taken for a refusal.
pub type Attack = Box<dyn FnOnce() -> io::Result<()>>;

/// A named test.
pub struct Test {
    name: String,
    body: Body,
}

enum Body {
    Refusal {
        set: &'static [&'static str],
        errno: i32,
        prepare: Box<dyn Fn() -> Attack>,
    },
    Behaviour(Box<dyn Fn()>),
    Everywhere(Box<dyn Fn()>),
}

/// One run of a test in one kind of process.
pub struct Trial<'a> {
    /// The kind of process, for the report.
    pub label: &'static str,
    /// Runs the trial, which panics if it fails. The runner calls this in a process and
    /// network namespace of its own.
    pub run: Box<dyn Fn() + 'a>,
}

/// A test of an operation that must fail with `errno` in a process associated with
/// `set`, and must succeed in any other process.
///
/// `prepare` runs first, before the process is associated, and returns the
/// operation.
pub fn refusal(
    name: impl Into<String>,
    set: &'static [&'static str],
    errno: i32,
    prepare: impl Fn() -> Attack + 'static,
) -> Test {
    Test {
        name: name.into(),
        body: Body::Refusal {
            set,
            errno,
            prepare: Box::new(prepare),
        },
    }
}

/// A test of something that only a machine with the module does.
pub fn behaviour(name: impl Into<String>, run: impl Fn() + 'static) -> Test {
    Test {
        name: name.into(),
        body: Body::Behaviour(Box::new(run)),
    }
}

/// A test of something that is the same with the module and without.
pub fn everywhere(name: impl Into<String>, run: impl Fn() + 'static) -> Test {
    Test {
        name: name.into(),
        body: Body::Everywhere(Box::new(run)),
    }
}

impl<'a> Trial<'a> {
    fn new(label: &'static str, run: impl Fn() + 'a) -> Self {
        let run = Box::new(run);
        Self { label, run }
    }
}

impl Test {
    /// The sentence that the test proves.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The trials of this test; none if it does not apply here.
    pub fn trials(&self, module: bool) -> Vec<Trial<'_>> {
        match &self.body {
            Body::Refusal {
                set,
                errno,
                prepare,
            } => {
                let allowed = || must_succeed(prepare());
                if module {
                    let refused = || must_be_refused(prepare(), set, *errno);
                    vec![
                        Trial::new("associated", refused),
                        Trial::new("unassociated", allowed),
                    ]
                } else {
                    vec![Trial::new("without the module", allowed)]
                }
            }
            Body::Behaviour(run) if module => vec![Trial::new("with the module", run)],
            Body::Behaviour(_) => vec![],
            Body::Everywhere(run) => vec![Trial::new("everywhere", run)],
        }
    }
}

fn must_be_refused(attack: Attack, set: &[&str], errno: i32) {
    client::associate(set);
    match attack() {
        Ok(()) => panic!(
            "the operation succeeded, but should fail with {}",
            io::Error::from_raw_os_error(errno)
        ),
        Err(e) if e.raw_os_error() == Some(errno) => {}
        Err(e) => panic!(
            "the operation failed with {e}, but should fail with {}",
            io::Error::from_raw_os_error(errno)
        ),
    }
}

fn must_succeed(attack: Attack) {
    attack().unwrap_or_else(|e| panic!("the operation should succeed, but failed with {e}"));
}
