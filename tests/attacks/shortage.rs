// SPDX-License-Identifier: GPL-2.0

//! Memory that runs out at each place where it is asked for, one after the
//! other. Where the kernel was not built to fail allocations there are no such
//! tests; the debug kernel was.

use std::fmt::Debug;
use std::io;

use libc::{EADDRINUSE, EADDRNOTAVAIL, ENFILE, ENOBUFS, ENOMEM};

use crate::client::Device;
use crate::registry::{behaviour, Test};
use crate::sys::fault::{available, prepare, Faults};

/// More allocations than any call makes.
const LIMIT: u32 = 2000;

/// Tests of what happens to these calls, each run by a function; none on a
/// kernel that cannot fail allocations, which their names say.
pub fn tests(calls: Vec<(&str, fn())>) -> Vec<Test> {
    if !available() {
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
    check: impl FnMut(&io::Result<T>),
) {
    each_failure_with(good, || (), |()| call(), check);
}

/// The same, of a call on something that `make` makes with all memory.
pub fn each_failure_with<S, T: Debug>(
    good: bool,
    mut make: impl FnMut() -> S,
    mut call: impl FnMut(&S) -> io::Result<T>,
    mut check: impl FnMut(&io::Result<T>),
) {
    let faults = Faults::of_this_thread().expect("fail-nth");
    for nth in 1..LIMIT {
        let on = make();
        let (outcome, failed) = faults.at(nth, || call(&on)).expect("fail-nth");
        if let Err(error) = &outcome {
            let errno = error.raw_os_error();
            // The refusal that was to come, or the one for lack of memory.
            // A port without memory for it counts as taken.
            let memory = [ENOMEM, ENOBUFS, ENFILE, EADDRINUSE]
                .map(Some)
                .contains(&errno);
            let expected = memory && failed || !good && errno == Some(EADDRNOTAVAIL);
            assert!(expected, "{error} at allocation {nth}");
        }
        check(&outcome);
        if !failed {
            assert_eq!(outcome.is_ok(), good, "{outcome:?} in the end");
            println!("{} allocations failed", nth - 1);
            return;
        }
    }
    panic!("it never ends");
}

/// Has allocations fail from now on, when asked; of pages too if `pages`.
pub fn ready(pages: bool) -> Device {
    prepare(pages).expect("settings of fault injection");
    Device::open()
}
