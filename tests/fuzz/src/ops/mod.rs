// SPDX-License-Identifier: GPL-2.0

//! What a tenant's process does: one operation after another, by chance.

mod before;
mod crowd;
mod inherit;
mod keep;
mod options;
mod pass;
mod process;
mod raw;
mod send;
mod sockets;
mod uring;

pub use before::{open as open_before, release_oneself, wait as wait_before};
pub use pass::mailbox;
pub use process::malformed;

use crate::rng::Rng;
use crate::sys;
use crate::world::{Counter, Tenant, World};

/// The state of one thread.
pub struct Actor {
    /// What all share.
    pub world: World,
    /// Whose process this is.
    pub tenant: Tenant,
    /// Chance.
    pub rng: Rng,
    /// Descriptors of sockets; some may be closed already.
    pub fds: Vec<i32>,
    /// How many processes made this one since the tenant's first.
    pub depth: usize,
    /// This is not the process's first thread.
    pub thread: bool,
    /// Connections that are kept for long.
    pub kept: keep::Kept,
    /// Memory for io_uring.
    pub arena: Option<sys::ring::Arena>,
}

type Operation = fn(&mut Actor) -> sys::Result<()>;

/// All operations: name, how often, and what they do.
pub const ALL: &[(&str, usize, Operation)] = &[
    ("socket", 10, sockets::socket),
    ("serve", 10, sockets::serve),
    ("bind", 12, sockets::bind),
    ("connect", 12, sockets::connect),
    ("listen", 3, sockets::listen),
    ("accept", 8, sockets::accept),
    ("receive", 18, sockets::receive),
    ("shutdown", 2, sockets::shutdown),
    ("close", 8, sockets::close),
    ("dup", 2, sockets::dup),
    ("name", 4, sockets::name),
    ("sendto", 14, send::send_to),
    ("sendmsg", 12, send::message),
    ("sendmmsg", 4, send::messages),
    ("option", 14, options::set),
    ("anyoption", 6, options::set_any),
    ("getoption", 3, options::get),
    ("uring", 5, uring::run),
    ("raw", 3, raw::raw),
    ("pass", 4, pass::send),
    ("passed", 5, pass::receive),
    ("steal", 2, pass::steal),
    ("trace", 1, process::trace),
    ("fork", 3, process::fork),
    ("exec", 1, process::exec),
    ("thread", 2, process::thread),
    ("device", 2, process::device),
    ("narrow", 1, process::narrow),
    ("crowd", 2, crowd::narrow),
    ("link", 6, keep::link),
    ("tend", 8, keep::tend),
    ("stash", 4, keep::stash),
    ("unstash", 4, keep::unstash),
    ("inherited", 12, inherit::any),
    ("unshare", 1, process::unshare),
    ("bpf", 1, process::bpf),
    ("nobody", 1, process::be_nobody),
];

impl Actor {
    /// A process's first thread.
    pub fn new(world: World, tenant: Tenant, seed: u64, depth: usize) -> Self {
        Self {
            world,
            tenant,
            rng: Rng::new(seed ^ world.seed()),
            fds: Vec::new(),
            depth,
            thread: false,
            kept: keep::Kept::default(),
            arena: None,
        }
    }

    /// The state of another thread of this process.
    fn another(&mut self) -> Self {
        Self {
            rng: Rng::new(self.rng.next()),
            depth: self.depth + 1,
            thread: true,
            ..Self::new(self.world, self.tenant, 0, 0)
        }
    }

    /// Acts until all is over, or this often.
    pub fn act(&mut self, times: usize) {
        let total: usize = ALL.iter().map(|o| o.1).sum();
        for _ in 0..times {
            if self.world.stopped() {
                return;
            }
            let mut at = self.rng.below(total);
            let nr = ALL.iter().position(|o| {
                let here = at < o.1;
                at = at.wrapping_sub(o.1);
                here
            });
            let nr = nr.unwrap_or(0);
            if self.world.skipped() >> nr & 1 != 0 {
                continue;
            }
            self.world.count(Counter::Operations);
            if let Err(errno) = (ALL[nr].2)(self) {
                self.world.count_error(errno);
            }
            if self.fds.len() > 24 {
                sys::socket::close(self.fds.remove(0));
            }
        }
    }

    /// Any socket of this process.
    fn any(&mut self) -> sys::Result<i32> {
        if self.fds.is_empty() {
            sockets::socket(self)?;
        }
        Ok(self.fds[self.rng.below(self.fds.len())])
    }
}
