// SPDX-License-Identifier: GPL-2.0

//! Associations are released if they are unused: all that are meant, or none.

use addrconf_abi::Target;
use libc::EBUSY;

use crate::addr::{ip, ONE, SEVERAL, TWO};
use crate::child::{eventually, spawn_tenant, stay, Channel, Child};
use crate::client::{errno, narrow, Device};
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sock::{Proto, Sock};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("with_a_socket_open_nothing_is_released", || {
            let device = Device::open();
            let (go, answer) = (Channel::new(), Channel::new());
            let (used, other) = (holder(ONE, &go, &answer), idle(TWO));
            for target in [Target::All, of(&used)] {
                assert_eq!(errno(device.release_unused(target)), EBUSY);
            }
            assert_eq!((members(&used), members(&other)), (Some(1), Some(1)));
            // Both are as they were: the one cannot use what it does not have.
            go.send("");
            assert_eq!(answer.receive(), format!("{}", libc::EADDRNOTAVAIL));
            // What is not meant does not matter.
            assert_eq!(device.release_unused(of(&other)).expect("release"), 1);
            assert_eq!(members(&other), None);
            go.send("");
            answer.receive();
            let tasks = device.release_unused(Target::All);
            assert_eq!(tasks.expect("release without sockets"), 1);
            assert_eq!(members(&used), None);
            eventually("the end of both", || device.ids().is_empty());
        }),
        behaviour("a_part_with_a_socket_is_in_the_way_as_well", || {
            let device = Device::open();
            let (go, answer) = (Channel::new(), Channel::new());
            let whole = spawn_tenant(SEVERAL, || {
                std::mem::forget(Child::spawn(|| {
                    narrow(&SEVERAL[..1], "").expect("narrow");
                    hold(&go, &answer);
                }));
                stay();
            });
            answer.receive();
            let target = of(&whole);
            assert_eq!(errno(device.release_unused(target)), EBUSY);
            assert!(members(&whole).is_some());
            go.send("");
            answer.receive();
            go.send("");
            answer.receive();
            assert_eq!(device.release_unused(target).expect("release"), 2);
        }),
        behaviour("a_process_is_released_whatever_it_has", || {
            let (go, answer) = (Channel::new(), Channel::new());
            let used = holder(ONE, &go, &answer);
            let device = Device::open();
            let target = Target::Pid(used.pid());
            assert_eq!(errno(device.release_unused(target)), libc::EINVAL);
            assert_eq!(members(&used), Some(1));
            assert_eq!(device.release(target).expect("release"), 1);
        }),
        behaviour("releasing_nothing_succeeds", || {
            let released = Device::open().release_unused(Target::All);
            assert_eq!(released.expect("release"), 0);
        }),
    ]
}

/// A tenant with a socket: see [`hold`].
fn holder(set: &[&str], go: &Channel, answer: &Channel) -> Child {
    let child = spawn_tenant(set, || hold(go, answer));
    answer.receive();
    child
}

/// Holds a socket. Asked for the first time, tries to use an address of others, and asked
/// once more, closes it.
fn hold(go: &Channel, answer: &Channel) -> ! {
    let socket = Sock::v4(Proto::Udp);
    answer.send("");
    go.receive();
    let foreign = socket.bind((ip("10.0.0.2"), 0));
    answer.send(&errno(foreign).to_string());
    go.receive();
    drop(socket);
    answer.send("");
    stay()
}

fn of(tenant: &Child) -> Target {
    let found = Device::open().query(Target::Pid(tenant.pid()));
    Target::Association(found.expect("query").id)
}

/// How many tasks its association has, if it is in one.
fn members(tenant: &Child) -> Option<u64> {
    let found = Device::open().query(Target::Pid(tenant.pid()));
    found.ok().map(|found| found.tasks)
}
