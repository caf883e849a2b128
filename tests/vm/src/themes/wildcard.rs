// SPDX-License-Identifier: GPL-2.0

//! `bind()` to the wildcard: it means the set, where that is one address of
//! the family.

use std::net::IpAddr;

use libc::EADDRNOTAVAIL;

use crate::addr::{ip, mapped, Addr, ANY4, ANY6, HOST4, ONE, PREFIXES, SEVERAL, V4_ONLY, V6_ONLY};
use crate::child::as_tenant;
use crate::registry::{behaviour, refusal, Test};
use crate::server::{ask, nobody_answers, Server};
use crate::sock::{Proto, Sock, PROTOS};

pub fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = PROTOS.into_iter().flat_map(of_protocol).collect();
    tests.push(behaviour("wildcard_of_a_slash_31_is_two_addresses", || {
        as_tenant(&["10.0.0.0/31"], || {
            let error = Sock::v4(Proto::Udp).bind((ANY4, 80)).expect_err("two");
            assert_eq!(error.raw_os_error(), Some(EADDRNOTAVAIL));
        });
    }));
    tests.push(behaviour("wildcard_of_a_slash_32_is_one_address", || {
        as_tenant(&["10.0.0.1/32"], || {
            let sock = Sock::v4(Proto::Udp);
            sock.bind((ANY4, 80)).expect("one");
            assert_eq!(sock.local().ip(), ip("10.0.0.1"));
        });
    }));
    tests
}

/// Makes a socket of a kind.
type Make = fn(Proto) -> Sock;

fn of_protocol(proto: Proto) -> Vec<Test> {
    let any4 = Addr::from((ANY4, 80));
    let any6 = Addr::from((ANY6, 80));
    let any_mapped = Addr::from((mapped("0.0.0.0"), 80));
    let unspecified = Addr::unspecified(80);
    let (v4, v6, v6_only): (Make, Make, Make) = (Sock::v4, Sock::v6, Sock::v6_only);
    let (one4, one6, one_mapped) = (ip("10.0.0.1"), ip("2001:db8::1"), mapped("10.0.0.1"));
    let mut tests = Vec::new();
    for (what, set, make, addr, result) in [
        ("v4_wildcard", ONE, v4, &any4, one4),
        ("v4_wildcard_of_no_family", ONE, v4, &unspecified, one4),
        ("dual_stack_wildcard", ONE, v6, &any6, one6),
        ("v6_only_wildcard", ONE, v6_only, &any6, one6),
        ("mapped_wildcard", ONE, v6, &any_mapped, one_mapped),
        (
            "dual_stack_wildcard_of_a_v4_set",
            V4_ONLY,
            v6,
            &any6,
            one_mapped,
        ),
    ] {
        let name = format!("{}_{what}_becomes_the_address", proto.name());
        tests.push(becomes(name, set, proto, make, addr.clone(), result));
    }
    for (what, set, make, addr) in [
        ("v4_wildcard_of_several", SEVERAL, v4, &any4),
        (
            "v4_wildcard_of_no_family_of_several",
            SEVERAL,
            v4,
            &unspecified,
        ),
        ("v6_wildcard_of_several", SEVERAL, v6, &any6),
        ("mapped_wildcard_of_several", SEVERAL, v6, &any_mapped),
        ("v4_wildcard_of_a_prefix", PREFIXES, v4, &any4),
        ("v6_wildcard_of_a_prefix", PREFIXES, v6, &any6),
        ("v4_wildcard_of_a_v6_set", V6_ONLY, v4, &any4),
        ("mapped_wildcard_of_a_v6_set", V6_ONLY, v6, &any_mapped),
        ("v6_only_wildcard_of_a_v4_set", V4_ONLY, v6_only, &any6),
    ] {
        let (name, addr) = (format!("{}_{what}_is_refused", proto.name()), addr.clone());
        tests.push(refusal(name, set, EADDRNOTAVAIL, move || {
            let (sock, addr) = (make(proto), addr.clone());
            Box::new(move || sock.bind(addr))
        }));
    }
    tests.extend([
        behaviour(
            format!("{}_wildcard_with_port_0_gets_a_port", proto.name()),
            move || {
                as_tenant(ONE, || {
                    for (any, result) in [(ANY4, one4), (ANY6, one6)] {
                        let sock = Sock::for_ip(proto, any);
                        sock.bind((any, 0)).expect("wildcard");
                        assert_eq!(sock.local().ip(), result);
                        assert_ne!(sock.local().port(), 0);
                    }
                });
            },
        ),
        behaviour(
            format!("{}_wildcard_answers_at_its_address_only", proto.name()),
            move || answers_at_its_address_only(proto),
        ),
    ]);
    tests
}

/// A wildcard bind that must be allowed and have this result.
fn becomes(
    name: String,
    set: &'static [&'static str],
    proto: Proto,
    make: Make,
    addr: Addr,
    result: IpAddr,
) -> Test {
    behaviour(name, move || {
        as_tenant(set, || {
            let sock = make(proto);
            sock.bind(addr.clone()).expect("wildcard");
            assert_eq!(sock.local().internet(), (result, 80).into());
        });
    })
}

fn answers_at_its_address_only(proto: Proto) {
    let _v4 = Server::start(ONE, "one", proto, || {
        let sock = Sock::v4(proto);
        sock.serve(proto, (ANY4, 80)).map(|()| sock)
    });
    let _v6 = Server::start(ONE, "one six", proto, || {
        let sock = Sock::v6(proto);
        sock.serve(proto, (ANY6, 80)).map(|()| sock)
    });
    assert_eq!(ask(proto, ("10.0.0.1", 80)).expect("an answer"), "one");
    assert_eq!(
        ask(proto, ("2001:db8::1", 80)).expect("an answer"),
        "one six"
    );
    for foreign in [HOST4, "10.0.0.2", "127.0.0.1", "2001:db8::2", "::1"] {
        nobody_answers(proto, (foreign, 80));
    }
}
