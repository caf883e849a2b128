// SPDX-License-Identifier: GPL-2.0

//! The host has all of 127.0.0.0/8. An address there that the host serves on
//! must not become a tenant's dedicated one, through which the tenant would reach
//! the service. Nor may a tenant reach what the host serves there later.

use std::net::{IpAddr, Ipv4Addr};
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::{Target, Terms};
use libc::{EADDRINUSE, ECONNREFUSED};

use crate::addr::{ip, ANY4, ANY6, ONE, PAIRS, THREE, TWO};
use crate::child::{stay, Child};
use crate::client::{entries, Assignment, Device};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{ask, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Spec};
use crate::tenant::{answer_is, no_answer, Tenant};
use crate::world::configure;

const PORT: u16 = 80;

/// Makes the host use an address; a socket that is returned keeps it in use.
type Take = fn(Ipv4Addr) -> Option<Sock>;

/// The ways to do that.
const TAKEN: [(&str, Take); 6] = [
    ("a_listener", |at| {
        Some(Sock::serving(Proto::Tcp, (IpAddr::from(at), PORT)))
    }),
    ("a_datagram_socket", |at| {
        Some(Sock::serving(Proto::Udp, (IpAddr::from(at), PORT)))
    }),
    ("a_socket_that_is_bound", |at| {
        let sock = Sock::v4(Proto::Tcp);
        sock.bind((IpAddr::from(at), PORT)).expect("bind");
        Some(sock)
    }),
    ("a_v6_listener", |at| {
        let at = IpAddr::from(at.to_ipv6_mapped());
        Some(Sock::serving(Proto::Tcp, (at, PORT)))
    }),
    ("a_v6_datagram_socket", |at| {
        let at = IpAddr::from(at.to_ipv6_mapped());
        Some(Sock::serving(Proto::Udp, (at, PORT)))
    }),
    ("an_interface", |at| {
        configure(&format!("addr add {at}/32 dev dummy0\n")).expect("ip");
        None
    }),
];

pub fn tests() -> Vec<Test> {
    let mut tests = vec![behaviour(
        "a_part_has_no_dedicated_loopback_address",
        || {
            let tenant = Tenant::new(PAIRS[0]);
            let whole = tenant.loopback;
            tenant.narrow(&["10.1.0.1"]).expect("narrow");
            let device = Device::open();
            let part = device.query(Target::Pid(tenant.pid())).expect("query");
            assert_eq!(part.loopback, Ipv4Addr::UNSPECIFIED);
            let found = device.query(Target::Association(tenant.id));
            assert_eq!(found.expect("query").loopback, whole);
            for proto in PROTOS {
                tenant.serve("me", Spec::wildcard(proto, Kind::V4, PORT));
                answer_is(&tenant, proto, "127.0.0.1", PORT, "me");
                let opened = tenant.open("other", Spec::at(proto, whole, PORT));
                opened.expect_err("a part opened its whole's address");
            }
        },
    )];
    for (what, take) in TAKEN {
        tests.extend([
            behaviour(
                format!("no_loopback_address_that_{what}_of_the_host_has_is_chosen"),
                move || is_not_chosen(take),
            ),
            behaviour(
                format!("a_loopback_address_that_{what}_of_the_host_has_is_not_given"),
                move || {
                    let at = Ipv4Addr::new(127, 80, 0, 1);
                    let taken = take(at);
                    let errno = given(at).err();
                    assert_eq!(errno, Some(EADDRINUSE));
                    if let Some(sock) = taken {
                        drop(sock);
                        assert_eq!(given(at), Ok(at));
                    }
                },
            ),
        ]);
    }
    for proto in PROTOS {
        let name = |what: &str| format!("{}_{what}", proto.name());
        tests.extend([
            behaviour(
                name("service_of_the_host_on_a_dedicated_address_is_out_of_its_tenants_reach"),
                move || {
                    let tenant = Tenant::new(ONE);
                    let at = IpAddr::from(tenant.loopback);
                    let _host = host(proto, at);
                    no_answer(&tenant, proto, at, PORT, ECONNREFUSED);
                    assert_eq!(ask(proto, (at, PORT)).expect("an answer"), "host");
                },
            ),
            behaviour(
                name("service_of_the_host_on_a_dedicated_address_keeps_no_port_from_its_tenant"),
                move || {
                    let tenant = Tenant::new(ONE);
                    let at = IpAddr::from(tenant.loopback);
                    let _host = host(proto, at);
                    tenant.serve("me", Spec::wildcard(proto, Kind::V4, PORT));
                    answer_is(&tenant, proto, at, PORT, "me");
                    assert_eq!(ask(proto, (at, PORT)).expect("an answer"), "host");
                },
            ),
            behaviour(
                name("service_of_the_host_wins_over_a_tenants_wildcard_on_its_dedicated_address"),
                move || {
                    for kind in [Kind::V4, Kind::Dual] {
                        let tenant = Tenant::new(ONE);
                        let at = IpAddr::from(tenant.loopback);
                        tenant.serve("me", Spec::wildcard(proto, kind, PORT));
                        let _host = host(proto, at);
                        assert_eq!(ask(proto, (at, PORT)).expect("an answer"), "host");
                        answer_is(&tenant, proto, at, PORT, "me");
                    }
                },
            ),
            behaviour(
                name("wildcard_of_the_host_is_out_of_reach_by_the_dedicated_address"),
                move || {
                    let tenant = Tenant::new(ONE);
                    for (any, port) in [(ANY4, PORT), (ANY6, PORT + 1)] {
                        let _host = Server::start(&[], "host", proto, || {
                            Ok(Sock::serving(proto, (any, port)))
                        });
                        no_answer(&tenant, proto, tenant.loopback, port, ECONNREFUSED);
                    }
                },
            ),
            everywhere(
                name("service_of_the_host_on_such_an_address_answers_the_host"),
                move || {
                    let at = ip("127.80.0.1");
                    let _host = host(proto, at);
                    assert_eq!(ask(proto, (at, PORT)).expect("an answer"), "host");
                },
            ),
        ]);
    }
    tests
}

/// The host uses the addresses that would be next. None may be chosen.
fn is_not_chosen(take: Take) {
    let first = Tenant::new(ONE).loopback;
    // The choice skips addresses that are taken, so any of these may be next.
    let next: Vec<Ipv4Addr> = (1..=16)
        .map(|nr| Ipv4Addr::from_bits(first.to_bits() + nr))
        .collect();
    let _taken: Vec<_> = next.iter().map(|&at| take(at)).collect();
    // The module remembers for half a second which addresses the host uses.
    sleep(Duration::from_secs(1));
    for set in [TWO, THREE, ONE, TWO] {
        let chosen = Tenant::new(set).loopback;
        assert!(!next.contains(&chosen), "{chosen} was chosen");
    }
}

/// Requests an address. Returns the one that was given, or the errno.
fn given(loopback: Ipv4Addr) -> Result<Ipv4Addr, i32> {
    let child = Child::spawn(|| stay());
    let terms = Assignment::on(Terms {
        loopback: Some(loopback),
        ..Terms::DEFAULT
    });
    let target = Target::Pid(child.pid());
    let assigned = Device::open().assign_with(target, &entries(ONE), &terms);
    assigned
        .map(|assigned| assigned.loopback)
        .map_err(|e| e.raw_os_error().unwrap_or(-1))
}

fn host(proto: Proto, at: IpAddr) -> Server {
    Server::start(&[], "host", proto, || Ok(Sock::serving(proto, (at, PORT))))
}
