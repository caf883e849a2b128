// SPDX-License-Identifier: GPL-2.0

//! Tracing an unassociated process, to make it do the calls.

use std::io;

use addrconf_abi::{Bypass, Target};
use libc::EPERM;

use crate::addr::{ONE, TWO};
use crate::child::{as_tenant, stay, Channel, Child};
use crate::client::{associate, entries, in_the_way, narrow, Assignment, Device};
use crate::registry::{behaviour, refusal, Attack, Test};
use crate::server::idle;
use crate::sys::trace::{attach, detach, interrupt, seize, trace_me, wait_for_stop};
use crate::sys::user::{become_user, NOBODY};

type Way = (&'static str, fn(i32) -> io::Result<()>);

const WAYS: [Way; 2] = [("attaching_to", attach), ("seizing", seize)];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (doing, trace) in WAYS {
        for (whose, user) in [("roots_own", None), ("the_same_users", Some(NOBODY))] {
            tests.push(refusal(
                format!("{doing}_{whose}_unassociated_process_is_refused"),
                ONE,
                EPERM,
                move || against(user, trace),
            ));
        }
        tests.extend([
            behaviour(
                format!("{doing}_another_tenants_process_is_refused"),
                move || {
                    let other = idle(TWO);
                    as_tenant(ONE, || is_refused(trace(other.pid())));
                    // The host can trace it.
                    trace(other.pid()).expect("trace");
                },
            ),
            behaviour(
                format!("a_process_{doing}_an_unassociated_one_cannot_be_assigned"),
                move || tracer_is_busy(trace),
            ),
            behaviour(format!("{doing}_a_wider_parent_is_refused"), move || {
                as_tenant(&["10.0.0.1", "10.1.0.1"], || {
                    let parent = std::process::id() as i32;
                    Child::spawn(|| {
                        narrow(&["10.0.0.1"], "").expect("narrow");
                        is_refused(trace(parent));
                    })
                    .succeeded();
                });
            }),
            behaviour(format!("{doing}_ones_own_processes_works"), move || {
                associate(ONE);
                let ready = Channel::new();
                let child = Child::spawn(|| {
                    ready.send("");
                    stay();
                });
                ready.receive();
                trace(child.pid()).expect("trace");
            }),
        ]);
    }
    tests.push(refusal(
        "becoming_the_tracer_of_a_child_from_before_is_refused",
        ONE,
        EPERM,
        || {
            let (go, answer) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                go.receive();
                let errno = trace_me().map_or_else(|e| e.raw_os_error().unwrap_or(-1), |()| 0);
                answer.send(&errno.to_string());
                stay();
            });
            Box::new(move || {
                let _child = &child;
                go.send("");
                match answer.receive().parse().expect("an errno") {
                    0 => Ok(()),
                    errno => Err(io::Error::from_raw_os_error(errno)),
                }
            })
        },
    ));
    tests
}

/// `assign` refuses a process that traces an unassociated one. Associated, it
/// would still control the other process.
fn tracer_is_busy(trace: fn(i32) -> io::Result<()>) {
    let victim = Child::spawn(|| stay());
    let (ready, go) = (Channel::new(), Channel::new());
    let tracer = Child::spawn(|| {
        trace(victim.pid()).expect("trace");
        ready.send("");
        go.receive();
        // The tracer still controls the victim.
        stop(victim.pid());
        detach(victim.pid()).expect("it traces until now");
        ready.send("");
        stay();
    });
    ready.receive();
    let device = Device::open();
    let assign = || device.assign(Target::Pid(tracer.pid()), &entries(ONE), "");
    let found = in_the_way(tracer.pid(), &Assignment::DEFAULT);
    assert_eq!((found.bypass, found.pid), (Bypass::Tracing, tracer.pid()));
    assert!(device.ids().is_empty());
    go.send("");
    ready.receive();
    // After the detach nothing is in the way.
    assign().expect("assign");
}

/// Stops a traced process, and waits until it is stopped.
fn stop(pid: i32) {
    // After an attach it has stopped already, or is about to.
    let _ = interrupt(pid);
    wait_for_stop(pid).expect("a stop");
}

/// An attack of this process on an unassociated one. Both are of `user`, if
/// there is one.
pub fn against(user: Option<u32>, access: fn(i32) -> io::Result<()>) -> Attack {
    let ready = Channel::new();
    let victim = Child::spawn(|| {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
        ready.send("");
        stay();
    });
    ready.receive();
    Box::new(move || {
        if let Some(user) = user {
            become_user(user).expect("setuid");
        }
        access(victim.pid())
    })
}

fn is_refused(outcome: io::Result<()>) {
    let errno = outcome.expect_err("not refused").raw_os_error();
    assert_eq!(errno, Some(EPERM));
}
