// SPDX-License-Identifier: GPL-2.0

//! The control group that a command is about.

use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;

/// A control group, if one was given.
#[derive(clap::Args, Debug)]
#[group(multiple = false)]
pub struct CgroupArgs {
    /// Control group (version 2), with all below it: a directory in /sys/fs/cgroup, or its path
    /// as in /proc/PID/cgroup
    #[arg(long, value_name = "PATH")]
    pub cgroup: Option<PathBuf>,

    /// Control group of this unit of systemd, with all below it
    #[arg(long, value_name = "UNIT", value_parser = NonEmptyStringValueParser::new())]
    pub unit: Option<String>,
}

/// A control group as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenCgroup<'a> {
    /// By its path.
    Path(&'a Path),
    /// By its unit.
    Unit(&'a str),
}

impl CgroupArgs {
    /// The one that was given.
    pub fn given(&self) -> Option<GivenCgroup<'_>> {
        let path = self.cgroup.as_deref().map(GivenCgroup::Path);
        path.or_else(|| self.unit.as_deref().map(GivenCgroup::Unit))
    }
}
