// SPDX-License-Identifier: GPL-2.0

//! Processes and threads, and attempts to escape from the association.

use std::io::Result;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::Ordering;

use addrconf_abi::{
    AddrEntry, Change, CheckRequest, Operation, ReleaseRequest, Target, UpdateRequest, Wire,
    MAX_STRUCT,
};

use super::Actor;
use addrconf_test_client::{narrow_bytes_with, Assignment};

use crate::control::{set_self, Device};
use crate::pool;
use crate::rng::Rng;
use crate::sys::clone::clone3;
use crate::sys::interruptions::interrupt_regularly;
use crate::sys::process::exit_unflushed;
use crate::sys::user::{set_thread_user, NOBODY};
use crate::sys::{self, process};
use crate::world::{Counter, SLOTS};

/// The most processes of one tenant at a time, roughly. Divided by the pace: on a
/// slow machine, that many would starve each other and the watchers.
const MOST: u64 = 24;

impl Actor {
    /// Whether the tenant may make another process. If so, counts it.
    fn may_fork(&mut self) -> bool {
        let live = self.world.live(self.tenant as usize % SLOTS);
        if self.depth > 4 || live.load(Ordering::Relaxed) > MOST / self.world.pace() {
            return false;
        }
        live.fetch_add(1, Ordering::Relaxed);
        self.world.count(Counter::Forks);
        true
    }

    /// Forks a child that lives this life with another seed, and exits.
    pub(super) fn spawn(&mut self, seed: u64, life: fn(&mut Self)) -> Result<()> {
        self.world.count(Counter::Forks);
        match process::fork() {
            Ok(None) => {
                self.become_a_child(seed);
                life(self);
                exit_unflushed(0)
            }
            child => child.map(drop),
        }
    }

    /// Leaves what only the parent has.
    fn become_a_child(&mut self, seed: u64) {
        self.depth += 1;
        self.thread = false;
        self.kept.forget_ring();
        self.rng = Rng::new(self.rng.next() ^ seed);
    }

    /// The life of a child: acts for a while with another seed, and exits.
    fn be_a_child(&mut self) -> ! {
        self.world.note_pid(std::process::id());
        let _interruptions = interrupt_regularly(300);
        self.become_a_child(0x5eed);
        self.arena = None;
        let times = self.rng.below(80);
        self.act(times);
        let live = self.world.live(self.tenant as usize % SLOTS);
        live.fetch_sub(1, Ordering::Relaxed);
        exit_unflushed(0)
    }
}

/// `fork()` or `clone3()`.
pub fn fork(a: &mut Actor) -> Result<()> {
    if !a.may_fork() {
        return Ok(());
    }
    let flags = match a.rng.below(8) {
        0 => libc::CLONE_NEWUSER | libc::CLONE_NEWPID,
        1 => libc::CLONE_FILES,
        2 => libc::CLONE_PARENT,
        3 => libc::CLONE_NEWUSER | libc::CLONE_NEWNET,
        _ => 0,
    };
    let child = if flags == 0 || flags == libc::CLONE_PARENT {
        process::fork()
    } else {
        clone3(flags as u64)
    };
    match child {
        Ok(None) => a.be_a_child(),
        Ok(Some(_)) => Ok(()),
        Err(e) => {
            let live = a.world.live(a.tenant as usize % SLOTS);
            live.fetch_sub(1, Ordering::Relaxed);
            Err(e)
        }
    }
}

/// `exec()` of this program in a child, with all sockets.
pub fn exec(a: &mut Actor) -> Result<()> {
    if !a.may_fork() {
        return Ok(());
    }
    if process::fork()?.is_some() {
        return Ok(());
    }
    let numbers = [a.tenant.into(), a.rng.next(), a.depth as u64 + 1];
    let _ = Command::new("/proc/self/exe")
        .arg0("fuzz")
        .arg("worker")
        .args(numbers.map(|n| n.to_string()))
        .exec();
    exit_unflushed(1)
}

/// Starts a thread that acts on the same sockets for a while.
pub fn thread(a: &mut Actor) -> Result<()> {
    if a.thread {
        return Ok(());
    }
    let mut other = a.another();
    other.fds.clone_from(&a.fds);
    // May fail: after some unshare() calls a process can start no thread.
    let life = move || {
        let _interruptions = interrupt_regularly(300);
        other.act(60);
    };
    let spawned = std::thread::Builder::new().spawn(life);
    spawned.map(drop)
}

/// Calls on the control device, which tenants may not make.
pub fn device(a: &mut Actor) -> Result<()> {
    let device = Device::open()?;
    let own = std::process::id() as i32;
    let target = match a.rng.below(4) {
        0 => Target::Pid(own),
        1 => Target::Pid(a.world.noted_pid(a.rng.below(64)).max(1)),
        2 => Target::Pid(1),
        _ => Target::Association(1 + a.rng.below(200) as u64),
    };
    let foreign = [pool::entry(a.rng.below(pool::SIZE))];
    let what = a.rng.below(4);
    let result = match what {
        0 => device
            .assign(own, &foreign, Assignment::DEFAULT, 0)
            .map(drop),
        1 => device.release(target).map(drop),
        2 => device
            .update(target, Change::Add, &foreign, false)
            .map(drop),
        _ => device.ids().map(drop),
    };
    if result.is_ok() && a.world.is_bound(a.tenant) {
        let facts = format_args!("control call {what} on {target:?} succeeded");
        a.world.violation(Counter::OtherViolations, a.tenant, facts);
    }
    result
}

/// Narrows this process to a part of the tenant's set, or tries to widen it.
pub fn narrow(a: &mut Actor) -> Result<()> {
    if a.depth < 1 || a.thread {
        return Ok(());
    }
    let mut set: Vec<AddrEntry> = Vec::new();
    for index in a.world.entries_of(a.tenant) {
        if a.rng.percent(60) {
            set.push(pool::entry(index));
        }
    }
    let theirs = if a.rng.percent(30) {
        let index = a.rng.below(pool::SIZE);
        set.push(pool::entry(index));
        let before = a.world.ever_had(index, a.tenant);
        (!before).then_some(index)
    } else {
        None
    };
    let mut bytes = narrow_bytes_with(&set, "", a.rng.percent(50));
    if a.rng.percent(10) {
        let at = a.rng.below(bytes.len());
        bytes[at] ^= 1 << a.rng.below(8);
        // The set that the changed bytes ask for is unknown here.
        return set_self(&bytes);
    }
    let result = set_self(&bytes);
    if let (Ok(()), Some(index)) = (&result, theirs) {
        if a.world.is_bound(a.tenant) && !a.world.ever_had(index, a.tenant) {
            let facts = format_args!(
                "it narrowed itself to {set:?}; entry {index} of the pool was never its own"
            );
            a.world.violation(Counter::OtherViolations, a.tenant, facts);
        }
    }
    result
}

/// Enters new namespaces, in which it may have every capability. In children only,
/// since nothing outside can be reached from there.
pub fn unshare(a: &mut Actor) -> Result<()> {
    if a.depth < 2 || a.thread {
        return Ok(());
    }
    let flags = a.rng.pick(&[
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWUSER | libc::CLONE_NEWNET,
        libc::CLONE_NEWUSER | libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_FILES,
    ]);
    sys::namespace::unshare(flags)
}

/// `bpf()`.
pub fn bpf(a: &mut Actor) -> Result<()> {
    sys::bpf::with_zeroes(a.rng.below(38) as i32).map(drop)
}

/// `ptrace()` of another process.
pub fn trace(a: &mut Actor) -> Result<()> {
    let pid = a.world.noted_pid(a.rng.below(64));
    if pid == std::process::id() as i32 {
        return Ok(());
    }
    sys::trace::seize(pid)?;
    let _ = sys::trace::detach(pid);
    Ok(())
}

/// Gives up being root. In children only.
pub fn be_nobody(a: &mut Actor) -> Result<()> {
    if a.depth < 2 || a.thread {
        return Ok(());
    }
    set_thread_user(NOBODY)
}

/// A control call that must fail: on an association that does not exist, sometimes
/// with a null pointer to its entries.
pub fn malformed(rng: &mut Rng) -> (u32, Vec<u8>) {
    use addrconf_abi::Command;
    let mut buffer = [0; MAX_STRUCT];
    let target = Target::Association(rng.next() | 1 << 40);
    let (command, bytes) = if rng.percent(40) {
        let request = ReleaseRequest::about(target);
        (Command::Release, request.encode(&mut buffer).to_vec())
    } else if rng.percent(40) {
        let (socket, addr) = (rng.below(8) as i32, Ipv4Addr::LOCALHOST.into());
        let request = CheckRequest::about(target, Operation::Connect, socket, addr);
        (Command::Check, request.encode(&mut buffer).to_vec())
    } else {
        let request = UpdateRequest {
            target,
            reset: false,
            addrs: 0,
            addr_count: rng.below(3) as u32,
            change: Change::Add,
            resets: 0,
        };
        (Command::Update, request.encode(&mut buffer).to_vec())
    };
    (command.number(), bytes)
}
