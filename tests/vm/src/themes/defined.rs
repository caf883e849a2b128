// SPDX-License-Identifier: GPL-2.0

//! Defined associations: they have a name, and are there before, between and after their
//! processes.

use std::net::Ipv4Addr;

use addrconf_abi::{Target, Terms};
use libc::{EADDRNOTAVAIL, EALREADY, ENOENT, ENOTUNIQ, EPERM};

use crate::addr::{HOST4, ONE, PAIRS, TWO};
use crate::child::{eventually, in_child, stay, Channel, Child};
use crate::client::{associate, entries, errno, this_process, Assignment, Device};
use crate::defined::Defined;
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::{ask, idle, nobody_answers};
use crate::sock::{Proto, Sock};
use crate::spec::{Kind, Spec};
use crate::tenant::Tenant;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("a_defined_association_is_there_without_tasks", || {
            let shop = Defined::new("shop", ONE);
            let found = shop.describe();
            assert_eq!((found.name.as_str(), found.tasks), ("shop", 0));
            assert!(found.defined && found.loopback.is_loopback());
            assert_ne!(found.loopback, Ipv4Addr::LOCALHOST);
            let device = Device::open();
            assert_eq!(device.find("shop").expect("find"), shop.id);
            let sure = || device.ids().contains(&shop.id);
            assert!(sure());
            // Others come and go.
            drop(idle(TWO));
            assert!(sure());
            assert_eq!(device.undefine(shop.id).expect("undefine"), 0);
            eventually("its end", || !device.ids().contains(&shop.id));
            assert_eq!(errno(device.find("shop")), ENOENT);
            assert_eq!(errno(device.undefine(shop.id)), ENOENT);
        }),
        behaviour("it_stays_when_its_processes_come_and_go", || {
            let shop = Defined::new("shop", ONE);
            for _ in 0..3 {
                let (go, answer) = (Channel::new(), Channel::new());
                let child = Child::spawn(|| {
                    shop.enter();
                    answer.send(&verdicts(&["10.0.0.1", HOST4]));
                    go.receive();
                });
                assert_eq!(answer.receive(), format!("ok {EADDRNOTAVAIL}"));
                assert_eq!(shop.describe().pids, vec![child.pid()]);
                go.send("");
                child.succeeded();
                eventually("the end of its task", || shop.describe().tasks == 0);
            }
        }),
        behaviour("it_ends_with_its_last_process_once_undefined", || {
            let shop = Defined::new("shop", ONE);
            let mut tenant = Tenant::host();
            shop.take_in(&mut tenant);
            let device = Device::open();
            assert_eq!(device.undefine(shop.id).expect("undefine"), 1);
            assert_eq!(errno(device.undefine(shop.id)), EALREADY);
            tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            assert_eq!(ask(Proto::Tcp, ("10.0.0.1", 80)).expect("an answer"), "me");
            drop(tenant);
            eventually("its end", || !device.ids().contains(&shop.id));
        }),
        behaviour("members_do_not_define_find_or_join", || {
            let shop = Defined::new("shop", ONE);
            let id = shop.id;
            in_child(|| {
                let device = Device::open();
                associate(TWO);
                let own = this_process();
                let set = entries(TWO);
                let defined = device.define("mine", &set, &Terms::DEFAULT);
                assert_eq!(errno(defined), EPERM);
                assert_eq!(errno(device.undefine(id)), EPERM);
                assert_eq!(errno(device.find("shop")), EPERM);
                assert_eq!(errno(device.join(own, id, false)), EPERM);
            });
        }),
        behaviour("a_name_is_that_of_one_association", || {
            let shop = Defined::new("shop", ONE);
            let device = Device::open();
            let set = entries(TWO);
            let again = device.define("shop", &set, &Terms::DEFAULT);
            assert_eq!(errno(again), ENOTUNIQ);
            in_child(|| {
                let own = this_process();
                assert_eq!(errno(device.assign(own, &set, "shop")), ENOTUNIQ);
                assert_eq!(errno(device.query(own)), ENOENT);
                device.assign(own, &set, "other").expect("another name");
            });
            // Of one that has only sockets left the name is free.
            let held = Channel::new();
            let keeper = Child::spawn(|| {
                let socket = Sock::v4(Proto::Udp);
                in_child(|| {
                    let own = this_process();
                    device.assign(own, &set, "passing").expect("assign");
                    socket.bind(("0.0.0.0", 0)).expect("bind");
                });
                held.send("");
                let _socket = socket;
                stay()
            });
            held.receive();
            let found = device.find("passing").expect("it has a socket");
            let target = Target::Association(found);
            eventually("its task to be gone", || {
                device.query(target).is_ok_and(|found| found.tasks == 0)
            });
            let next = Defined::new("passing", TWO);
            assert_eq!(device.find("passing").expect("find"), next.id);
            drop(keeper);
            eventually("the end of the first", || device.query(target).is_err());
            assert_eq!(device.find("passing").expect("find"), next.id);
            assert_eq!(device.find("shop").expect("find"), shop.id);
        }),
        behaviour("releasing_everything_undefines", || {
            let device = Device::open();
            let (shop, mail) = (Defined::new("shop", ONE), Defined::new("mail", TWO));
            let mut tenant = Tenant::host();
            shop.take_in(&mut tenant);
            assert_eq!(device.release(Target::All).expect("release"), 1);
            eventually("the end of both", || {
                !device
                    .ids()
                    .iter()
                    .any(|id| [shop.id, mail.id].contains(id))
            });
        }),
        behaviour("terms_of_a_definition_are_in_force_at_once", || {
            let exclusive = Assignment::EXCLUSIVE.terms;
            let _shop = Defined::on(&exclusive, "shop", PAIRS[0]);
            let host = Tenant::host();
            host.serve("host", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            nobody_answers(Proto::Tcp, (PAIRS[0][0], 80));
            assert_eq!(ask(Proto::Tcp, (HOST4, 80)).expect("an answer"), "host");
        }),
    ]
}
