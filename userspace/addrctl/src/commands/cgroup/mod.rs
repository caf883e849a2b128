// SPDX-License-Identifier: GPL-2.0

//! Finding the control group that a command is about: by its path, or by the unit of systemd
//! that it belongs to.

mod unit;

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::args::GivenCgroup;
use crate::error::{ErrorKind, Reason};
use crate::system::{Cgroup, System};
use crate::text::printable;

/// The path of a control group that is there.
///
/// # Errors
///
/// Why there is none.
pub fn existing(system: &dyn System, given: GivenCgroup<'_>) -> Result<PathBuf, Reason> {
    let path = match given {
        GivenCgroup::Path(path) => path.to_owned(),
        GivenCgroup::Unit(unit) => unit::running_path(system, unit)?,
    };
    let found = find(system, &path)?;
    match found.is_there {
        true => Ok(found.path),
        false => Err(no_cgroup(&path, Errno::NOENT)),
    }
}

/// The path of a control group for a rule, which need not be there yet.
///
/// # Errors
///
/// Why it can be in no rule.
pub fn for_rule(system: &dyn System, given: GivenCgroup<'_>) -> Result<PathBuf, Reason> {
    if !system.cgroup_paths_are_real() {
        return Err(other_paths());
    }
    let path = match given {
        GivenCgroup::Path(path) => find(system, path)?.path,
        GivenCgroup::Unit(unit) => unit::path(system, unit)?,
    };
    match path == Path::new("/") {
        true => Err(Reason::new(
            ErrorKind::Mistaken,
            "every process of the machine is in the root of the control groups or below it",
        )
        .next("name a control group below it, or a program, a user or a group instead")),
        false => Ok(path),
    }
}

/// Notes that a rule has the path of a control group that is not there. A unit need not run.
pub fn note_absent(system: &dyn System, given: GivenCgroup<'_>) {
    let GivenCgroup::Path(path) = given else {
        return;
    };
    if let Ok(Cgroup {
        path,
        is_there: false,
    }) = system.cgroup(path)
    {
        let path = printable(&path.to_string_lossy());
        system.note(&format!(
            "there is no control group {path} yet; the rule applies as soon as there is one"
        ));
    }
}

/// Why a path leads to no control group.
pub fn no_cgroup(path: &Path, cause: Errno) -> Reason {
    let path = printable(&path.to_string_lossy());
    match cause {
        Errno::NOENT | Errno::NODEV => Reason::new(
            ErrorKind::NotFound,
            format!("there is no control group {path}"),
        )
        .next("`systemd-cgls` shows those there are, and `cat /proc/PID/cgroup` that of a process"),
        Errno::NOTDIR => Reason::new(
            ErrorKind::Malformed,
            format!("{path} is no directory, and a control group is one"),
        ),
        Errno::OPNOTSUPP => Reason::new(
            ErrorKind::Malformed,
            format!("{path} is no control group of version 2"),
        )
        .next("name a directory below /sys/fs/cgroup, or its path as in /proc/PID/cgroup"),
        _ => Reason::other(format!("the control group {path} cannot be read: {cause}")),
    }
}

fn find(system: &dyn System, path: &Path) -> Result<Cgroup, Reason> {
    system.cgroup(path).map_err(|cause| no_cgroup(path, cause))
}

/// In a container the paths of control groups begin at the container's own one.
fn other_paths() -> Reason {
    let what = "control groups have other paths in this container than on the machine";
    Reason::new(ErrorKind::Malformed, what).next(
        "run addrctl outside every container (`nsenter --target 1 --mount --cgroup addrctl rule \
         add`)",
    )
}
