// SPDX-License-Identifier: GPL-2.0

//! Memory that runs out at each place where it is asked for, one after the
//! other. Where the kernel was not built to fail allocations there are no such
//! tests; the debug kernel was, and if they cannot run there they fail.

use std::fmt::Debug;
use std::io;

use libc::{EADDRINUSE, EADDRNOTAVAIL, EAGAIN, ECANCELED, ENFILE, ENOBUFS, ENOMEM};

use crate::client::Device;
use crate::registry::{behaviour, Test};
use crate::sys::fault::{expected, prepare, Faults};

/// What a call answers that lacks memory. A port without memory for it counts as
/// taken, a thread as one that may be made later, and what a ring does not get
/// to as given up.
const SHORTAGES: [i32; 6] = [ENOMEM, ENOBUFS, ENFILE, EADDRINUSE, EAGAIN, ECANCELED];

/// More allocations than any call makes.
const LIMIT: u32 = 2000;

/// Tests of what happens to these calls, each run by a function; none on a
/// kernel that need not fail allocations, which their names say.
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

/// Makes a call again and again, its first allocation failing, then its
/// second, until it makes no more. `check` sees each outcome but the last,
/// which must be a good one if `good`.
pub fn each_failure<T: Debug>(
    good: bool,
    mut call: impl FnMut() -> io::Result<T>,
    mut check: impl FnMut(&io::Result<T>),
) {
    each_failure_with(good, || (), |()| call(), |(), outcome| check(outcome));
}

/// The same, of a call on something that `make` makes with all memory.
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
            // The refusal that was to come, or the one for lack of memory.
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
    panic!("it never ends");
}

/// That a call on something that `make` makes has no allocation to fail, which
/// is why no more is to be tried. `check` sees each outcome.
pub fn needs_no_memory<S, T>(
    mut make: impl FnMut() -> S,
    mut call: impl FnMut(&S) -> io::Result<T>,
    mut check: impl FnMut(&S, &io::Result<T>),
) {
    let faults = Faults::of_this_thread().expect("fail-nth");
    // At first it may be the program's own memory that is not there yet.
    let without = (0..3).any(|_| {
        let on = make();
        let (outcome, failed) = faults.at(1, || call(&on)).expect("fail-nth");
        check(&on, &outcome);
        !failed
    });
    assert!(without, "it needs memory: that is to be tried");
}

/// Has allocations fail from now on, when asked; of pages too if `pages`.
pub fn ready(pages: bool) -> Device {
    prepare(pages).expect("settings of fault injection");
    Device::open()
}
