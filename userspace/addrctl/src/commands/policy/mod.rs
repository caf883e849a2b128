// SPDX-License-Identifier: GPL-2.0

//! Policy files: reading them, and making the machine as they say.

mod carry_out;
mod change;
mod plan;
mod rules;

use std::path::PathBuf;

use crate::error::{ErrorKind, Reason};
use crate::policy_file::{Fault, Place, Policy, Source};
use crate::system::System;
use crate::text::{counted, printable};

pub use carry_out::{carry_out, Extent};
pub use change::Change;
pub use plan::{Plan, Step};

/// Where policy files are, if none are named.
pub const DIRECTORY: &str = "/etc/addrconf";

/// Why a policy was not accepted, or is not in force.
pub struct Failed {
    /// What is wrong with the files. Empty if something else failed.
    pub faults: Vec<Fault>,
    /// Why, for people.
    pub why: Reason,
}

impl Failed {
    /// Something in a file means nothing on this machine, or cannot be done.
    pub fn at(place: &Place, why: Reason) -> Self {
        Self {
            faults: vec![Fault::new(place, why.what().to_owned())],
            why: why.at(&place.to_string()),
        }
    }
}

impl From<Reason> for Failed {
    fn from(why: Reason) -> Self {
        let faults = Vec::new();
        Self { faults, why }
    }
}

/// Reads the files that `paths` name: files, directories, of which those that end in `.toml` are
/// read, or `-` for the standard input.
///
/// # Errors
///
/// What cannot be read, or all that is wrong with the files.
pub fn read(system: &dyn System, paths: &[PathBuf]) -> Result<Policy, Failed> {
    let mut texts = Vec::new();
    for path in paths {
        let found = system.policy_files(path).map_err(|cause| {
            let path = printable(&path.to_string_lossy());
            Reason::other(format!("{path} cannot be read: {cause}"))
        })?;
        texts.extend(found);
    }
    let sources: Vec<_> = texts
        .iter()
        .map(|(path, text)| Source {
            path: path.to_str().unwrap_or("policy"),
            stem: stem(path),
            text,
        })
        .collect();
    Policy::read(&sources).map_err(|faults| Failed {
        why: faulty(&faults),
        faults,
    })
}

/// The name of the tenant that a file describes, unless it says another.
fn stem(path: &std::path::Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(".toml")
}

fn faulty(faults: &[Fault]) -> Reason {
    let lines: Vec<_> = faults
        .iter()
        .map(|fault| printable(&fault.to_string()))
        .collect();
    let what = format!(
        "{} in the policy:\n{}\n",
        counted(faults.len() as u64, "fault"),
        lines.join("\n")
    );
    Reason::new(ErrorKind::Malformed, what).next("nothing was changed")
}
