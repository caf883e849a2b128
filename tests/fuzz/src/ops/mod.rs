// SPDX-License-Identifier: GPL-2.0

//! What a tenant's process does: one random operation after another.

mod before;
mod crowd;
mod inherit;
mod keep;
mod loopback;
mod options;
mod pass;
mod port;
mod process;
mod raw;
mod send;
mod sockets;
mod uring;

pub use before::{open as open_before, release_oneself, wait as wait_before};
pub use pass::mailbox;
pub use process::malformed;

use std::io;

use crate::rng::Rng;
use crate::socket;
use crate::sys::errno;
use crate::sys::uring::arena::Arena;
use crate::world::{Counter, Tenant, World};

/// A thread that acts, with its state.
pub struct Actor {
    /// The memory that all processes share.
    pub world: World,
    /// The tenant that the process belongs to.
    pub tenant: Tenant,
    /// Chooses the operations and their arguments.
    pub rng: Rng,
    /// Descriptors of sockets; some may be closed already.
    pub fds: Vec<i32>,
    /// How many generations of processes separate this one from the tenant's first.
    pub depth: usize,
    /// Whether this is another thread than the process's first.
    pub thread: bool,
    /// Connections that are kept for long.
    pub kept: keep::Kept,
    /// Memory for an io_uring, made on first use.
    pub arena: Option<Arena>,
}

type Operation = fn(&mut Actor) -> io::Result<()>;

/// All operations: name, relative frequency, function.
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
    ("port", 2, port::crowd),
    ("link", 6, keep::link),
    ("tend", 8, keep::tend),
    ("stash", 4, keep::stash),
    ("unstash", 4, keep::unstash),
    ("inherited", 12, inherit::any),
    ("unshare", 1, process::unshare),
    ("bpf", 1, process::bpf),
    ("nobody", 1, process::be_nobody),
    ("loopback", 3, loopback::narrow),
];

impl Actor {
    /// The first thread of a process.
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

    /// Another thread of this process.
    fn another(&mut self) -> Self {
        Self {
            rng: Rng::new(self.rng.next()),
            depth: self.depth + 1,
            thread: true,
            ..Self::new(self.world, self.tenant, 0, 0)
        }
    }

    /// Does `times` operations, or fewer if the run ends before.
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
            if let Err(e) = (ALL[nr].2)(self) {
                self.world.count_error(errno(&e));
            }
            if self.fds.len() > 24 {
                socket::close(self.fds.remove(0));
            }
        }
    }

    /// A random socket of this process; makes one if there is none.
    fn any(&mut self) -> io::Result<i32> {
        if self.fds.is_empty() {
            sockets::socket(self)?;
        }
        Ok(self.fds[self.rng.below(self.fds.len())])
    }
}
