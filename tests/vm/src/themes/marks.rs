// SPDX-License-Identifier: GPL-2.0

//! The kernel asks the module only about tasks that it marked, which hand the mark on. No
//! member of an association is without it, however and whenever it was made.

use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::Duration;

use addrconf_abi::Target;
use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, ONE, PAIRS, TWO};
use crate::child::{end_with, eventually, stay, Channel, Child};
use crate::client::{associate_process, Device};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};
use crate::sys::clone::clone3;
use crate::sys::process::reap;
use crate::sys::watch::poll_many;
use crate::uring::Ring;

/// Addresses that a member is refused, and allowed.
const PROBES: [&str; 2] = [HOST4, "10.0.0.1"];

/// How many are made before the association, and after it, and how many at most.
const SURE: usize = 8;
const MANY: usize = 400;

/// How often each race is run.
const ROUNDS: usize = 4;

/// Longer than hooks stay in force after the last association.
const PAUSE: Duration = Duration::from_secs(63);

pub fn tests() -> Vec<Test> {
    let ways: [(&str, usize, Make); 4] = [
        ("forked", 1, |at| {
            std::mem::forget(Child::spawn(|| live(at)));
        }),
        ("cloned", 1, |at| {
            if clone3(0).expect("clone3").is_none() {
                end_with(|| live(at));
            }
        }),
        ("forked_by_a_child", 2, |at| {
            std::mem::forget(Child::spawn(|| {
                std::mem::forget(Child::spawn(|| live(at)));
                live(at);
            }));
        }),
        ("spawned", 1, spawn),
    ];
    let mut tests = Vec::new();
    for (what, each, make) in ways {
        tests.push(behaviour(
            format!("every_process_{what}_meanwhile_is_confined_or_no_member"),
            move || (0..ROUNDS).for_each(|_| against_assign(each, make)),
        ));
    }
    tests.extend([
        behaviour("every_polled_ring_made_meanwhile_is_confined", || {
            (0..ROUNDS).for_each(|_| rings_against_assign());
        }),
        behaviour("a_released_process_and_its_children_are_free", || {
            let _other = associated(TWO);
            let released = Process::start();
            associate_process(released.pid(), ONE);
            assert_eq!(released.everybody(), confined());
            Device::open()
                .release(Target::Pid(released.pid()))
                .expect("release");
            assert_eq!(released.everybody(), free());
            associate_process(released.pid(), PAIRS[0]);
            assert_eq!(released.everybody(), confined());
        }),
        behaviour("associations_after_the_last_one_are_in_force", || {
            let [former, released, later] = [(); 3].map(|()| Process::start());
            associate_process(former.pid(), ONE);
            associate_process(released.pid(), TWO);
            let release = |who: &Process| {
                let released = Device::open().release(Target::Pid(who.pid()));
                released.expect("release");
            };
            release(&released);
            drop(former);
            for pause in [None, Some(PAUSE)] {
                eventually("the end of all associations", || {
                    Device::open().ids().is_empty()
                });
                pause.into_iter().for_each(sleep);
                assert_eq!(released.everybody(), free());
                assert_eq!(later.everybody(), free());
                associate_process(later.pid(), ONE);
                assert_eq!(later.everybody(), confined());
                assert_eq!(released.everybody(), free());
                associate_process(released.pid(), PAIRS[0]);
                assert_eq!(released.everybody(), confined());
                release(&later);
                release(&released);
                assert_eq!(later.everybody(), free());
            }
        }),
    ]);
    tests
}

/// Where a process that was made reports, and what it waits for.
struct At {
    assigned: Channel,
    answers: Channel,
}

/// Makes a process that does [`live`].
type Make = fn(&At);

/// Says, once the association is there, who it is and what it may bind to.
fn live(at: &At) {
    at.assigned.await_line();
    let said = verdicts(&PROBES);
    at.answers.send(&format!("{} {said}", std::process::id()));
    stay();
}

/// The same in a program, which is started as by `vfork()`.
fn spawn(at: &At) {
    let program = std::env::current_exe().expect("own path");
    let script = format!(
        "read line; echo $$ $({} {} {} {}); exec sleep 1000",
        program.display(),
        probe::COMMAND,
        PROBES[0],
        PROBES[1]
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdout(at.answers.sender());
    let started = command.stdin(at.assigned.receiver()).spawn();
    std::mem::forget(started.expect("spawn"));
}

/// A process makes others as fast as it can while it is associated. Each is a member and
/// confined, or is neither. `make` makes `each` at a time.
fn against_assign(each: usize, make: Make) {
    let at = At {
        assigned: Channel::new(),
        answers: Channel::new(),
    };
    let (some, over, made) = (Channel::new(), Channel::new(), Channel::new());
    let maker = Child::leading(|| {
        let (mut count, mut after) = (0, 0);
        while after < SURE && count < MANY {
            after += usize::from(over.has_line());
            make(&at);
            count += 1;
            if count == SURE {
                some.send("");
            }
        }
        made.send(&count.to_string());
        stay();
    });
    some.receive();
    associate_process(maker.pid(), ONE);
    over.send("");
    let count: usize = made.receive().parse().expect("a number");
    assert!(count < MANY, "{MANY} were made, which proves nothing");
    let count = count * each;
    // Each line ends the wait of a program that reads it, and stays for other processes.
    for _ in 0..count {
        at.assigned.send("");
    }
    let said: Vec<String> = (0..count).map(|_| at.answers.receive()).collect();
    let members = Device::open().query(Target::Pid(maker.pid()));
    let members = members.expect("query").pids;
    let mut confined_ones = 0;
    for line in &said {
        let (pid, verdict) = line.split_once(' ').expect("a pid and verdicts");
        let member = members.contains(&pid.parse().expect("a pid"));
        assert_eq!(
            member,
            verdict == confined()[0],
            "{line}: a member: {member}"
        );
        assert!(member || verdict == free()[0], "{line}");
        confined_ones += usize::from(member);
    }
    assert!(
        confined_ones >= SURE - 1 && confined_ones < count,
        "{said:?}"
    );
    drop(maker);
    reap();
}

/// A process makes rings, each with a kernel thread of its own, while it is associated.
fn rings_against_assign() {
    let (some, over, told) = (Channel::new(), Channel::new(), Channel::new());
    let maker = Child::spawn(|| {
        let (mut rings, mut after) = (Vec::new(), 0);
        while after < SURE && rings.len() < MANY {
            after += usize::from(over.has_line());
            rings.push(Ring::polled());
            // Each polls for a while.
            if rings.len() > SURE {
                sleep(Duration::from_millis(20));
            }
            if rings.len() == SURE {
                some.send("");
            }
        }
        for ring in &mut rings {
            let bound = ring.bind(&Sock::v4(Proto::Tcp), (HOST4, 80));
            let errno = bound.expect_err("a ring is free").raw_os_error();
            assert_eq!(errno, Some(EADDRNOTAVAIL));
        }
        told.send("");
    });
    some.receive();
    associate_process(maker.pid(), ONE);
    over.send("");
    told.receive();
    maker.succeeded();
}

/// What a process, and those that it makes, may bind to: itself, a child, a grandchild, a
/// thread, and a program.
fn confined() -> [String; 5] {
    std::array::from_fn(|_| format!("{EADDRNOTAVAIL} ok"))
}

fn free() -> [String; 5] {
    std::array::from_fn(|_| "ok ok".to_owned())
}

fn associated(set: &[&str]) -> Process {
    let process = Process::start();
    associate_process(process.pid(), set);
    process
}

/// A process that says, when asked, what it may bind to.
struct Process {
    child: Child,
    go: Channel,
    answers: Channel,
}

impl Process {
    fn start() -> Self {
        let (go, answers) = (Channel::new(), Channel::new());
        let child = Child::spawn(|| loop {
            // The test may pause for longer than it waits for anything else.
            poll_many(&[go.reader()], -1).expect("poll");
            go.receive();
            let tell = || answers.send(&verdicts(&PROBES));
            tell();
            Child::spawn(tell).succeeded();
            Child::spawn(|| Child::spawn(tell).succeeded()).succeeded();
            thread::scope(|scope| scope.spawn(tell).join()).expect("a thread");
            let program = probe::command(&PROBES)
                .stdin(Stdio::null())
                .stdout(answers.sender())
                .status();
            assert!(program.expect("spawn").success());
        });
        Self { child, go, answers }
    }

    fn pid(&self) -> i32 {
        self.child.pid()
    }

    fn everybody(&self) -> [String; 5] {
        self.go.send("");
        std::array::from_fn(|_| self.answers.receive())
    }
}
