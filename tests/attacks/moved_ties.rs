// SPDX-License-Identifier: GPL-2.0

//! What ties a process that is moved to those that stay: a tracer, descriptors of its memory, and
//! its own first thread, which has ended.

use std::io;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use addrconf_abi::Target;
use libc::{EACCES, EADDRNOTAVAIL, EBUSY, ENOENT, ETIMEDOUT};

use crate::addr::{HOST4, ONE, TWO};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{entries, errno, Device};
use crate::defined::Defined;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::clone::{exit_thread, sharing_memory};
use crate::sys::memory::Mapped;
use crate::sys::trace::{detach, interrupt, seize, wait_for_stop};
use crate::sys::userfault::{fill, filler, PAGE};
use crate::tenant::Tenant;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour(
            "who_is_traced_from_where_it_was_does_not_move",
            traced_from_where_it_was,
        ),
        behaviour(
            "a_userfaultfd_of_a_process_that_has_moved_is_of_no_use",
            filled_from_where_it_was,
        ),
        behaviour(
            "a_process_that_moves_into_what_is_not_made_is_in_one_of_the_two",
            into_one_that_is_not_made,
        ),
        behaviour(
            "a_process_without_its_first_thread_moves_and_is_released",
            || without_first_thread(false),
        ),
        behaviour(
            "a_process_whose_first_thread_ended_before_moves_and_is_released",
            || without_first_thread(true),
        ),
    ]
}

/// A process is moved into an association whose making fails, as a process of it does not come back
/// from `vfork()`.
fn into_one_that_is_not_made() {
    let shop = Defined::new("shop", ONE);
    let mut member = Tenant::host();
    shop.take_in(&mut member);
    let stuck = Child::spawn(|| {
        let _ = sharing_memory(libc::CLONE_VFORK, || {
            thread::sleep(Duration::from_secs(600));
            0
        });
    });
    let stat = format!("/proc/{}/stat", stuck.pid());
    eventually("the call", || {
        let text = std::fs::read_to_string(&stat).unwrap_or_default();
        text.contains(") D ")
    });
    let assigning = Child::spawn(|| {
        let made = Device::open().assign(Target::Pid(stuck.pid()), &entries(TWO), "late");
        assert_eq!(errno(made), ETIMEDOUT);
    });
    let device = Device::open();
    let mut late = None;
    eventually("the association", || {
        late = device.find("late").ok();
        late.is_some()
    });
    let target = Target::Pid(member.pid());
    let late = late.expect("an id");
    // What is left of the association may still be there, and goes on with the process.
    let is_in = match device.move_to(target, late, false, false) {
        Ok(()) => late,
        Err(e) => {
            assert_eq!(e.raw_os_error(), Some(ENOENT));
            shop.id
        }
    };
    assert_eq!(device.query(target).expect("query").id, is_in);
    assigning.succeeded();
}

/// The two associations.
fn two() -> (Defined, Defined) {
    (Defined::new("shop", ONE), Defined::new("blog", TWO))
}

fn traced_from_where_it_was() {
    let (shop, blog) = two();
    let (pid, go, ready) = (Channel::new(), Channel::new(), Channel::new());
    let tracer = Child::spawn(|| {
        shop.enter();
        let child = Child::spawn(|| stay());
        seize(child.pid()).expect("trace");
        pid.send(&child.pid().to_string());
        go.receive();
        interrupt(child.pid()).expect("interrupt");
        wait_for_stop(child.pid()).expect("a stop");
        detach(child.pid()).expect("detach");
        ready.send("");
        go.receive();
        // It is elsewhere now.
        ready.send(&errno(seize(child.pid())).to_string());
        stay()
    });
    let traced: i32 = pid.receive().parse().expect("a pid");
    let device = Device::open();
    let target = Target::Pid(traced);
    let moved = device.move_to(target, blog.id, false, false);
    assert_eq!(errno(moved), EBUSY);
    assert_eq!(device.query(target).expect("query").id, shop.id);
    // Both together move.
    let both = Target::Pid(tracer.pid());
    device.move_to(both, blog.id, true, false).expect("both");
    device.move_to(both, shop.id, true, false).expect("back");
    go.send("");
    ready.receive();
    device.move_to(target, blog.id, false, false).expect("move");
    go.send("");
    assert_eq!(ready.receive(), libc::EPERM.to_string());
}

/// A child has a descriptor that fills its parent's pages.
fn filled_from_where_it_was() {
    let (shop, blog) = two();
    let (go, said) = (Channel::new(), Channel::new());
    let parent = Child::spawn(|| {
        shop.enter();
        let memory = Mapped::anonymous(PAGE).expect("memory");
        let fd = filler(&memory).expect("userfaultfd");
        let _child = Child::spawn(|| loop {
            go.receive();
            let filled = fill(fd.as_fd(), memory.address(), &[0; PAGE]);
            said.send(&describe(filled));
        });
        stay()
    });
    go.send("");
    assert_eq!(said.receive(), "ok");
    // Once it is there it cannot be filled again, says the kernel.
    go.send("");
    assert_eq!(said.receive(), libc::EEXIST.to_string());
    let device = Device::open();
    let target = Target::Pid(parent.pid());
    device.move_to(target, blog.id, false, false).expect("move");
    go.send("");
    assert_eq!(said.receive(), EACCES.to_string());
}

fn describe(outcome: io::Result<()>) -> String {
    outcome.map_or_else(
        |e| e.raw_os_error().unwrap_or(-1).to_string(),
        |()| "ok".to_owned(),
    )
}

/// `before`: the first thread ends before the process is in any association, or else before it
/// moves.
fn without_first_thread(before: bool) {
    let (shop, blog) = two();
    let (ready, go, end, answer) = (
        Channel::new(),
        Channel::new(),
        Channel::new(),
        Channel::new(),
    );
    let child = Child::spawn(|| {
        thread::scope(|scope| {
            scope.spawn(|| {
                ready.send("");
                loop {
                    go.receive();
                    answer.send(&verdicts(&[ONE[0], TWO[0], HOST4]));
                }
            });
            end.receive();
            exit_thread();
        });
    });
    ready.receive();
    let device = Device::open();
    let target = Target::Pid(child.pid());
    let end_first = || {
        end.send("");
        let stat = format!("/proc/{}/stat", child.pid());
        eventually("the first thread's end", || {
            let text = std::fs::read_to_string(&stat).unwrap_or_default();
            text.contains(") Z ")
        });
    };
    let bound = || {
        go.send("");
        answer.receive()
    };
    let no = EADDRNOTAVAIL;
    if before {
        end_first();
    }
    device.join(target, shop.id, false).expect("join");
    if !before {
        end_first();
    }
    assert_eq!(bound(), format!("ok {no} {no}"));
    for _ in 0..2 {
        device.move_to(target, blog.id, false, false).expect("move");
        assert_eq!(bound(), format!("{no} ok {no}"));
        assert_eq!(device.query(target).expect("query").id, blog.id);
        eventually("nobody in shop", || shop.describe().tasks == 0);
        device.move_to(target, shop.id, false, false).expect("back");
        assert_eq!(bound(), format!("ok {no} {no}"));
        assert_eq!(device.query(target).expect("query").id, shop.id);
        eventually("nobody in blog", || blog.describe().tasks == 0);
    }
    device.release(target).expect("release");
    assert_eq!(bound(), "ok ok ok");
    assert_eq!(errno(device.query(target)), ENOENT);
    // Joining finds the threads, as moving does.
    for _ in 0..2 {
        device.join(target, blog.id, false).expect("join again");
        assert_eq!(errno(device.join(target, shop.id, false)), libc::EEXIST);
        assert_eq!(bound(), format!("{no} ok {no}"));
        device.release(target).expect("release again");
        assert_eq!(bound(), "ok ok ok");
    }
}
