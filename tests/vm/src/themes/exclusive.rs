// SPDX-License-Identifier: GPL-2.0

//! Exclusive addresses: wildcard sockets of the host receive nothing there.

use std::fs::read_to_string;

use addrconf_abi::{Change, Target, SYSFS_PATH};
use libc::EADDRINUSE;

use crate::addr::{HOST4, HOST6, ONE, PAIRS, TWO};
use crate::child::eventually;
use crate::client::{Assignment, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Spec};
use crate::tenant::Tenant;

/// How many associations end while an address becomes exclusive.
const ROUNDS: usize = 20;

const EXCLUSIVE: Assignment = Assignment::EXCLUSIVE;

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        let name = |what: &str| format!("{}_{what}", proto.name());
        let wildcard = move |port| Spec::wildcard(proto, Kind::Dual, port);
        tests.extend([
            behaviour(
                name("servers_of_the_host_and_an_exclusive_tenant_coexist"),
                {
                    move || {
                        // Another port each, as connections of the first round may keep
                        // theirs for a while.
                        for (port, host_first) in [(22, true), (23, false)] {
                            let (host, tenant) =
                                (Tenant::host(), Tenant::with(PAIRS[0], &EXCLUSIVE));
                            if host_first {
                                host.serve("host", wildcard(port));
                            }
                            tenant.serve("tenant", wildcard(port));
                            if !host_first {
                                host.serve("host", wildcard(port));
                            }
                            for addr in PAIRS[0] {
                                assert_eq!(ask(proto, (*addr, port)).expect("no answer"), "tenant");
                            }
                            for addr in [HOST4, HOST6, "10.1.0.2", "127.0.0.1", "::1"] {
                                assert_eq!(ask(proto, (addr, port)).expect("no answer"), "host");
                            }
                        }
                    }
                },
            ),
            behaviour(
                name("wildcard_of_the_host_leaves_exclusive_addresses_alone"),
                {
                    move || {
                        let host = Tenant::host();
                        host.serve("host", wildcard(22));
                        assert_eq!(ask(proto, ("10.0.0.1", 22)).expect("no answer"), "host");
                        let tenant = Tenant::with(ONE, &EXCLUSIVE);
                        for addr in ONE {
                            nobody_answers(proto, (*addr, 22));
                        }
                        nobody_answers(proto, (std::net::IpAddr::from(tenant.loopback), 22));
                        assert_eq!(ask(proto, (HOST4, 22)).expect("no answer"), "host");
                        drop(tenant);
                        eventually("the end of the association", || {
                            Device::open().ids().is_empty()
                        });
                        assert_eq!(ask(proto, ("10.0.0.1", 22)).expect("no answer"), "host");
                    }
                },
            ),
            behaviour(
                name("wildcard_of_the_host_receives_what_is_not_exclusive"),
                {
                    move || {
                        let (host, _tenant) = (Tenant::host(), Tenant::new(ONE));
                        host.serve("host", wildcard(22));
                        assert_eq!(ask(proto, ("10.0.0.1", 22)).expect("no answer"), "host");
                    }
                },
            ),
            behaviour(
                name("socket_of_the_host_bound_to_an_exclusive_address_receives"),
                {
                    move || {
                        let (host, tenant) = (Tenant::host(), Tenant::with(ONE, &EXCLUSIVE));
                        host.serve("host", Spec::at(proto, ONE[0], 22));
                        assert_eq!(ask(proto, (ONE[0], 22)).expect("no answer"), "host");
                        let opened = tenant.open("tenant", Spec::wildcard(proto, Kind::V4, 22));
                        let errno = opened.expect_err("the host has the port").raw_os_error();
                        assert_eq!(errno, Some(EADDRINUSE));
                    }
                },
            ),
            behaviour(name("exclusive_addresses_follow_an_update"), move || {
                let (host, tenant) = (Tenant::host(), Tenant::with(ONE, &EXCLUSIVE));
                host.serve("host", wildcard(22));
                tenant.serve("tenant", wildcard(22));
                let id = Target::Association(tenant.id);
                let update = |change, set: &[&str]| {
                    let updated = Device::open().update(id, change, set, false);
                    assert_eq!(updated.expect("update"), 0);
                };
                assert_eq!(ask(proto, ("10.1.0.3", 22)).expect("no answer"), "host");
                update(Change::Add, &["10.1.0.0/24"]);
                assert_eq!(ask(proto, ("10.1.0.3", 22)).expect("no answer"), "tenant");
                update(Change::Remove, &["10.1.0.0/24"]);
                assert_eq!(ask(proto, ("10.1.0.3", 22)).expect("no answer"), "host");
            }),
            behaviour(
                name("three_exclusive_tenants_and_the_host_have_one_port"),
                {
                    move || {
                        let host = Tenant::host();
                        host.serve("host", wildcard(80));
                        let tenants = [ONE, TWO, crate::addr::THREE].map(|set| {
                            let tenant = Tenant::with(set, &EXCLUSIVE);
                            tenant.serve(set[0], wildcard(80));
                            (set, tenant)
                        });
                        for (set, tenant) in &tenants {
                            for addr in *set {
                                assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), set[0]);
                            }
                            let word = tenant.ask(proto, "127.0.0.1", 80).expect("no answer");
                            assert_eq!(word, set[0]);
                            // Tenants reach the host as any client does.
                            assert_eq!(tenant.ask(proto, HOST4, 80).expect("no answer"), "host");
                        }
                    }
                },
            ),
            everywhere(
                name("wildcard_of_the_host_answers_everywhere_without_tenants"),
                {
                    move || {
                        let host = Tenant::host();
                        host.serve("host", wildcard(22));
                        for addr in crate::addr::EVERYWHERE {
                            assert_eq!(
                                ask(proto, (*addr, 22)).expect("no answer"),
                                "host",
                                "{addr}"
                            );
                        }
                    }
                },
            ),
        ]);
    }
    tests.push(behaviour(
        "an_address_becomes_exclusive_while_another_association_ends",
        || {
            let (host, tenant) = (Tenant::host(), Tenant::with(ONE, &EXCLUSIVE));
            host.serve("host", Spec::wildcard(Proto::Tcp, Kind::V4, 22));
            let update = |change| {
                let id = Target::Association(tenant.id);
                let updated = Device::open().update(id, change, &["10.1.0.3"], false);
                assert_eq!(updated.expect("update"), 0);
            };
            for _ in 0..ROUNDS {
                // The module's work queue takes its addresses back a little later.
                drop(Tenant::with(TWO, &EXCLUSIVE));
                update(Change::Add);
                nobody_answers(Proto::Tcp, ("10.1.0.3", 22));
                update(Change::Remove);
            }
        },
    ));
    tests.push(behaviour("exclusive_associations_are_told_as_such", || {
        for (terms, exclusive) in [(EXCLUSIVE, true), (Assignment::DEFAULT, false)] {
            let tenant = Tenant::with(ONE, &terms);
            let found = Device::open().query(Target::Pid(tenant.pid()));
            assert_eq!(found.expect("query").exclusive, exclusive);
            let entry = read_to_string(format!("{SYSFS_PATH}/by-id/{}", tenant.id));
            let line = format!("exclusive: {}\n", if exclusive { "yes" } else { "no" });
            assert!(entry.expect("an entry").contains(&line));
        }
    }));
    tests
}
