// SPDX-License-Identifier: GPL-2.0

//! A wildcard socket of a tenant stays a wildcard. It receives on every address of the
//! set and on the tenant's loopback, and on no other address.

use std::net::IpAddr;

use libc::ECONNREFUSED;

use crate::addr::{
    ip, mapped, Addr, ANY4, EVERYWHERE, HOST4, ONE, PAIRS, PREFIXES, SEVERAL, V4_ONLY, V6_ONLY,
};
use crate::child::{as_tenant, Channel, Child};
use crate::client::{associate_with, contains, Assignment};
use crate::registry::{behaviour, Test};
use crate::server::{ask, ask_from, nobody_answers, Server};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Reuse, Spec, KINDS};
use crate::tenant::{answer_is, no_answer, Tenant};

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for kind in KINDS {
            for (what, set) in [
                ("one_address", ONE),
                ("several", SEVERAL),
                ("prefixes", PREFIXES),
                ("a_v4_set", V4_ONLY),
                ("a_v6_set", V6_ONLY),
            ] {
                let name = format!(
                    "{}_{}_wildcard_of_{what}_receives_on_the_set_and_nothing_else",
                    proto.name(),
                    kind.name()
                );
                tests.push(behaviour(name, move || {
                    let tenant = Tenant::new(set);
                    tenant.serve("me", Spec::wildcard(proto, kind, 80));
                    assert_eq!(tenant.name("me"), (kind.any(), 80).into());
                    receives_on_the_set_only(&tenant, set, proto, kind);
                }));
            }
            let name = |what: &str| format!("{}_{}_{what}", proto.name(), kind.name());
            tests.push(behaviour(
                name("wildcard_with_port_0_gets_a_port"),
                move || {
                    let tenant = Tenant::new(PAIRS[0]);
                    tenant.serve("me", Spec::wildcard(proto, kind, 0));
                    let local = tenant.name("me");
                    assert!(local.ip().is_unspecified() && local.port() != 0, "{local}");
                    for addr in PAIRS[0].iter().map(|a| ip(a)).filter(|&a| kind.takes(a)) {
                        assert_eq!(ask(proto, (addr, local.port())).expect("no answer"), "me");
                    }
                },
            ));
            tests.push(behaviour(name("wildcard_with_reuseaddr_means_the_set"), {
                move || {
                    let tenant = Tenant::new(SEVERAL);
                    let spec = Spec::wildcard(proto, kind, 80).sharing(Reuse::Addr);
                    tenant.serve("me", spec);
                    receives_on_the_set_only(&tenant, SEVERAL, proto, kind);
                }
            }));
        }
        tests.extend([
            behaviour(
                format!("{}_wildcard_of_no_family_means_the_set", proto.name()),
                move || odd_wildcard(proto, Sock::v4, Addr::unspecified(80)),
            ),
            behaviour(
                format!("{}_mapped_wildcard_means_the_set", proto.name()),
                move || odd_wildcard(proto, Sock::v6, (mapped("0.0.0.0"), 80).into()),
            ),
            behaviour(
                format!(
                    "{}_wildcard_and_member_are_in_each_others_way",
                    proto.name()
                ),
                move || {
                    as_tenant(SEVERAL, || {
                        let _wildcard = Sock::serving(proto, (Kind::V4.any(), 80));
                        for addr in ["10.0.0.1", "10.1.0.3", "127.0.0.1"] {
                            let error = Sock::v4(proto).serve(proto, (addr, 80));
                            let errno =
                                error.expect_err("the wildcard has the port").raw_os_error();
                            assert_eq!(errno, Some(libc::EADDRINUSE), "{addr}");
                        }
                    });
                },
            ),
        ]);
    }
    tests.extend([
        behaviour(
            "the_host_reaches_a_tcp_wildcard_at_the_dedicated_address",
            || {
                let tenant = Tenant::new(V6_ONLY);
                tenant.serve("me", Spec::wildcard(Proto::Tcp, Kind::V4, 80));
                let word = ask(Proto::Tcp, (IpAddr::from(tenant.loopback), 80));
                assert_eq!(word.expect("no answer"), "me");
            },
        ),
        behaviour(
            "the_host_reaches_a_udp_wildcard_at_the_dedicated_address",
            || {
                let (ready, go) = (Channel::new(), Channel::new());
                let tenant = Child::spawn(|| {
                    go.receive();
                    let sock = Sock::serving(Proto::Udp, (ANY4, 80));
                    ready.send("");
                    // From a loopback address of the host, where the answer goes to the
                    // tenant's own loopback, and from another address of the host.
                    for from in ["127.0.0.9", HOST4] {
                        let (_, seen) = sock.receive().expect("a message");
                        assert_eq!(seen.ip(), ip(from));
                        sock.send_to(b"!", seen).expect("send");
                    }
                });
                let assigned = associate_with(tenant.pid(), ONE, &Assignment::DEFAULT);
                go.send("");
                ready.receive();
                let to = (IpAddr::from(assigned.loopback), 80);
                let senders = ["127.0.0.9", HOST4].map(|from| {
                    let sock = Sock::serving(Proto::Udp, (from, 0));
                    sock.send_to(b"?", to).expect("send");
                    sock
                });
                tenant.succeeded();
                assert_eq!(senders.map(|sock| sock.has_input(100)), [false, true]);
            },
        ),
    ]);
    tests
}

/// Panics unless a wildcard socket of `tenant` on port 80 that answers "me" receives at
/// the addresses of the set and at its loopback addresses, and at no others.
pub(super) fn receives_on_the_set_only(tenant: &Tenant, set: &[&str], proto: Proto, kind: Kind) {
    let expect = |addr: IpAddr, answers: bool| {
        if answers {
            let word = ask(proto, (addr, 80)).unwrap_or_else(|e| panic!("{addr}: {e}"));
            assert_eq!(word, "me", "the wrong server answers at {addr}");
        } else {
            nobody_answers(proto, (addr, 80));
        }
    };
    for addr in EVERYWHERE.iter().map(|text| ip(text)) {
        expect(addr, kind.takes(addr) && contains(set, addr));
    }
    // The tenant asks at its own loopback addresses.
    for addr in ["127.0.0.1", "::1"].map(ip) {
        if kind.takes(addr) {
            answer_is(tenant, proto, addr, 80, "me");
        } else {
            no_answer(tenant, proto, addr, 80, ECONNREFUSED);
        }
    }
    let dedicated = Addr::from((IpAddr::from(tenant.loopback), 80));
    // A message from there would seem to come from the receiver's own loopback, so only
    // connections are answered.
    if kind.takes(ANY4) && proto == Proto::Udp {
        return;
    }
    match ask_from((HOST4, 0).into(), proto, dedicated) {
        Ok(word) => assert!(
            word == "me" && kind.takes(ANY4),
            "{word} answers at the dedicated address"
        ),
        Err(e) => assert!(
            e.raw_os_error() == Some(ECONNREFUSED) && !kind.takes(ANY4),
            "asking at the dedicated address failed: {e}"
        ),
    }
}

/// Checks a wildcard address in another form, which means IPv4 only.
fn odd_wildcard(proto: Proto, make: fn(Proto) -> Sock, addr: Addr) {
    let server = Server::start(SEVERAL, "me", proto, || {
        let sock = make(proto);
        sock.serve(proto, addr.clone()).map(|()| sock)
    });
    let local = server.local().ip().to_canonical();
    assert!(local.is_unspecified(), "{local}");
    for addr in EVERYWHERE.iter().map(|text| ip(text)) {
        // Without IP_PKTINFO, a UDP server answers from the primary address only.
        let primary = proto == Proto::Tcp || addr == ip(SEVERAL[0]);
        if addr.is_ipv4() && contains(SEVERAL, addr) {
            if primary {
                assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "me");
            }
        } else {
            nobody_answers(proto, (addr, 80));
        }
    }
}
