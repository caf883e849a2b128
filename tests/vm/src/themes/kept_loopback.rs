// SPDX-License-Identifier: GPL-2.0

//! A part may keep the loopback of its whole: there they are like programs on one host. Apart
//! from it, the part has its own addresses only.

use addrconf_abi::Target;
use libc::{EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED};

use crate::addr::{PAIRS, TWO};
use crate::child::{as_tenant, in_child};
use crate::client::{narrow, narrow_keeping, Device};
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Reuse, Spec};
use crate::tenant::{answer_is, no_answer, Tenant};

/// Addresses of the private loopback.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "127.0.1.1", "::1"];

/// What parts have. The whole has all of [`PAIRS`]' first.
pub(super) const PART: &[&str] = &["10.1.0.1", "2001:db8:1::1"];
/// As [`PART`].
pub(super) const OTHER: &[&str] = &["10.0.0.1", "2001:db8::1"];

/// A process of an association, and one that narrowed itself to [`PART`] and kept the loopback.
pub(super) struct Family {
    pub(super) whole: Tenant,
    pub(super) part: Tenant,
    // Dropped last.
    pub(super) shop: Defined,
}

impl Family {
    pub(super) fn new() -> Self {
        let shop = Defined::new("shop", PAIRS[0]);
        let (whole, part) = (member(&shop), member(&shop));
        part.narrow_keeping(PART).expect("narrow");
        Self { whole, part, shop }
    }

    /// One more part.
    fn another(&self, set: &[&str], keeps: bool) -> Tenant {
        let part = member(&self.shop);
        let narrowed = match keeps {
            true => part.narrow_keeping(set),
            false => part.narrow(set),
        };
        narrowed.expect("narrow");
        part
    }
}

/// A process of it that follows orders.
pub(super) fn member(shop: &Defined) -> Tenant {
    let mut tenant = Tenant::host();
    shop.take_in(&mut tenant);
    tenant
}

/// Panics unless a tenant cannot open a socket.
#[track_caller]
pub(super) fn in_use(tenant: &Tenant, spec: Spec) {
    let opened = tenant.open("?", spec).map_err(|e| e.raw_os_error());
    assert_eq!(opened, Err(Some(EADDRINUSE)), "{spec:?}");
}

pub fn tests() -> Vec<Test> {
    PROTOS.into_iter().flat_map(of_protocol).collect()
}

fn of_protocol(proto: Proto) -> Vec<Test> {
    let name = |what: &str| format!("{}_{what}", proto.name());
    let at = move |addr: &str, port| Spec::at(proto, addr, port);
    let any = move |port| Spec::wildcard(proto, Kind::Dual, port);
    vec![
        behaviour(
            name("parts_and_wholes_reach_each_other_on_a_kept_loopback"),
            move || {
                let family = Family::new();
                let (whole, part) = (&family.whole, &family.part);
                let (other, own) = (family.another(OTHER, true), family.another(PART, false));
                for (port, addr) in (80..).zip(LOOPBACK) {
                    whole.serve("whole", at(addr, port));
                    part.serve("part", at(addr, port + 10));
                }
                whole.serve("whole", any(100));
                part.serve("part", any(101));
                for (port, addr) in (80..).zip(LOOPBACK) {
                    for here in [whole, part, &other] {
                        answer_is(here, proto, addr, port, "whole");
                        answer_is(here, proto, addr, port + 10, "part");
                        answer_is(here, proto, addr, 100, "whole");
                        answer_is(here, proto, addr, 101, "part");
                    }
                    no_answer(&own, proto, addr, port, ECONNREFUSED);
                    no_answer(&own, proto, addr, 101, ECONNREFUSED);
                    nobody_answers(proto, (addr, port));
                    nobody_answers(proto, (addr, 101));
                }
            },
        ),
        behaviour(
            name("ports_on_a_kept_loopback_are_those_of_one_host"),
            move || {
                let family = Family::new();
                let (whole, part) = (&family.whole, &family.part);
                let other = family.another(OTHER, true);
                whole.serve("whole", at("127.0.0.1", 80));
                in_use(part, at("127.0.0.1", 80));
                in_use(part, any(80));
                part.open("part", at("127.0.1.1", 80))
                    .expect("another address");
                part.serve("part", any(81));
                in_use(whole, at("127.0.0.1", 81));
                in_use(whole, any(81));
                // Their sets have nothing in common.
                in_use(&other, any(81));
                in_use(&other, at("::1", 81));
                other
                    .open("other", at("10.0.0.1", 81))
                    .expect("another address");
                // Those of one user share a port if all of them ask for it.
                let shared = at("::1", 82).sharing(Reuse::Port);
                whole.serve("whole", shared);
                part.open("part", shared).expect("a shared port");
                in_use(part, at("::1", 82));
                // On the wildcard, UDP alone.
                let shared = any(83).sharing(Reuse::Port);
                whole.serve("whole", shared);
                match proto {
                    Proto::Tcp => in_use(part, shared),
                    Proto::Udp => part.open("part", shared).expect("a shared port"),
                }
                whole.close("whole");
                part.serve("part", at("127.0.0.1", 80));
                answer_is(whole, proto, "127.0.0.1", 80, "part");
            },
        ),
        behaviour(
            name("a_part_with_a_kept_loopback_has_no_other_address"),
            move || {
                let family = Family::new();
                let part = &family.part;
                for foreign in ["10.0.0.1", "2001:db8::1", "10.0.0.2"] {
                    let opened = part
                        .open("?", at(foreign, 80))
                        .map_err(|e| e.raw_os_error());
                    assert_eq!(opened, Err(Some(EADDRNOTAVAIL)), "{foreign}");
                }
                part.serve("part", any(80));
                for addr in PART {
                    assert_eq!(ask(proto, (*addr, 80)).expect("no answer"), "part");
                }
                for addr in OTHER {
                    nobody_answers(proto, (*addr, 80));
                    // Its whole's other addresses are free.
                    family.whole.serve("whole", at(addr, 80));
                    answer_is(part, proto, *addr, 80, "whole");
                }
            },
        ),
        behaviour(
            name("the_dedicated_address_is_the_wholes_alone"),
            move || {
                let family = Family::new();
                let id = Target::Association(family.shop.id);
                let found = Device::open().query(id).expect("query");
                let dedicated = std::net::IpAddr::from(found.loopback);
                family.part.serve("part", any(80));
                nobody_answers(proto, (dedicated, 80));
                no_answer(&family.part, proto, dedicated, 80, libc::EACCES);
                if proto == Proto::Tcp {
                    family.whole.serve("whole", any(81));
                    assert_eq!(ask(proto, (dedicated, 81)).expect("no answer"), "whole");
                }
            },
        ),
        behaviour(
            name("a_part_of_a_part_keeps_the_loopback_it_had"),
            move || {
                let family = Family::new();
                let inner = family.another(PART, true);
                inner.narrow_keeping(&PART[..1]).expect("narrow again");
                family.whole.serve("whole", at("127.0.0.1", 80));
                answer_is(&inner, proto, "127.0.0.1", 80, "whole");
                in_use(&inner, at("127.0.0.1", 80));
            },
        ),
        behaviour(
            name("a_part_keeps_the_loopback_of_a_part_and_not_of_its_whole"),
            move || {
                as_tenant(PAIRS[0], || {
                    let at = |port| Sock::serving(proto, ("127.0.0.1", port));
                    let _whole = at(80);
                    in_child(|| {
                        narrow(PART, "").expect("narrow");
                        let _own = Server::start(&[], "own", proto, || Ok(at(81)));
                        in_child(|| {
                            narrow_keeping(&PART[..1], "").expect("narrow again");
                            let word = ask(proto, ("127.0.0.1", 81));
                            assert_eq!(word.expect("no answer"), "own");
                            nobody_answers(proto, ("127.0.0.1", 80));
                            at(80);
                        });
                    });
                });
            },
        ),
        behaviour(name("a_kept_loopback_is_not_another_tenants"), move || {
            let family = Family::new();
            let stranger = Tenant::new(TWO);
            stranger.serve("stranger", at("127.0.0.1", 80));
            no_answer(&family.part, proto, "127.0.0.1", 80, ECONNREFUSED);
            family.part.serve("part", at("127.0.0.1", 80));
            answer_is(&stranger, proto, "127.0.0.1", 80, "stranger");
            answer_is(&family.whole, proto, "127.0.0.1", 80, "part");
        }),
    ]
}
