// SPDX-License-Identifier: GPL-2.0

//! `assign --cgroup`: puts the processes of a control group into an association, one after the
//! other. It looks again until nobody is left, as a process that has not joined yet can make
//! others.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;

use addrconf_abi::{AssignRequest, JoinRequest, Target};
use rustix::io::Errno;

use super::{permit, Assigned};
use crate::client::{CallError, Client};
use crate::commands::args::{GivenCgroup, Which};
use crate::commands::associate::{joining, not_joined};
use crate::commands::{cgroup, open};
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::system::System;
use crate::text::{counted, printable};

/// How often it looks for processes.
const LOOKS: u32 = 8;
/// How many processes are held open at once: fewer than a process may have descriptors.
const TOGETHER: usize = 256;

/// The processes of a control group on their way into an association.
struct Joining<'a> {
    system: &'a dyn System,
    client: Client<'a>,
    cgroup: PathBuf,
    to: Which,
    id: u64,
    reset: bool,
    force: bool,
    /// How many have joined.
    joined: u64,
}

/// Puts every process of a control group, and of those below it, into an association. Those
/// that are members already do not count.
pub(super) fn join_all(
    system: &dyn System,
    given: GivenCgroup<'_>,
    to: Which,
    reset: bool,
    force: bool,
) -> Result<Assigned, Error> {
    let opened = || {
        let client = open::client(system)?;
        let id = open::id(system, &client, to)?;
        let cgroup = cgroup::existing(system, given)?;
        Ok(Joining {
            system,
            client,
            cgroup,
            to,
            id,
            reset,
            force,
            joined: 0,
        })
    };
    let whom = match given {
        GivenCgroup::Path(path) => format!("control group {}", printable(&path.to_string_lossy())),
        GivenCgroup::Unit(unit) => format!("unit {}", printable(unit)),
    };
    let doing = || {
        Doing::new(
            "put",
            Subject::Thing(format!("the processes of {whom}").into()),
        )
        .and(format!("into association {to}"))
    };
    let mut joining = opened().map_err(|why| doing().failed(why))?;
    let done = joining.look_until_none_is_left(doing);
    done.map_err(|error| joining.with_those_before(error))?;
    Ok(Assigned {
        id: joining.id,
        joined_count: Some(joining.joined),
    })
}

impl Joining<'_> {
    fn look_until_none_is_left(&mut self, doing: impl Fn() -> Doing) -> Result<(), Error> {
        for _ in 0..LOOKS {
            let before = self.joined;
            self.look(&doing)?;
            if self.joined == before {
                return Ok(());
            }
        }
        let what = "processes come into it faster than they can join";
        let why = Reason::new(ErrorKind::Outrun, what)
            .next("let `addrctl rule add --cgroup` take in those that come, and run it again");
        Err(doing().failed(why))
    }

    /// Puts those into the association that are in the control group now.
    fn look(&mut self, doing: &impl Fn() -> Doing) -> Result<(), Error> {
        let pids: Vec<_> = self.pids(doing)?.into_iter().collect();
        if !self.force {
            pids.iter().try_for_each(|pid| permit(self.system, *pid))?;
        }
        for some in pids.chunks(TOGETHER) {
            let mut open = Vec::new();
            for pid in some {
                open.extend(self.open(*pid)?.map(|pidfd| (*pid, pidfd)));
            }
            // A number that was in the control group before and is in it now, with a descriptor
            // from in between, is that of the same process, or the descriptor's has exited.
            let still = self.pids(doing)?;
            for (pid, pidfd) in open.iter().filter(|(pid, _)| still.contains(pid)) {
                self.join(*pid, pidfd)?;
            }
        }
        Ok(())
    }

    /// The processes in the control group and in those below it, except addrctl itself.
    fn pids(&self, doing: &impl Fn() -> Doing) -> Result<BTreeSet<i32>, Error> {
        let mut all = BTreeSet::new();
        for path in self.system.cgroup_tree(&self.cgroup) {
            match self.system.cgroup_processes(&path) {
                Ok(pids) => all.extend(pids),
                // It is gone.
                Err(Errno::NOENT | Errno::NODEV) => {}
                Err(Errno::OPNOTSUPP) if path == self.cgroup => {
                    return Err(doing().failed(threaded()))
                }
                // The processes of a threaded one are in the list of a group above it.
                Err(Errno::OPNOTSUPP) => {}
                Err(cause) => {
                    let why = cgroup::no_cgroup(&path, cause);
                    return Err(doing().failed(why));
                }
            }
        }
        if all.contains(&0) {
            let what = "it has processes outside this pid namespace, which have no number here";
            let why = Reason::new(ErrorKind::NotFound, what).next("run addrctl outside containers");
            return Err(doing().failed(why));
        }
        // It ends soon, and could not go on as a member.
        all.remove(&self.system.own_pid());
        Ok(all)
    }

    /// Opens a process, unless it has exited.
    fn open(&self, pid: i32) -> Result<Option<OwnedFd>, Error> {
        match open::process(self.system, pid) {
            Ok(pidfd) => Ok(Some(pidfd)),
            // The number can be a thread's by now.
            Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotAProcess) => {
                Ok(None)
            }
            Err(why) => Err(joining(self.system, pid, self.to).failed(why)),
        }
    }

    /// Puts one process into the association, unless it has exited or is a member.
    fn join(&mut self, pid: i32, pidfd: &OwnedFd) -> Result<(), Error> {
        let memory = open::memory(self.system, pid);
        let memory = memory.as_ref().map(AsFd::as_fd);
        let joins = JoinRequest {
            reset: self.reset,
            ..JoinRequest::about(Target::Pid(pid), self.id)
        };
        match self.client.join(pidfd.as_fd(), memory, &joins) {
            Ok(()) => self.joined += 1,
            Err(CallError::Refused(Errno::SRCH)) => {}
            Err(CallError::Refused(Errno::EXIST)) if self.is_member(pidfd) => {}
            Err(cause) => {
                let request = AssignRequest {
                    reset: self.reset,
                    ..AssignRequest::about(Target::Pid(pid))
                };
                let (system, to) = (self.system, self.to);
                let why = not_joined(system, &self.client, pid, to, &request, cause);
                return Err(joining(system, pid, to).failed(why));
            }
        }
        Ok(())
    }

    /// Whether an associated process is a member, or has exited.
    fn is_member(&self, pidfd: &OwnedFd) -> bool {
        match self.client.query(Target::PidFd(pidfd.as_raw_fd())) {
            Ok(found) => found.id == self.id,
            Err(cause) => cause == CallError::Refused(Errno::SRCH),
        }
    }

    /// Adds what became of those that joined before.
    fn with_those_before(&self, error: Error) -> Error {
        let (count, stay) = match self.joined {
            0 => return error,
            1 => ("1 process".to_owned(), "stays a member"),
            more => (counted(more, "process"), "stay members"),
        };
        error.next(format!(
            "{count} of the control group joined before, and {stay}"
        ))
    }
}

/// Only some threads of a process can be in a threaded control group.
fn threaded() -> Reason {
    let what = "it is a threaded control group, which has threads and no processes";
    Reason::new(ErrorKind::Malformed, what)
        .next("name the one above it whose `cgroup.type` is `domain threaded`")
}
