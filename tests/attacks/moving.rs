// SPDX-License-Identifier: GPL-2.0

//! Binding to an address of neither association, in the moment of a move from one to the other.

use std::thread;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, EBUSY};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{spawn_tenant, stay, Channel, Child};
use crate::client::{errno, narrow, Device};
use crate::defined::Defined;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::trace::seize;

/// How often the process is moved.
const TIMES: usize = 40;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "no_thread_or_child_is_outside_while_its_process_moves",
            || {
                against_moves(false, false);
            },
        ),
        behaviour("no_thread_or_child_is_outside_while_a_tree_moves", || {
            against_moves(false, true);
        }),
        behaviour(
            "no_thread_or_child_is_outside_while_its_process_moves_in_vain",
            || {
                against_moves(true, false);
            },
        ),
        behaviour(
            "a_process_that_narrows_itself_does_not_get_out_with_a_move",
            || {
                for _ in 0..TIMES {
                    against_narrowing();
                }
            },
        ),
    ]
}

/// A process binds in two threads and in children, until it succeeds or may end. It traces a child
/// if it is to move `in_vain`.
fn against_moves(in_vain: bool, tree: bool) {
    let (shop, blog) = (Defined::new("shop", ONE), Defined::new("blog", TWO));
    let (ready, go) = (Channel::new(), Channel::new());
    let (enough, escaped) = (Channel::new(), Channel::new());
    let attack = || {
        let traced = in_vain.then(|| Child::spawn(|| stay()));
        if let Some(traced) = &traced {
            seize(traced.pid()).expect("trace");
        }
        // Outside it can be bound to.
        assert_eq!(verdicts(&[HOST4]), "ok");
        ready.send("");
        go.receive();
        let bind = || {
            let verdict = verdicts(&[HOST4]);
            if verdict != EADDRNOTAVAIL.to_string() {
                escaped.send(&verdict);
            }
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !enough.has_line() {
                        bind();
                    }
                });
            }
            while !enough.has_line() {
                Child::spawn(|| {
                    bind();
                    Child::spawn(bind).succeeded();
                })
                .succeeded();
            }
        });
    };
    let child = Child::spawn(attack);
    let device = Device::open();
    let target = Target::Pid(child.pid());
    ready.receive();
    device.join(target, shop.id, true).expect("join");
    go.send("");
    for nr in 0..TIMES {
        let to = [&blog, &shop][if in_vain { 0 } else { nr % 2 }];
        let moved = device.move_to(target, to.id, tree, false);
        match in_vain {
            true => assert_eq!(errno(moved), EBUSY),
            false => moved.expect("move"),
        }
    }
    assert!(
        !escaped.has_line(),
        "it bound outside: {}",
        escaped.receive()
    );
    enough.send("");
    child.succeeded();
}

/// A process narrows itself in one thread while another keeps it from moving. No thread of it is
/// left in the whole.
fn against_narrowing() {
    let blog = Defined::new("blog", TWO);
    let (go, answer) = (Channel::new(), Channel::new());
    let child = spawn_tenant(ONE, || {
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                go.receive();
                verdicts(&ONE[..2])
            });
            answer.send("");
            let narrowed = narrow(&ONE[..1], "").is_ok();
            answer.send("");
            let verdict = other.join().expect("a thread");
            answer.send(&format!("{narrowed} {verdict}"));
        });
    });
    answer.receive();
    let device = Device::open();
    let moved = device.move_to(Target::Pid(child.pid()), blog.id, false, false);
    answer.receive();
    go.send("");
    let said = answer.receive();
    match moved {
        Ok(()) => assert!(
            said.ends_with(" 99 99"),
            "it is not where it was moved: {said}"
        ),
        // It may have been about to move when it asked.
        Err(_) if said.starts_with("false") => assert_eq!(said, "false ok ok"),
        Err(_) => assert_eq!(said, "true ok 99"),
    }
    child.succeeded();
}
