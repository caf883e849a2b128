// SPDX-License-Identifier: GPL-2.0

//! What a rule names, as people write it, looked up on the machine.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::io::Errno;

use super::args::GivenCgroup;
use super::cgroup;
use crate::client::NewRule;
use crate::error::{ErrorKind, Reason};
use crate::system::System;
use crate::text::printable;

/// The criteria of a rule, as they were given.
#[derive(Clone, Copy, Debug)]
pub struct Criteria<'a> {
    /// Path of a program.
    pub exe: Option<&'a Path>,
    /// A user, by name or number.
    pub user: Option<&'a str>,
    /// A group, by name or number.
    pub group: Option<&'a str>,
    /// A control group.
    pub cgroup: Option<GivenCgroup<'a>>,
}

/// The rule with these criteria that puts tasks into an association.
pub fn rule(
    system: &dyn System,
    criteria: &Criteria<'_>,
    association: u64,
) -> Result<NewRule, Reason> {
    let unknown = |what: String| {
        let next = "`getent passwd` and `getent group` list those there are";
        Reason::new(ErrorKind::Malformed, what).next(next)
    };
    let number = |given: Option<&str>, look_up: &dyn Fn(&str) -> Result<u32, String>| {
        given.map(look_up).transpose().map_err(unknown)
    };
    let cgroup = criteria.cgroup.map(|given| cgroup::for_rule(system, given));
    let program = criteria.exe.map(|path| open_program(system, path));
    Ok(NewRule {
        uid: number(criteria.user, &|text| system.user_id(text))?,
        gid: number(criteria.group, &|text| system.group_id(text))?,
        cgroup: cgroup.transpose()?,
        program: program.transpose()?,
        association,
    })
}

/// Opens the file of a program.
fn open_program(system: &dyn System, path: &Path) -> Result<OwnedFd, Reason> {
    system.open_path(path).map_err(|cause| {
        let shown = printable(&path.to_string_lossy());
        match cause {
            Errno::NOENT | Errno::NOTDIR => {
                Reason::new(ErrorKind::NoProgram, format!("there is no file {shown}"))
                    .next("write the path of a program, it is not searched in PATH")
            }
            _ => Reason::other(format!("the file {shown} cannot be opened: {cause}")),
        }
    })
}
