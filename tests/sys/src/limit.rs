// SPDX-License-Identifier: GPL-2.0

//! Limits of a process.

use std::io;

use rustix::process::{setrlimit, Resource, Rlimit};

/// Limits this process to `count` descriptors.
pub fn allow_descriptors(count: usize) -> io::Result<()> {
    allow(Resource::Nofile, count as u64)
}

/// Limits the user of this process to `count` processes.
pub fn allow_processes(count: u64) -> io::Result<()> {
    allow(Resource::Nproc, count)
}

fn allow(what: Resource, count: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(count),
        maximum: Some(count),
    };
    Ok(setrlimit(what, limit)?)
}
