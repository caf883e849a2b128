// SPDX-License-Identifier: GPL-2.0

//! The gate: `security/addrconf/gate.c`, `known.c` and `known.h` of patch 9. What it permits
//! by itself, and how it calls the module.

use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

use crate::layout::{place, places};
use crate::machine::{Cpu, Machine};
use crate::meter::Meter;
use crate::table::Place;
use crate::word::{Aligned, Word};

/// `struct acf_task`.
#[derive(Debug, Default)]
#[repr(C)]
pub struct TaskBlob<M> {
    pub(crate) tagged: Word<M>,
    pub(crate) member: Word<M>,
}

/// `struct acf_sock`.
#[derive(Debug, Default)]
#[repr(C)]
pub struct SockBlob<M> {
    pub(crate) owner: Word<M>,
    pub(crate) set: Word<M>,
}

/// The lines of `struct sock` that the gate uses.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Sock<M> {
    /// Line 0: the address and port that it is bound to, and the source it sends from.
    pub(crate) bound: Aligned<Word<M>>,
    /// Line 2: its scope, beside its reference count and the queue of what it received.
    pub(crate) scope: Aligned<Word<M>>,
    /// Line 4: its lock.
    pub(crate) lock: Aligned<Word<M>>,
    /// Line 10: the pointer to the security blob.
    pub(crate) security: Aligned<Word<M>>,
}

/// How the gate calls the module.
#[derive(Debug)]
pub struct Calls<M> {
    /// `acf_ops`.
    ops: Aligned<Word<M>>,
    /// `acf_srcu`: which of the two pairs of counters readers use.
    srcu: Aligned<Word<M>>,
    /// The counters of each processor, in lines of its own.
    counters: Vec<Aligned<[Word<M>; 4]>>,
}

impl<M: Meter> Calls<M> {
    pub(crate) fn new(cpus: usize) -> Self {
        Self {
            ops: Aligned(Word::new(1)),
            srcu: Aligned::default(),
            counters: (0..cpus).map(|_| Aligned::default()).collect(),
        }
    }

    pub(crate) fn cpus(&self) -> usize {
        self.counters.len()
    }

    pub(crate) fn shared(&self) -> [Range<usize>; 2] {
        [place(&self.ops), place(&self.srcu)]
    }

    pub(crate) fn own(&self) -> Range<usize> {
        places(&self.counters)
    }

    /// `acf_ask()`: runs `callback` as a reader under SRCU-fast. The counters are the
    /// processor's own, so they need neither `lock` nor a barrier.
    #[inline]
    pub fn ask<T>(&self, cpu: &Cpu, callback: impl FnOnce() -> T) -> T {
        let which = self.srcu.0.load(Acquire) * 2;
        let [locks, unlocks] = [0, 1].map(|n| &self.counters[cpu.number].0[which + n]);
        locks.store(locks.load(Relaxed) + 1, Relaxed);
        self.ops.0.load(Acquire);
        let answer = callback();
        unlocks.store(unlocks.load(Relaxed) + 1, Relaxed);
        answer
    }
}

impl<M: Meter> Machine<M> {
    /// `acf_is_own()`: whether the task is a member of the association of the socket.
    #[inline]
    fn is_own(&self, task: Place, sock: usize) -> bool {
        let member = self.blob(task).member.load(Relaxed) & u32::MAX as usize;
        member != 0 && member == self.socks[sock].scope.0.load(Relaxed)
    }

    #[inline]
    fn is_tagged(&self, task: Place) -> bool {
        self.blob(task).tagged.load(Relaxed) != 0
    }

    /// `acf_has_v4()`: whether the set of the socket's association has an address.
    #[inline]
    fn has(&self, sock: usize, addr: u32) -> bool {
        self.socks[sock].security.0.load(Relaxed);
        let Some(number) = self.sock_blob(sock).set.load(Relaxed).checked_sub(1) else {
            return false;
        };
        self.set_of(self.association(number)).has(addr)
    }

    /// Whether the gate permits by itself to send from, bind, listen on or connect from an
    /// address that the socket has or asks for.
    #[inline]
    pub fn permits_use(&self, task: Place, sock: usize, addr: u32) -> bool {
        if !self.is_tagged(task) || !self.is_own(task, sock) {
            return false;
        }
        self.socks[sock].bound.0.load(Relaxed);
        self.has(sock, addr)
    }

    /// Whether it permits by itself to receive, accept, shut down and the like.
    #[inline]
    pub fn permits_hold(&self, task: Place, sock: usize) -> bool {
        self.is_tagged(task) && self.is_own(task, sock)
    }

    /// Whether it permits by itself to deliver a packet to the socket: `hook_sock_rcv_skb()`.
    #[inline]
    pub fn permits_delivery(&self, sock: usize, addr: u32) -> bool {
        self.socks[sock].security.0.load(Relaxed);
        self.sock_blob(sock).owner.load(Relaxed) != 0 && self.has(sock, addr)
    }

    /// Whether a packet may leave that the socket sends: `acf_check_output()`, with the mark
    /// that the packet gets.
    #[inline]
    pub fn mark(&self, sock: usize, source: u32) -> Option<usize> {
        let scope = self.socks[sock].scope.0.load(Relaxed);
        self.has(sock, source).then_some(scope)
    }
}
