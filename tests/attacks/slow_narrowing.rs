// SPDX-License-Identifier: GPL-2.0

//! A tenant that narrows decides how long that takes: all its threads are
//! moved, and it may use as little processor time as it likes. No control call
//! about others may wait for it.

use std::fs;
use std::hint::spin_loop;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use addrconf_abi::{Change, Target};
use libc::EADDRNOTAVAIL;

use crate::addr::{ONE, PAIRS, PREFIXES, THREE, TWO};
use crate::child::{as_tenant, in_child, spawn_tenant, stay, Channel, Child};
use crate::client::{entries, narrow, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::runner::pace;
use crate::server::idle;
use crate::sys::process::exit_now;
use crate::sys::schedule::run_when_idle;

/// Threads of each process that narrows.
const THREADS: usize = 300;

/// Threads that keep the processors busy.
const BUSY: usize = 20;

/// How many levels a process narrows.
const DEPTH: usize = 7;

/// How long a control call about others may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How often each call is made.
const ROUNDS: usize = 2;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_tenant_that_narrows_slowly_stops_no_control_call", || {
            let started = Channel::new();
            let _tenant = spawn_tenant(PREFIXES, || {
                let _busy = busy();
                let _narrowing = [(); 2].map(|()| Child::spawn(|| narrow_for_ever(&started)));
                stay();
            });
            // Both narrow now.
            (0..2).for_each(|_| drop(started.receive()));
            others_do_not_wait();
        }),
        behaviour(
            "a_tenant_that_reads_the_state_slowly_stops_no_control_call",
            || {
                let started = Channel::new();
                let _tenant = spawn_tenant(PREFIXES, || {
                    let _busy = busy();
                    let _reading = [(); 4].map(|()| Child::spawn(|| read_for_ever(&started)));
                    stay();
                });
                (0..4).for_each(|_| drop(started.receive()));
                others_do_not_wait();
            },
        ),
        behaviour(
            "a_tenant_that_narrows_slowly_stops_no_control_call_while_traffic_is_counted",
            || {
                let device = Device::open();
                assert!(device.traffic(Some(true)).expect("traffic"));
                let started = Channel::new();
                let tenant = spawn_tenant(PREFIXES, || {
                    let _busy = busy();
                    let _narrowing = [(); 2].map(|()| Child::spawn(|| narrow_for_ever(&started)));
                    stay();
                });
                (0..2).for_each(|_| drop(started.receive()));
                others_do_not_wait();
                drop(tenant);
                assert!(!device.traffic(Some(false)).expect("traffic"));
            },
        ),
        behaviour("a_tenant_that_narrows_slowly_is_ended_in_time", || {
            let started = Channel::new();
            let _tenant = spawn_tenant(PREFIXES, || {
                let _busy = busy();
                let _narrowing = Child::spawn(|| narrow_for_ever(&started));
                stay();
            });
            started.receive();
            // Like the calls about others, but about this tenant.
            let released = timed("flush", || Device::open().release(Target::All));
            assert!(released.expect("release") > 0);
        }),
        behaviour("threads_that_narrow_at_once_end_in_one_part", || {
            as_tenant(PAIRS[0], || (0..30).for_each(|_| in_child(narrow_at_once)));
        }),
        behaviour("threads_made_while_others_narrow_are_narrowed", || {
            as_tenant(PAIRS[0], || (0..10).for_each(|_| in_child(clone_meanwhile)));
        }),
    ]
}

/// Keeps the processors busy.
fn busy() -> Child {
    Child::spawn(|| {
        thread::scope(|scope| {
            for _ in 0..BUSY {
                scope.spawn(|| loop {
                    spin_loop();
                });
            }
        });
    })
}

/// Narrows again and again, with many threads, which run only when nobody else
/// needs the processor.
fn narrow_for_ever(started: &Channel) -> ! {
    loop {
        Child::spawn(|| {
            let slow = Barrier::new(THREADS + 1);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    let thread = thread::Builder::new().stack_size(64 * 1024);
                    let made = thread.spawn_scoped(scope, || {
                        slow.wait();
                        run_when_idle().expect("sched_setscheduler");
                        stay();
                    });
                    made.expect("a thread");
                }
                slow.wait();
                started.send("");
                run_when_idle().expect("sched_setscheduler");
                for _ in 0..DEPTH {
                    // This fails once there are as many parts as there may be.
                    let _ = narrow(PREFIXES, "");
                }
                exit_now(0);
            });
        })
        .succeeded();
    }
}

/// Reads the list of associations, slowly.
fn read_for_ever(started: &Channel) -> ! {
    started.send("");
    run_when_idle().expect("sched_setscheduler");
    loop {
        let read = fs::read_to_string("/sys/kernel/addrconf/associations");
        read.expect("the state");
    }
}

/// Panics unless every control call about others returns in time.
fn others_do_not_wait() {
    let device = Device::open();
    for _ in 0..ROUNDS {
        let other = Child::spawn(|| stay());
        let target = Target::Pid(other.pid());
        let assigned = timed("assign", || device.assign(target, &entries(TWO), ""));
        let id = Target::Association(assigned.expect("assign"));
        let update = |change, set: &[&str], reset| {
            let updated = timed("update", || device.update(id, change, set, reset));
            updated.expect("update");
        };
        update(Change::Add, THREE, false);
        update(Change::Remove, THREE, true);
        timed("list", || device.ids());
        timed("query", || device.query(target)).expect("query");
        timed("release", || device.release(target)).expect("release");
        // Ends a whole association.
        let third = idle(THREE);
        let id = device.query(Target::Pid(third.pid())).expect("query").id;
        let ended = timed("end", || device.release(Target::Association(id)));
        ended.expect("release");
    }
}

fn timed<T>(what: &str, call: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let outcome = call();
    let took = begun.elapsed();
    eprintln!("{what} took {took:?}");
    assert!(took < LIMIT * pace(), "{what} took {took:?}");
    outcome
}

/// Two threads narrow to different parts at once. One succeeds, and all threads
/// are in its part.
fn narrow_at_once() {
    const PARTS: [&str; 2] = ["10.0.0.1", "10.1.0.1"];
    let (start, end) = (Barrier::new(3), Barrier::new(3));
    let (narrowed, seen) = thread::scope(|scope| {
        let (start, end) = (&start, &end);
        let threads = PARTS.map(|part| {
            scope.spawn(move || {
                start.wait();
                let narrowed = narrow(&[part], "").is_ok();
                end.wait();
                (narrowed, verdicts(&PARTS))
            })
        });
        start.wait();
        end.wait();
        let mut seen = vec![verdicts(&PARTS)];
        let narrowed = threads.map(|thread| {
            let (narrowed, verdicts) = thread.join().expect("a thread");
            seen.push(verdicts);
            narrowed
        });
        (narrowed, seen)
    });
    let expected = match narrowed {
        [true, false] => format!("ok {EADDRNOTAVAIL}"),
        [false, true] => format!("{EADDRNOTAVAIL} ok"),
        other => panic!("not exactly one thread narrowed: {other:?}"),
    };
    assert!(
        seen.iter().all(|s| *s == expected),
        "{narrowed:?}: {seen:?}"
    );
}

/// Threads make threads, and end, while one narrows.
fn clone_meanwhile() {
    let words = Channel::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    thread::scope(|inner| drop(inner.spawn(|| ())));
                }
                words.send(&verdicts(&["10.0.0.1", "10.1.0.1"]));
            });
        }
        narrow(&ONE[..1], "").expect("narrow");
    });
    for _ in 0..4 {
        // A thread that was quicker still had the set of the whole. No part has
        // the other address alone.
        let seen = words.receive();
        assert!(seen.starts_with("ok "), "{seen}");
    }
    thread::scope(|scope| {
        let after = scope.spawn(|| verdicts(&["10.0.0.1", "10.1.0.1"]));
        let after = after.join().expect("a thread");
        assert_eq!(after, format!("ok {EADDRNOTAVAIL}"));
    });
}
