// SPDX-License-Identifier: GPL-2.0

//! What a test is, and in which worlds it runs.
//!
//! A refusal proves nothing unless the refused operation would have worked
//! otherwise. So a refusal test can only be made from one attack, which runs
//! three times: by an associated process it must fail with the errno given;
//! by an unassociated process, and on a kernel without the module, the very
//! same closure must succeed.

use std::io;

use crate::client;

/// An operation under test, ready to be tried. Whatever goes wrong before it
/// panics, so that it cannot be taken for a refusal.
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

/// One run of a test in one world.
pub struct Trial<'a> {
    /// Which world, for the report.
    pub label: &'static str,
    /// Runs it, in a process and network namespace of its own; panics when it
    /// fails.
    pub run: Box<dyn Fn() + 'a>,
}

/// An operation that must fail with `errno` in a process associated with
/// `set`, and must succeed in every other.
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

/// Something that only a machine with the module does.
pub fn behaviour(name: impl Into<String>, run: impl Fn() + 'static) -> Test {
    Test {
        name: name.into(),
        body: Body::Behaviour(Box::new(run)),
    }
}

/// Something that is so with the module and without.
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

    /// The runs that this test consists of; none where it has no meaning.
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
        Ok(()) => panic!("the operation was not refused"),
        Err(e) if e.raw_os_error() == Some(errno) => {}
        Err(e) => panic!(
            "refused with {e} instead of {}",
            io::Error::from_raw_os_error(errno)
        ),
    }
}

fn must_succeed(attack: Attack) {
    attack().unwrap_or_else(|e| panic!("nothing should refuse this operation, but: {e}"));
}
