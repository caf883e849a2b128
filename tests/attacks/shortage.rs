// SPDX-License-Identifier: GPL-2.0

//! Memory runs out at each allocation of a call, one after the other. A kernel
//! that was not built to fail allocations has no such tests. The debug kernel
//! was; if they cannot run there, they fail.

use std::fmt::Debug;
use std::io;

use libc::{EADDRINUSE, EADDRNOTAVAIL, EAGAIN, ECANCELED, ENFILE, ENOBUFS, ENOMEM};

use crate::client::Device;
use crate::fault::{expected, prepare, Faults};
use crate::registry::{behaviour, Test};

/// The errnos of a call that lacks memory. A port without memory for it counts
/// as taken, a thread as one that may be made later, and an operation that a
/// ring does not get to as cancelled.
const SHORTAGES: [i32; 6] = [ENOMEM, ENOBUFS, ENFILE, EADDRINUSE, EAGAIN, ECANCELED];

/// More allocations than any call makes.
const LIMIT: u32 = 2000;

/// Tests of what happens to these calls, each made by a function. There are
/// none on a kernel that need not fail allocations, as their names say.
pub fn tests(calls: Vec<(&str, fn())>) -> Vec<Test> {
    if !expected() {
        return vec![];
    }
    let test = |(sentence, run)| {
        let name = format!("{sentence}_where_the_kernel_can_fail_allocations");
        behaviour(name, run)
    };
    calls.into_iter().map(test).collect()
}

/// Makes a call again and again: its first allocation fails, then its second,
/// until none is left to fail. `check` sees each outcome. The last one must be
/// a success if `good`, and a failure otherwise.
pub fn each_failure<T: Debug>(
    good: bool,
    mut call: impl FnMut() -> io::Result<T>,
    mut check: impl FnMut(&io::Result<T>),
) {
    each_failure_with(good, || (), |()| call(), |(), outcome| check(outcome));
}

/// The same, for a call on something that `make` makes while no allocation
/// fails.
pub fn each_failure_with<S, T: Debug>(
    good: bool,
    mut make: impl FnMut() -> S,
    mut call: impl FnMut(&S) -> io::Result<T>,
    mut check: impl FnMut(&S, &io::Result<T>),
) {
    let faults = Faults::of_this_thread().expect("fail-nth");
    for nth in 1..LIMIT {
        let on = make();
        let (outcome, failed) = faults.at(nth, || call(&on)).expect("fail-nth");
        if let Err(error) = &outcome {
            let errno = error.raw_os_error();
            // The refusal that must come in any case, or the one for lack of memory.
            let memory = SHORTAGES.map(Some).contains(&errno);
            let expected = memory && failed || !good && errno == Some(EADDRNOTAVAIL);
            assert!(expected, "{error} at allocation {nth}");
        }
        check(&on, &outcome);
        if !failed {
            assert_eq!(outcome.is_ok(), good, "{outcome:?} in the end");
            assert!(nth > 1, "no allocation failed: this proves nothing");
            println!("{} allocations failed", nth - 1);
            return;
        }
    }
    panic!("the call makes more than {LIMIT} allocations");
}

/// Panics unless a call on something that `make` makes has no allocation that
/// could fail. Then there is no more to try. `check` sees each outcome.
pub fn needs_no_memory<S, T>(
    mut make: impl FnMut() -> S,
    mut call: impl FnMut(&S) -> io::Result<T>,
    mut check: impl FnMut(&S, &io::Result<T>),
) {
    let faults = Faults::of_this_thread().expect("fail-nth");
    // The first calls may need memory for the program itself.
    let without = (0..3).any(|_| {
        let on = make();
        let (outcome, failed) = faults.at(1, || call(&on)).expect("fail-nth");
        check(&on, &outcome);
        !failed
    });
    assert!(
        without,
        "the call needs memory: try each of its allocations"
    );
}

/// Makes allocations fail from now on when asked to; those of pages, too, if
/// `pages`.
pub fn ready(pages: bool) -> Device {
    prepare(pages).expect("settings of fault injection");
    Device::open()
}
