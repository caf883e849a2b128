// SPDX-License-Identifier: GPL-2.0

//! Who watches accesses to words: nobody, in a benchmark, or a list of them.

use std::cell::RefCell;
use std::fmt::Debug;

/// A kind of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An atomic change: the processor must have the line for itself meanwhile.
    Change,
}

/// Sees each access.
pub trait Meter: Copy + Debug + Default + Send + Sync + 'static {
    /// Notes an access to the word at this address.
    fn note(access: Access, address: usize);
}

/// Sees nothing, and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Meter for Quiet {
    #[inline(always)]
    fn note(_: Access, _: usize) {}
}

/// Lists the accesses of the running thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listed;

thread_local! {
    static LIST: RefCell<Vec<(Access, usize)>> = const { RefCell::new(Vec::new()) };
}

impl Meter for Listed {
    fn note(access: Access, address: usize) {
        LIST.with_borrow_mut(|list| list.push((access, address)));
    }
}

impl Listed {
    /// What `run` reads and writes, in order.
    pub fn during(run: impl FnOnce()) -> Vec<(Access, usize)> {
        LIST.take();
        run();
        LIST.take()
    }
}
