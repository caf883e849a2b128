// SPDX-License-Identifier: GPL-2.0

//! Associations that have a name: they are there before, between and after their processes,
//! which join them.

use std::net::Ipv4Addr;
use std::thread;

use addrconf_abi::{Target, Terms};
use libc::{EADDRNOTAVAIL, EALREADY, EBUSY, EEXIST, EINVAL, ENOENT, ENOTUNIQ, EPERM};

use crate::addr::{HOST4, ONE, PAIRS, SEVERAL, TWO};
use crate::child::{eventually, in_child, spawn_tenant, stay, Channel, Child};
use crate::client::{associate, entries, narrow, Assignment, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::server::{ask, idle, nobody_answers};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::sys::process;
use crate::tenant::{answer_is, Tenant};

pub fn tests() -> Vec<Test> {
    let mut tests = vec![
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
        behaviour("members_do_not_define_find_or_join", || {
            let shop = Defined::new("shop", ONE);
            let id = shop.id;
            in_child(|| {
                let device = Device::open();
                associate(TWO);
                let own = Target::Pid(std::process::id() as i32);
                let set = entries(TWO);
                let defined = device.define("mine", &set, &Terms::DEFAULT);
                assert_eq!(errno(defined), EPERM);
                assert_eq!(errno(device.undefine(id)), EPERM);
                assert_eq!(errno(device.find("shop")), EPERM);
                assert_eq!(errno(device.join(own, id, false)), EPERM);
            });
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
            device.join(target, shop.id, true).expect("join");
            go.send("");
            assert_eq!(answer.receive(), format!("ok {EADDRNOTAVAIL}"));
            child.succeeded();
        }),
        behaviour("a_name_is_that_of_one_association", || {
            let shop = Defined::new("shop", ONE);
            let device = Device::open();
            let set = entries(TWO);
            let again = device.define("shop", &set, &Terms::DEFAULT);
            assert_eq!(errno(again), ENOTUNIQ);
            in_child(|| {
                let own = Target::Pid(std::process::id() as i32);
                assert_eq!(errno(device.assign(own, &set, "shop")), ENOTUNIQ);
                assert_eq!(errno(device.query(own)), ENOENT);
                device.assign(own, &set, "other").expect("another name");
            });
            // Of one that has only sockets left the name is free.
            let held = Channel::new();
            let keeper = Child::spawn(|| {
                let socket = Sock::v4(Proto::Udp);
                in_child(|| {
                    let own = Target::Pid(std::process::id() as i32);
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
    ];
    for proto in PROTOS {
        let name = proto.name();
        tests.push(behaviour(
            format!("those_that_join_share_the_{name}_loopback"),
            move || {
                let shop = Defined::new("shop", ONE);
                let (mut one, mut other) = (Tenant::host(), Tenant::host());
                shop.take_in(&mut one);
                one.serve("one", Spec::at(proto, "127.0.0.1", 80));
                shop.take_in(&mut other);
                answer_is(&other, proto, "127.0.0.1", 80, "one");
                nobody_answers(proto, ("127.0.0.1", 80));
                let stranger = Tenant::new(TWO);
                assert!(stranger.ask(proto, "127.0.0.1", 80).is_err());
                // The next one finds what the first left.
                drop(other);
                let mut next = Tenant::host();
                shop.take_in(&mut next);
                answer_is(&next, proto, "127.0.0.1", 80, "one");
                one.close("one");
                next.serve("next", Spec::at(proto, "127.0.0.1", 80));
                answer_is(&one, proto, "127.0.0.1", 80, "next");
            },
        ));
        tests.push(behaviour(
            format!("a_{name}_socket_of_a_supervisor_serves_each_start"),
            move || {
                let shop = Defined::new("shop", ONE);
                let (go, ready) = (Channel::new(), Channel::new());
                let supervisor = Child::spawn(|| {
                    let socket = Sock::v4(proto);
                    socket.serve(proto, ("0.0.0.0", 80)).expect("serve");
                    for _ in 0..3 {
                        let start = Child::spawn(|| {
                            shop.enter();
                            ready.send("");
                            match proto {
                                Proto::Tcp => drop(socket.accept().expect("accept")),
                                Proto::Udp => drop(socket.receive().expect("receive")),
                            }
                        });
                        start.succeeded();
                        go.receive();
                    }
                });
                for _ in 0..3 {
                    ready.receive();
                    let client = Sock::v4(proto);
                    client.connect(("10.0.0.1", 80)).expect("connect");
                    let _ = client.send(b"x");
                    go.send("");
                }
                supervisor.succeeded();
            },
        ));
        tests.push(behaviour(
            format!("a_{name}_server_that_is_released_and_assigned_again_serves_on"),
            move || {
                let mut server = Tenant::new(ONE);
                server.serve("me", Spec::wildcard(proto, Kind::V4, 80));
                server.serve("inside", Spec::at(proto, "127.0.0.1", 81));
                let (id, device) = (server.id, Device::open());
                for _ in 0..3 {
                    device.release(Target::Pid(server.pid())).expect("release");
                    server.associate(ONE, &Assignment::DEFAULT);
                    assert_eq!(server.id, id);
                    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("an answer"), "me");
                    answer_is(&server, proto, "127.0.0.1", 81, "inside");
                    nobody_answers(proto, (HOST4, 80));
                    device.release(Target::Association(id)).expect("release");
                    server.associate(ONE, &Assignment::DEFAULT);
                    assert_eq!(server.id, id);
                    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("an answer"), "me");
                }
                // With another set it is another association.
                device.release(Target::Association(id)).expect("release");
                server.associate(TWO, &Assignment::DEFAULT);
                assert_ne!(server.id, id);
            },
        ));
        tests.push(behaviour(
            format!("a_{name}_socket_of_a_supervisor_serves_each_association_with_its_set"),
            move || {
                let (go, ready) = (Channel::new(), Channel::new());
                let supervisor = Child::spawn(|| {
                    let socket = Sock::v4(proto);
                    socket.serve(proto, ("0.0.0.0", 80)).expect("serve");
                    for _ in 0..3 {
                        let start = spawn_tenant(ONE, || {
                            ready.send("");
                            match proto {
                                Proto::Tcp => drop(socket.accept().expect("accept")),
                                Proto::Udp => drop(socket.receive().expect("receive")),
                            }
                        });
                        start.succeeded();
                        go.receive();
                    }
                });
                for _ in 0..3 {
                    ready.receive();
                    let client = Sock::v4(proto);
                    client.connect(("10.0.0.1", 80)).expect("connect");
                    let _ = client.send(b"x");
                    go.send("");
                }
                supervisor.succeeded();
            },
        ));
    }
    tests.push(behaviour(
        "terms_of_a_definition_are_in_force_at_once",
        || {
            let device = Device::open();
            let exclusive = Assignment::EXCLUSIVE.terms;
            let set = entries(PAIRS[0]);
            let shop = device.define("shop", &set, &exclusive).expect("define");
            let _shop = Defined { id: shop.id };
            let host = Tenant::host();
            host.serve("host", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
            nobody_answers(Proto::Tcp, (PAIRS[0][0], 80));
            assert_eq!(ask(Proto::Tcp, (HOST4, 80)).expect("an answer"), "host");
        },
    ));
    tests
}

/// A defined association, which is released and undefined when this is dropped.
struct Defined {
    id: u64,
}

impl Defined {
    fn new(name: &str, set: &[&str]) -> Self {
        let defined = Device::open().define(name, &entries(set), &Terms::DEFAULT);
        let id = defined.unwrap_or_else(|e| panic!("define {name}: {e}")).id;
        Self { id }
    }

    fn describe(&self) -> crate::client::Description {
        let target = Target::Association(self.id);
        Device::open().query(target).expect("query")
    }

    /// Puts this process into it.
    fn enter(&self) {
        let own = Target::Pid(std::process::id() as i32);
        Device::open().join(own, self.id, false).expect("join");
    }

    /// Puts a tenant into it.
    fn take_in(&self, tenant: &mut Tenant) {
        let target = Target::Pid(tenant.pid());
        Device::open().join(target, self.id, false).expect("join");
    }
}

impl Drop for Defined {
    fn drop(&mut self) {
        // A child has a copy, which it drops only if it returns, in the association.
        if let Ok(device) = Device::try_open() {
            let _ = device.release(Target::Association(self.id));
            let _ = device.undefine(self.id);
        }
    }
}

fn errno<T>(result: std::io::Result<T>) -> i32 {
    match result {
        Ok(_) => 0,
        Err(e) => e.raw_os_error().unwrap_or(-1),
    }
}
