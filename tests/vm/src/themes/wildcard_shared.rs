// SPDX-License-Identifier: GPL-2.0

//! Two tenants with the same wildcard and port do not conflict, and each is reached at
//! its own address.

use std::io;

use libc::{EADDRINUSE, SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT};

use crate::addr::{ANY4, ANY6, ONE, TWO};
use crate::child::as_tenant;
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers, Server};
use crate::sock::{Proto, Sock, PROTOS};

/// A way in which programs bind to all addresses.
#[derive(Clone, Copy)]
enum Style {
    V4,
    V6,
    DualStack,
    ReuseAddr,
    ReusePort,
}

const STYLES: [(Style, &str); 5] = [
    (Style::V4, "v4"),
    (Style::V6, "v6_only"),
    (Style::DualStack, "dual_stack"),
    (Style::ReuseAddr, "reuseaddr"),
    (Style::ReusePort, "reuseport"),
];

impl Style {
    fn serve(self, proto: Proto) -> io::Result<Sock> {
        let (sock, any) = match self {
            Self::V4 | Self::ReuseAddr | Self::ReusePort => (Sock::v4(proto), ANY4),
            Self::V6 => (Sock::v6_only(proto), ANY6),
            Self::DualStack => (Sock::v6(proto), ANY6),
        };
        match self {
            Self::ReuseAddr => sock.set(SOL_SOCKET, SO_REUSEADDR, 1),
            Self::ReusePort => sock.set(SOL_SOCKET, SO_REUSEPORT, 1),
            _ => {}
        }
        sock.serve(proto, (any, 80))?;
        Ok(sock)
    }

    fn is_v6(self) -> bool {
        matches!(self, Self::V6 | Self::DualStack)
    }
}

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for proto in PROTOS {
        for (style, name) in STYLES {
            for (order, first, second) in [("", ONE, TWO), ("_in_reverse_order", TWO, ONE)] {
                tests.push(behaviour(
                    format!("two_tenants_share_a_{}_{name}_port{order}", proto.name()),
                    move || share(proto, style, [first, second]),
                ));
            }
        }
        tests.push(behaviour(
            format!("one_tenant_has_its_{}_port_just_once", proto.name()),
            move || just_once(proto),
        ));
        tests.push(behaviour(
            format!("one_tenant_has_its_{}_port_for_v4_and_v6", proto.name()),
            move || {
                as_tenant(ONE, || {
                    let _v4 = Style::V4.serve(proto).expect("v4");
                    let _v6 = Style::V6.serve(proto).expect("v6");
                });
            },
        ));
    }
    tests
}

fn share(proto: Proto, style: Style, sets: [&'static [&'static str]; 2]) {
    let servers = sets.map(|set| Server::start(set, set[0], proto, || style.serve(proto)));
    for (set, server) in sets.into_iter().zip(&servers) {
        let (own, other_family) = if style.is_v6() {
            (set[1], set[0])
        } else {
            (set[0], set[1])
        };
        let local = server.local().internet();
        assert!(local.ip().is_unspecified() && local.port() == 80, "{local}");
        for _ in 0..5 {
            let word = ask(proto, (own, 80)).expect("no answer");
            assert_eq!(word, set[0], "the wrong server answers at {own}");
        }
        if matches!(style, Style::DualStack) {
            let word = ask(proto, (other_family, 80)).expect("no answer");
            assert_eq!(word, set[0], "the wrong server answers at {other_family}");
        } else {
            nobody_answers(proto, (other_family, 80));
        }
    }
    nobody_answers(proto, (crate::addr::HOST4, 80));
    nobody_answers(proto, (crate::addr::HOST6, 80));
}

fn just_once(proto: Proto) {
    let _server = Server::start(ONE, "one", proto, || Style::V4.serve(proto));
    as_tenant(ONE, || {
        let error = Style::V4
            .serve(proto)
            .expect_err("the tenant has the port already");
        assert_eq!(error.raw_os_error(), Some(EADDRINUSE));
    });
}
