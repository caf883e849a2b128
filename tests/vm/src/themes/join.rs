// SPDX-License-Identifier: GPL-2.0

//! Processes join an association that is there: all their tasks, or none.

use std::thread;

use addrconf_abi::Target;
use libc::{EADDRNOTAVAIL, EBUSY, EEXIST, EINVAL, ENOENT};

use crate::addr::{HOST4, ONE, SEVERAL, TWO};
use crate::child::{eventually, in_child, spawn_tenant, stay, Channel, Child};
use crate::client::{errno, narrow, Device};
use crate::defined::Defined;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::{ask, idle};
use crate::sock::{Proto, Sock};
use crate::spec::{Kind, Spec};
use crate::sys::process;
use crate::tenant::Tenant;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("released_processes_are_free_and_others_join", || {
            let shop = Defined::new("shop", ONE);
            let (go, answer) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| loop {
                go.receive();
                answer.send(&verdicts(&["10.0.0.1", HOST4]));
            });
            let verdict = || {
                go.send("");
                answer.receive()
            };
            let device = Device::open();
            let target = Target::Pid(child.pid());
            for _ in 0..3 {
                device.join(target, shop.id, false).expect("join");
                assert_eq!(verdict(), format!("ok {EADDRNOTAVAIL}"));
                let released = device.release(Target::Association(shop.id));
                assert_eq!(released.expect("release"), 1);
                assert_eq!(verdict(), "ok ok");
                let found = shop.describe();
                assert!(found.defined && found.pids.is_empty());
            }
            device.join(target, shop.id, false).expect("join");
            assert_eq!(device.release(target).expect("release"), 1);
            assert_eq!(verdict(), "ok ok");
        }),
        behaviour("children_of_those_that_join_are_members", || {
            let shop = Defined::new("shop", ONE);
            let (pids, go) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                let before = Child::spawn(|| stay());
                pids.send(&before.pid().to_string());
                go.receive();
                let after = Child::spawn(|| stay());
                pids.send(&after.pid().to_string());
                stay()
            });
            let before: i32 = pids.receive().parse().expect("a pid");
            let device = Device::open();
            let target = Target::Pid(child.pid());
            device.join(target, shop.id, false).expect("join");
            go.send("");
            let after: i32 = pids.receive().parse().expect("a pid");
            let sorted = |mut pids: Vec<i32>| {
                pids.sort_unstable();
                pids
            };
            let two = sorted(vec![child.pid(), after]);
            assert_eq!(sorted(shop.describe().pids), two);
            device
                .release(Target::Association(shop.id))
                .expect("release");
            device
                .join(target, shop.id, true)
                .expect("join with children");
            let three = sorted(vec![child.pid(), before, after]);
            assert_eq!(sorted(shop.describe().pids), three);
        }),
        behaviour("a_tree_may_have_members_already", || {
            let shop = Defined::new("shop", ONE);
            let ready = Channel::new();
            let child = Child::spawn(|| {
                let inner = Child::spawn(|| {
                    shop.enter();
                    ready.send("");
                    stay()
                });
                std::mem::forget(inner);
                stay()
            });
            ready.receive();
            let device = Device::open();
            let target = Target::Pid(child.pid());
            device.join(target, shop.id, true).expect("join");
            assert_eq!(shop.describe().tasks, 2);
            assert_eq!(errno(device.join(target, shop.id, true)), EEXIST);
        }),
        behaviour("a_process_of_another_association_does_not_join", || {
            let shop = Defined::new("shop", ONE);
            let other = idle(TWO);
            let device = Device::open();
            let joined = device.join(Target::Pid(other.pid()), shop.id, false);
            assert_eq!(errno(joined), EEXIST);
            assert_eq!(shop.describe().tasks, 0);
            // Nor does one with such a child.
            let ready = Channel::new();
            let parent = Child::spawn(|| {
                std::mem::forget(spawn_tenant(TWO, || {
                    ready.send("");
                    stay()
                }));
                stay()
            });
            ready.receive();
            let joined = device.join(Target::Pid(parent.pid()), shop.id, true);
            assert_eq!(errno(joined), EEXIST);
            eventually("nobody to be in it", || shop.describe().tasks == 0);
        }),
        behaviour("nobody_joins_with_a_bypass_and_others_stay", || {
            let shop = Defined::new("shop", ONE);
            let mut member = Tenant::host();
            shop.take_in(&mut member);
            member.serve("me", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            let ready = Channel::new();
            let child = Child::spawn(|| {
                let packets = Sock::new(libc::AF_PACKET, libc::SOCK_DGRAM, 0).expect("a socket");
                ready.send("");
                let _packets = packets;
                stay()
            });
            ready.receive();
            let device = Device::open();
            let target = Target::Pid(child.pid());
            assert_eq!(errno(device.join(target, shop.id, false)), EBUSY);
            assert_eq!(errno(device.query(target)), ENOENT);
            eventually("one task", || shop.describe().tasks == 1);
            assert_eq!(shop.describe().pids, vec![member.pid()]);
            assert_eq!(ask(Proto::Tcp, ("10.0.0.1", 80)).expect("an answer"), "me");
        }),
        behaviour("a_process_that_forks_joins_whole_or_not_at_all", || {
            let shop = Defined::new("shop", ONE);
            let (go, answer) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                let packets = Sock::new(libc::AF_PACKET, libc::SOCK_DGRAM, 0).expect("a socket");
                thread::spawn(|| loop {
                    Child::spawn(|| ()).succeeded();
                });
                answer.send("");
                go.receive();
                drop(packets);
                answer.send("");
                go.receive();
                in_child(|| answer.send(&verdicts(&["10.0.0.1", HOST4])));
                process::exit_now(0)
            });
            answer.receive();
            let device = Device::open();
            let target = Target::Pid(child.pid());
            for _ in 0..5 {
                assert_eq!(errno(device.join(target, shop.id, true)), EBUSY);
                assert_eq!(errno(device.query(target)), ENOENT);
                eventually("nobody to be in it", || shop.describe().tasks == 0);
            }
            go.send("");
            answer.receive();
            // A child that was made before has the packet socket until it ends.
            eventually("a join", || match device.join(target, shop.id, true) {
                Err(e) if e.raw_os_error() == Some(EBUSY) => false,
                joined => {
                    joined.expect("join");
                    true
                }
            });
            go.send("");
            assert_eq!(answer.receive(), format!("ok {EADDRNOTAVAIL}"));
            child.succeeded();
        }),
        behaviour("parts_are_not_joined_nor_found_by_name", || {
            let shop = Defined::new("shop", SEVERAL);
            let (go, answer) = (Channel::new(), Channel::new());
            let part = Child::spawn(|| {
                shop.enter();
                narrow(&SEVERAL[..1], "corner").expect("narrow");
                answer.send("");
                go.receive();
                stay()
            });
            answer.receive();
            let device = Device::open();
            let found = device.query(Target::Pid(part.pid())).expect("query");
            assert_eq!(found.name, "corner");
            assert_eq!(errno(device.find("corner")), ENOENT);
            let child = Child::spawn(|| stay());
            let target = Target::Pid(child.pid());
            assert_eq!(errno(device.join(target, found.id, false)), EINVAL);
            device.join(target, shop.id, false).expect("join the whole");
            // The release takes all out, and only the part ends.
            let released = device.release(Target::Association(shop.id));
            assert_eq!(released.expect("release"), 2);
            eventually("the end of the part", || {
                device.query(Target::Association(found.id)).is_err()
            });
            assert!(shop.describe().defined);
            device.join(target, shop.id, false).expect("join once more");
        }),
        behaviour("those_that_join_at_the_same_time_all_do", || {
            let shop = Defined::new("shop", ONE);
            let children: Vec<_> = (0..8)
                .map(|_| {
                    Child::spawn(|| {
                        shop.enter();
                        assert_eq!(verdicts(&[HOST4]), EADDRNOTAVAIL.to_string());
                    })
                })
                .collect();
            children.into_iter().for_each(Child::succeeded);
            eventually("the end of their tasks", || shop.describe().tasks == 0);
        }),
    ]
}
