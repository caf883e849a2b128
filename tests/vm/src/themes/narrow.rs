// SPDX-License-Identifier: GPL-2.0

//! An associated process can narrow its own set, and cannot widen it.

use std::os::unix::process::CommandExt;
use std::thread;

use addrconf_abi::{Change, Target, LSM_ATTR_CURRENT};
use libc::{EADDRNOTAVAIL, EINVAL, ENOENT, EPERM};

use crate::addr::{HOST4, ONE, PAIRS, PREFIXES};
use crate::child::{as_tenant, eventually, in_child, stay, Channel, Child};
use crate::client::{associate, entries, narrow, narrow_bytes, narrow_to, set_self, Device};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Spec};
use crate::sys::capability::drop_capability;
use crate::tenant::Tenant;

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS
        .into_iter()
        .map(|proto| {
            behaviour(
                format!("{}_wildcards_of_a_narrowed_tenant_mean_less", proto.name()),
                move || {
                    let tenant = Tenant::new(PAIRS[0]);
                    tenant.serve("before", Spec::wildcard(proto, Kind::V4, 80));
                    tenant.narrow(&["10.1.0.1", "2001:db8::1"]).expect("narrow");
                    tenant.serve("after", Spec::wildcard(proto, Kind::V4, 81));
                    assert_eq!(ask(proto, ("10.1.0.1", 81)).expect("no answer"), "after");
                    nobody_answers(proto, ("10.0.0.1", 81));
                    nobody_answers(proto, (HOST4, 81));
                    let opened = tenant.open("gone", Spec::at(proto, "10.0.0.1", 82));
                    let errno = opened
                        .expect_err("the tenant gave the address up")
                        .raw_os_error();
                    assert_eq!(errno, Some(EADDRNOTAVAIL));
                },
            )
        })
        .collect();
    tests.extend([
        behaviour("narrowing_makes_an_association_with_less", || {
            let (ready, go) = (Channel::new(), Channel::new());
            let child = Child::spawn(|| {
                let before = associate(PAIRS[0]);
                ready.send(&before.to_string());
                go.receive();
                narrow(&["10.1.0.1"], "part").expect("narrow");
                ready.send("");
                stay();
            });
            let before: u64 = ready.receive().parse().expect("an id");
            go.send("");
            ready.receive();
            let device = Device::open();
            let found = device.query(Target::Pid(child.pid())).expect("query");
            assert_eq!(found.name, "part");
            assert_eq!(found.addrs, entries(&["10.1.0.1"]));
            assert_eq!((found.tasks, found.id > before), (1, true));
            // The new association is a part of the wider one, which lasts as long.
            let wider = || device.query(Target::Association(before)).expect("query");
            assert_eq!(wider().addrs, entries(PAIRS[0]));
            eventually("a count of 0 tasks in the whole", || wider().tasks == 0);
            drop(child);
            eventually("the end of part and whole", || device.ids().is_empty());
        }),
        behaviour("narrowing_a_part_leaves_the_others_as_they_are", || {
            as_tenant(PAIRS[0], || {
                in_child(|| {
                    narrow(&["10.1.0.1"], "").expect("narrow");
                    assert_eq!(
                        verdicts(&["10.0.0.1", "10.1.0.1"]),
                        format!("{EADDRNOTAVAIL} ok")
                    );
                    in_child(|| {
                        assert_eq!(
                            verdicts(&["10.0.0.1", "10.1.0.1"]),
                            "99 ok",
                            "binding in a child"
                        );
                    });
                });
                assert_eq!(
                    verdicts(&["10.0.0.1", "10.1.0.1"]),
                    "ok ok",
                    "binding in the parent"
                );
            });
        }),
        behaviour("narrowing_needs_no_privilege", || {
            as_tenant(PAIRS[0], || {
                drop_capability(12).expect("capset");
                narrow(&["10.1.0.1"], "").expect("narrow");
                assert_eq!(verdicts(&["10.0.0.1", "10.1.0.1"]), "99 ok");
                let output = probe::command(&["10.0.0.1", "10.1.0.1"])
                    .uid(65534)
                    .output();
                assert_eq!(output.expect("probe").stdout, b"99 ok\n");
            });
        }),
        behaviour("a_prefix_narrows_to_an_address_and_a_longer_prefix", || {
            as_tenant(PREFIXES, || {
                narrow(&["10.1.0.2", "2001:db8:1::/112"], "").expect("narrow");
                let probes = ["10.1.0.1", "10.1.0.2", "2001:db8:1::1"];
                assert_eq!(verdicts(&probes), "99 ok ok");
                narrow(&["10.1.0.2"], "").expect("narrow again");
                assert_eq!(verdicts(&probes), "99 ok 99");
            });
        }),
        behaviour("nobody_can_widen_the_own_set", || {
            as_tenant(PREFIXES, || {
                for set in [
                    &["10.0.0.1"][..],
                    &["10.1.0.1", HOST4],
                    &["10.1.0.0/24"],
                    &["10.1.0.128"],
                    &["127.0.0.1"],
                    &["2001:db8:2::1"],
                ] {
                    let errno = narrow(set, "").err().and_then(|e| e.raw_os_error());
                    assert!(
                        [Some(EPERM), Some(EINVAL)].contains(&errno),
                        "narrowing to {set:?} gave {errno:?}"
                    );
                    assert_eq!(verdicts(&["10.1.0.1", HOST4]), "ok 99");
                }
                narrow(&["10.1.0.1"], "").expect("narrow");
                let back = narrow(PREFIXES, "").expect_err("a narrowed set cannot be widened");
                assert_eq!(back.raw_os_error(), Some(EPERM));
            });
        }),
        behaviour("all_threads_are_narrowed", || {
            as_tenant(PAIRS[0], || {
                let (ready, go, words) = (Channel::new(), Channel::new(), Channel::new());
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            ready.send("");
                            go.receive();
                            words.send(&verdicts(&["10.0.0.1", "10.1.0.1"]));
                        });
                    }
                    (0..4).for_each(|_| drop(ready.receive()));
                    narrow(&["10.1.0.1"], "").expect("narrow");
                    (0..4).for_each(|_| go.send(""));
                });
                for _ in 0..4 {
                    assert_eq!(words.receive(), "99 ok");
                }
            });
        }),
        behaviour("an_unassociated_process_has_nothing_to_narrow", || {
            let error = narrow(ONE, "").expect_err("this process is not associated");
            assert_eq!(error.raw_os_error(), Some(ENOENT));
        }),
        behaviour("a_malformed_narrowing_is_invalid", || {
            as_tenant(ONE, || {
                let valid = narrow_bytes(&entries(&["10.0.0.1"]), "");
                let fails = |bytes: &[u8]| {
                    let error = set_self(LSM_ATTR_CURRENT, bytes).expect_err("it is malformed");
                    assert_eq!(error.raw_os_error(), Some(EINVAL), "{bytes:?}");
                };
                for len in [0, 1, 39, 40, valid.len() - 1] {
                    fails(&valid[..len]);
                }
                fails(&[&valid[..], &[0]].concat());
                for (at, byte) in [
                    (0, 0),
                    (0, 2),
                    (4, 2),
                    (5, 1),
                    (8, b'/'),
                    (40, 9),
                    (42, 33),
                    (43, 1),
                ] {
                    let mut bytes = valid.clone();
                    bytes[at] = byte;
                    fails(&bytes);
                }
                let other = set_self(LSM_ATTR_CURRENT + 1, &valid)
                    .expect_err("only one attribute can be set");
                assert_eq!(other.raw_os_error(), Some(libc::EOPNOTSUPP));
                assert_eq!(verdicts(&["10.0.0.1", "2001:db8::1"]), "ok ok");
                set_self(LSM_ATTR_CURRENT, &valid).expect("the valid one");
                assert_eq!(verdicts(&["10.0.0.1", "2001:db8::1"]), "ok 99");
            });
        }),
        behaviour(
            "a_part_shrinks_with_the_whole_and_does_not_grow_with_it",
            || {
                let tenant = Tenant::new(PAIRS[0]);
                tenant.narrow(&["10.0.0.1", "10.1.0.1"]).expect("narrow");
                tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
                let whole = Target::Association(tenant.id);
                let device = Device::open();
                let update = |change, set: &[&str]| {
                    let updated = device.update(whole, change, set, false);
                    assert_eq!(updated.expect("update"), 0);
                };
                let part_is = |set: &[&str]| {
                    let found = device.query(Target::Pid(tenant.pid())).expect("query");
                    assert_ne!(found.id, tenant.id);
                    assert_eq!(found.addrs, entries(set));
                };
                update(Change::Add, &["10.0.0.2"]);
                part_is(&["10.0.0.1", "10.1.0.1"]);
                nobody_answers(Proto::Tcp, ("10.0.0.2", 80));
                update(Change::Remove, &["10.0.0.1"]);
                part_is(&["10.1.0.1"]);
                nobody_answers(Proto::Tcp, ("10.0.0.1", 80));
                assert_eq!(ask(Proto::Tcp, ("10.1.0.1", 80)).expect("no answer"), "me");
                update(Change::Replace, &["10.0.0.1"]);
                part_is(&[]);
                nobody_answers(Proto::Tcp, ("10.1.0.1", 80));
                nobody_answers(Proto::Tcp, ("10.0.0.1", 80));
            },
        ),
        behaviour("a_part_ends_with_the_whole", || {
            let tenant = Tenant::new(PAIRS[0]);
            tenant.narrow(&["10.1.0.1"]).expect("narrow");
            let device = Device::open();
            let released = device.release(Target::Association(tenant.id));
            assert_eq!(released.expect("release"), 1);
            device
                .query(Target::Pid(tenant.pid()))
                .expect_err("the process was released");
            eventually("the end of part and whole", || device.ids().is_empty());
        }),
        everywhere("narrowing_without_an_association_is_an_error", || {
            narrow_to(&entries(ONE), "").expect_err("this process is not associated");
        }),
        behaviour("a_narrowed_tenant_has_a_loopback_of_its_own", || {
            let tenant = Tenant::new(PAIRS[0]);
            tenant.serve("before", Spec::at(Proto::Tcp, "127.0.0.1", 80));
            tenant.narrow(&["10.1.0.1"]).expect("narrow");
            tenant.serve("after", Spec::at(Proto::Tcp, "127.0.0.1", 80));
            let word = tenant.ask(Proto::Tcp, "127.0.0.1", 80);
            assert_eq!(word.expect("no answer"), "after");
        }),
    ]);
    tests
}
