// SPDX-License-Identifier: GPL-2.0

//! Processes are moved from one association to another: all their tasks, or none.

use std::thread;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, EBUSY, EEXIST, EINVAL, ENOENT};

use crate::addr::{ONE, SEVERAL, TWO};
use crate::child::{eventually, stay, Channel, Child};
use crate::client::{errno, narrow, Device};
use crate::defined::Defined;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::{ask, idle, nobody_answers};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::sys::trace::{detach, interrupt, seize, wait_for_stop};
use crate::tenant::{answer_is, Tenant};

/// What a member of the association with [`ONE`], and of that with [`TWO`], may bind of both.
const IN_ONE: &str = "ok 99";
const IN_TWO: &str = "99 ok";

/// How often a process is moved in vain.
const TIMES: usize = 5;

/// The two.
fn two() -> (Defined, Defined) {
    (Defined::new("shop", ONE), Defined::new("blog", TWO))
}

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
        behaviour(
            "a_process_moves_with_its_threads_and_later_children",
            || {
                let (shop, blog) = two();
                let (go, answer) = (Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    shop.enter();
                    let before = Child::spawn(|| {
                        stay();
                    });
                    answer.send(&before.pid().to_string());
                    thread::scope(|scope| {
                        scope.spawn(|| loop {
                            go.receive();
                            let own = verdicts(&[ONE[0], TWO[0]]);
                            let child = Child::spawn(|| {
                                answer.send(&format!("{own}, {}", verdicts(&[ONE[0], TWO[0]])));
                            });
                            child.succeeded();
                        });
                    });
                });
                let before: i32 = answer.receive().parse().expect("a pid");
                let device = Device::open();
                let target = Target::Pid(child.pid());
                let are_in = |expected: &str| {
                    go.send("");
                    assert_eq!(answer.receive(), format!("{expected}, {expected}"));
                };
                are_in(IN_ONE);
                device.move_to(target, blog.id, false, false).expect("move");
                are_in(IN_TWO);
                // Children that have exited count until they are freed.
                let are = |in_shop: &[i32], in_blog: &[i32]| {
                    let pids = |defined: &Defined| {
                        let mut pids = defined.describe().pids;
                        pids.sort_unstable();
                        pids
                    };
                    eventually("only these to be there", || {
                        pids(&shop) == in_shop && pids(&blog) == in_blog
                    });
                };
                are(&[before], &[child.pid()]);
                device.move_to(target, shop.id, false, false).expect("back");
                are_in(IN_ONE);
                device.move_to(target, blog.id, true, false).expect("tree");
                are_in(IN_TWO);
                let mut both = vec![child.pid(), before];
                both.sort_unstable();
                are(&[], &both);
            },
        ),
        behaviour(
            "who_is_in_no_association_or_in_that_one_does_not_move",
            || {
                let (shop, blog) = two();
                let device = Device::open();
                let outside = Child::spawn(|| stay());
                let target = Target::Pid(outside.pid());
                let moved = device.move_to(target, shop.id, false, false);
                assert_eq!(errno(moved), ENOENT);
                device.join(target, shop.id, false).expect("join");
                let moved = device.move_to(target, shop.id, false, false);
                assert_eq!(errno(moved), EEXIST);
                let moved = device.move_to(target, 77, false, false);
                assert_eq!(errno(moved), ENOENT);
                assert_eq!(shop.describe().pids, vec![outside.pid()]);
                assert!(blog.describe().pids.is_empty());
            },
        ),
        behaviour("a_tree_moves_from_one_association_only", || {
            let (shop, blog) = two();
            let (go, ready) = (Channel::new(), Channel::new());
            let parent = Child::spawn(|| {
                shop.enter();
                let child = Child::spawn(|| {
                    narrow(&ONE[..1], "").expect("narrow");
                    ready.send("");
                    stay()
                });
                go.receive();
                drop(child);
                ready.send("");
                stay()
            });
            ready.receive();
            let device = Device::open();
            let target = Target::Pid(parent.pid());
            let moved = device.move_to(target, blog.id, true, false);
            assert_eq!(errno(moved), EEXIST);
            eventually("both to be back", || shop.describe().pids == [parent.pid()]);
            assert!(blog.describe().pids.is_empty());
            go.send("");
            ready.receive();
            device.move_to(target, blog.id, true, false).expect("move");
            assert_eq!(blog.describe().pids, vec![parent.pid()]);
        }),
        behaviour(
            "a_part_moves_to_its_whole_and_elsewhere_but_nobody_to_a_part",
            || {
                let whole = Defined::new("shop", SEVERAL);
                let blog = Defined::new("blog", TWO);
                let ready = Channel::new();
                let part = Child::spawn(|| {
                    whole.enter();
                    narrow(&SEVERAL[..1], "corner").expect("narrow");
                    ready.send("");
                    stay()
                });
                ready.receive();
                let device = Device::open();
                let target = Target::Pid(part.pid());
                let id = device.query(target).expect("query").id;
                let other = idle(TWO);
                let moved = device.move_to(Target::Pid(other.pid()), id, false, false);
                assert_eq!(errno(moved), EINVAL);
                device
                    .move_to(target, whole.id, false, false)
                    .expect("move");
                assert_eq!(device.query(target).expect("query").id, whole.id);
                eventually("the end of the part", || {
                    device.query(Target::Association(id)).is_err()
                });
                device.move_to(target, blog.id, false, false).expect("move");
                assert_eq!(device.query(target).expect("query").id, blog.id);
            },
        ),
        behaviour(
            "an_association_ends_when_its_last_process_moves_away",
            || {
                let blog = Defined::new("blog", TWO);
                let device = Device::open();
                let child = idle(ONE);
                let target = Target::Pid(child.pid());
                let id = device.query(target).expect("query").id;
                device.move_to(target, blog.id, false, false).expect("move");
                eventually("the end", || device.query(Target::Association(id)).is_err());
                assert_eq!(device.ids(), vec![blog.id]);
            },
        ),
        behaviour("who_has_a_bypass_for_the_other_stays_where_it_is", || {
            let (shop, blog) = two();
            let (go, ready) = (Channel::new(), Channel::new());
            let tracer = Child::spawn(|| {
                shop.enter();
                let server = Sock::v4(Proto::Tcp);
                server.bind(("0.0.0.0", 80)).expect("bind");
                server.listen().expect("listen");
                let child = Child::spawn(|| stay());
                seize(child.pid()).expect("trace");
                thread::scope(|scope| {
                    scope.spawn(|| {
                        let mut answered = 0;
                        while answered < TIMES {
                            match server.accept() {
                                Ok((client, _)) => client.send(b"me").expect("send"),
                                // Called while it was in the other.
                                Err(e) if e.raw_os_error() == Some(EADDRNOTAVAIL) => continue,
                                Err(e) => panic!("accept: {e}"),
                            };
                            answered += 1;
                        }
                    });
                    ready.send("");
                    go.receive();
                    interrupt(child.pid()).expect("interrupt");
                    wait_for_stop(child.pid()).expect("a stop");
                    detach(child.pid()).expect("detach");
                    ready.send("");
                    stay()
                });
            });
            ready.receive();
            let device = Device::open();
            let target = Target::Pid(tracer.pid());
            for _ in 0..TIMES {
                let moved = device.move_to(target, blog.id, false, false);
                assert_eq!(errno(moved), EBUSY);
                assert_eq!(device.query(target).expect("query").id, shop.id);
                assert_eq!(ask(Proto::Tcp, (ONE[0], 80)).expect("an answer"), "me");
            }
            eventually("nobody to be in it", || blog.describe().tasks == 0);
            go.send("");
            ready.receive();
            device.move_to(target, blog.id, false, false).expect("move");
            assert_eq!(device.query(target).expect("query").id, blog.id);
        }),
    ];
    for proto in PROTOS {
        tests.push(behaviour(
            format!(
                "{}_sockets_stay_with_the_association_that_is_left",
                proto.name()
            ),
            move || {
                let (shop, blog) = two();
                let mut server = Tenant::host();
                shop.take_in(&mut server);
                server.serve("before", Spec::wildcard(proto, Kind::V4, 80));
                server.serve("inside", Spec::at(proto, "127.0.0.1", 81));
                let device = Device::open();
                let target = Target::Pid(server.pid());
                device.move_to(target, blog.id, false, false).expect("move");
                assert!(ask(proto, (ONE[0], 80)).is_err(), "it serves what it left");
                nobody_answers(proto, (TWO[0], 80));
                server.serve("after", Spec::wildcard(proto, Kind::V4, 80));
                assert_eq!(ask(proto, (TWO[0], 80)).expect("an answer"), "after");
                let mut other = Tenant::host();
                blog.take_in(&mut other);
                answer_is(&other, proto, TWO[0], 80, "after");
                assert!(other.ask(proto, "127.0.0.1", 81).is_err());
                // In the one that it left they are of use again.
                device.move_to(target, shop.id, false, false).expect("back");
                assert_eq!(ask(proto, (ONE[0], 80)).expect("an answer"), "before");
            },
        ));
    }
    for reset in [false, true] {
        let what = if reset { "end" } else { "cannot_be_used" };
        tests.push(behaviour(
            format!("connections_of_a_process_that_moves_{what}"),
            move || connection(reset),
        ));
    }
    tests
}

/// A connection of a process that moves, which is reset or not.
fn connection(reset: bool) {
    let (shop, blog) = two();
    let (go, answer) = (Channel::new(), Channel::new());
    let server = Child::spawn(|| {
        shop.enter();
        let socket = Sock::v4(Proto::Tcp);
        socket.bind(("0.0.0.0", 80)).expect("bind");
        socket.listen().expect("listen");
        answer.send("");
        let (client, _) = socket.accept().expect("accept");
        client.send(b"x").expect("send");
        answer.send("");
        go.receive();
        let sent = client.send(b"y");
        answer.send(
            &sent
                .map_or_else(|e| e.raw_os_error().unwrap_or(0), |_| 0)
                .to_string(),
        );
        stay()
    });
    answer.receive();
    let client = Sock::v4(Proto::Tcp);
    client.connect((ONE[0], 80)).expect("connect");
    answer.receive();
    client.receive().expect("the first byte");
    let device = Device::open();
    let target = Target::Pid(server.pid());
    device.move_to(target, blog.id, false, reset).expect("move");
    go.send("");
    let errno = answer.receive();
    assert_ne!(errno, "0");
    if reset {
        assert!(client.receive().is_err(), "the connection goes on");
    } else {
        assert_eq!(errno, EADDRNOTAVAIL.to_string());
    }
}
