// SPDX-License-Identifier: GPL-2.0

//! Users, files, control groups and systemd of the made-up machine.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};

use rustix::io::Errno;

use super::State;
use crate::system::cgroup::{directory, path_of, ROOT};
use crate::system::Cgroup;

/// The users and groups there are.
const USERS: [(&str, u32); 2] = [("root", 0), ("www-data", 33)];

/// A file of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FakeFile {
    /// A program.
    Program,
    /// A directory.
    Directory,
    /// A program in the mount namespace of a container.
    Elsewhere,
}

/// A made-up control group.
#[derive(Clone, Debug, Default)]
pub struct FakeCgroup {
    /// The processes in it.
    pub pids: Vec<i32>,
    /// Processes that come, one after each look.
    pub coming: VecDeque<i32>,
    /// Processes that leave after the next look.
    pub leaving: Vec<i32>,
    /// It has threads alone.
    pub threaded: bool,
}

/// A made-up unit.
#[derive(Clone, Debug)]
pub struct FakeUnit {
    /// Its name, if it is found by an alias.
    pub id: Option<&'static str>,
    /// Its state.
    pub load: &'static str,
    /// The path of its control group; empty if it does not run, `None` if it never has one.
    pub cgroup: Option<&'static str>,
    /// Its slice.
    pub slice: &'static str,
}

impl State {
    /// Puts these processes into a control group with this path, which is made.
    pub fn group(&mut self, path: &str, pids: &[i32]) {
        let group = FakeCgroup {
            pids: pids.to_vec(),
            ..FakeCgroup::default()
        };
        self.cgroups.insert(path.into(), group);
    }

    pub(super) fn user_id(&self, text: &str) -> Result<u32, String> {
        number(text).ok_or_else(|| format!("there is no user {text}"))
    }

    pub(super) fn group_id(&self, text: &str) -> Result<u32, String> {
        number(text).ok_or_else(|| format!("there is no group {text}"))
    }

    pub(super) fn user_name(&self, uid: u32) -> Option<String> {
        let known = USERS.iter().find(|(_, number)| *number == uid);
        known.map(|(name, _)| (*name).to_owned())
    }

    pub(super) fn group_name(&self, gid: u32) -> Option<String> {
        self.user_name(gid)
    }

    pub(super) fn open_path(&mut self, path: &Path) -> Result<OwnedFd, Errno> {
        if !self.files.contains_key(path) {
            return Err(Errno::NOENT);
        }
        let fd: OwnedFd = File::open("/dev/null").unwrap().into();
        self.opened.insert(fd.as_raw_fd(), path.to_owned());
        Ok(fd)
    }

    pub(super) fn cgroup(&self, path: &Path) -> Result<Cgroup, Errno> {
        let dir = directory(Path::new(ROOT), path);
        let path = path_of(dir.strip_prefix(ROOT).unwrap());
        let is_there = self.cgroups.contains_key(&path);
        Ok(Cgroup { path, is_there })
    }

    pub(super) fn cgroup_tree(&self, path: &Path) -> Vec<PathBuf> {
        let all = self.cgroups.keys();
        all.filter(|below| below.starts_with(path))
            .cloned()
            .collect()
    }

    pub(super) fn cgroup_processes(&mut self, path: &Path) -> Result<Vec<i32>, Errno> {
        let cgroup = self.cgroups.get_mut(path).ok_or(Errno::NOENT)?;
        if cgroup.threaded {
            return Err(Errno::OPNOTSUPP);
        }
        let now = cgroup.pids.clone();
        let leaving = std::mem::take(&mut cgroup.leaving);
        cgroup.pids.retain(|pid| !leaving.contains(pid));
        if let Some(pid) = cgroup.coming.pop_front() {
            cgroup.pids.push(pid);
            self.processes
                .entry(pid)
                .or_insert_with(|| "new".to_owned());
        }
        Ok(now)
    }

    pub(super) fn systemctl(&self, args: &[&str]) -> io::Result<Output> {
        if let Some(kind) = self.no_systemctl {
            return Err(kind.into());
        }
        let properties = "--property=Id,LoadState,ControlGroup,Slice";
        let ["show", asked, "--", pattern] = args else {
            panic!("systemctl does not know {args:?}");
        };
        assert_eq!(*asked, properties);
        let output = |status, stdout: String, stderr: &str| Output {
            status: ExitStatus::from_raw(status),
            stdout: stdout.into_bytes(),
            stderr: stderr.into(),
        };
        if let Some(says) = self.systemctl_says {
            return Ok(output(0x100, String::new(), says));
        }
        let name = match pattern.contains(['.', '*']) {
            true => (*pattern).to_owned(),
            false => format!("{pattern}.service"),
        };
        let text = match (name.strip_suffix('*'), self.units.get(&name)) {
            (Some(start), _) => {
                let all = self.units.iter();
                let units = all.filter(|(name, _)| name.starts_with(start));
                let told: Vec<_> = units.map(|(name, unit)| unit.told(name)).collect();
                told.join("\n")
            }
            (None, Some(unit)) => unit.told(&name),
            (None, None) => FakeUnit::NONE.told(&name),
        };
        Ok(output(0, text, ""))
    }
}

impl FakeUnit {
    /// A name without a unit.
    const NONE: Self = Self {
        id: None,
        load: "not-found",
        cgroup: Some(""),
        slice: "",
    };

    /// Its properties.
    fn told(&self, name: &str) -> String {
        let cgroup = self.cgroup.map(|path| {
            let slice = self.slice;
            format!("Slice={slice}\nControlGroup={path}\n")
        });
        let (cgroup, id) = (cgroup.unwrap_or_default(), self.id.unwrap_or(name));
        format!("{cgroup}Id={id}\nLoadState={}\n", self.load)
    }
}

fn number(text: &str) -> Option<u32> {
    let named = USERS.iter().find(|(name, _)| *name == text);
    named
        .map(|(_, number)| *number)
        .or_else(|| text.parse().ok())
}
