// SPDX-License-Identifier: GPL-2.0

//! A parent gives a child one of its addresses, or several, while it keeps all.

use std::process::Command;

use crate::addr::PAIRS;
use crate::child::{as_tenant, eventually, in_child, Channel, Child};
use crate::client::{narrow, narrow_keeping};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers, Server};
use crate::sock::{Proto, PROTOS};
use crate::spec::{Kind, Spec};
use crate::sys::capability::drop_capability;

use super::addrctl::ADDRCTL;
use super::programs::{redis, redis_maxclients, Program};

/// What a child gets of [`PAIRS`]' first: one address, or several.
const GIVEN: [(&str, &[&str]); 2] = [
    ("one_address", &["10.1.0.1"]),
    (
        "several_addresses",
        &["10.0.0.1", "2001:db8::1", "2001:db8:1::1"],
    ),
];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, given) in GIVEN {
        for keeps in [false, true] {
            let how = if keeps { "_and_the_loopback" } else { "" };
            tests.push(behaviour(
                format!("a_child_gets_{what}{how}_and_its_parent_keeps_all"),
                move || as_tenant(PAIRS[0], || give(given, keeps)),
            ));
        }
        for proto in PROTOS {
            let name = proto.name();
            tests.push(behaviour(
                format!("a_{name}_server_of_a_child_with_{what}_serves_these_alone"),
                move || as_tenant(PAIRS[0], || serve(proto, given)),
            ));
        }
    }
    tests.push(behaviour(
        "a_program_with_a_kept_loopback_reaches_the_redis_of_its_parent",
        || {
            as_tenant(PAIRS[0], || {
                let _redis = Program::start(&redis("103"));
                eventually("redis", || {
                    redis_maxclients("127.0.0.1").as_deref() == Some("103")
                });
                drop_capability(12).expect("capset");
                let ping = |options: &[&str], host: &str| {
                    let output = Command::new(ADDRCTL)
                        .args(["run", "--addr", "10.1.0.1"])
                        .args(options)
                        .args(["--", "redis-cli", "-h", host, "ping"])
                        .output()
                        .expect("addrctl");
                    String::from_utf8_lossy(&output.stdout).into_owned()
                };
                let keep = ["--narrow", "--keep-loopback"];
                for host in ["127.0.0.1", "::1"] {
                    assert_eq!(ping(&keep, host), "PONG\n", "{host}");
                    assert_eq!(ping(&keep[..1], host), "", "{host}");
                }
            });
        },
    ));
    tests.push(behaviour(
        "addrctl_run_narrow_makes_no_association_outside_one",
        || {
            let output = Command::new(ADDRCTL)
                .args(["run", "--addr", "10.0.0.1", "--narrow", "--keep-loopback"])
                .args(["--", "true"])
                .output()
                .expect("addrctl");
            assert_eq!(output.status.code(), Some(125));
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(text.contains("addrctl is in no association"), "{text}");
        },
    ));
    tests
}

/// What binding to the addresses of [`PAIRS`]' first, and to loopback addresses, gives.
fn verdict() -> String {
    verdicts(&[PAIRS[0], &["127.0.0.1", "::1"]].concat())
}

/// The verdicts of who has these addresses and a loopback.
fn verdict_of(set: &[&str]) -> String {
    let all = PAIRS[0].iter().map(|addr| match set.contains(addr) {
        true => "ok",
        false => "99",
    });
    all.chain(["ok", "ok"]).collect::<Vec<_>>().join(" ")
}

fn give(given: &'static [&'static str], keeps: bool) {
    let (told, go) = (Channel::new(), Channel::new());
    let child = Child::spawn(|| {
        let narrowed = match keeps {
            true => narrow_keeping(given, ""),
            false => narrow(given, ""),
        };
        narrowed.expect("narrow");
        told.send(&verdict());
        // Programs and children of it have no more.
        let output = probe::command(PAIRS[0]).output().expect("probe");
        told.send(String::from_utf8_lossy(&output.stdout).trim());
        in_child(|| told.send(&verdict()));
        go.receive();
    });
    let (own, program, childs) = (told.receive(), told.receive(), told.receive());
    let expected = verdict_of(given);
    assert_eq!((&own, &childs), (&expected, &expected));
    assert_eq!(format!("{program} ok ok"), expected);
    // Meanwhile the parent has all, and so has another child.
    assert_eq!(verdict(), verdict_of(PAIRS[0]));
    in_child(|| assert_eq!(verdict(), verdict_of(PAIRS[0])));
    go.send("");
    child.succeeded();
}

fn serve(proto: Proto, given: &'static [&'static str]) {
    let _child = Server::start(&[], "child", proto, move || {
        narrow(given, "").expect("narrow");
        Spec::wildcard(proto, Kind::Dual, 80).open()
    });
    let _parent = Server::start(&[], "parent", proto, move || {
        Spec::wildcard(proto, Kind::Dual, 81).open()
    });
    for &addr in PAIRS[0] {
        assert_eq!(ask(proto, (addr, 81)).expect("no answer"), "parent");
        match given.contains(&addr) {
            true => assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "child"),
            false => nobody_answers(proto, (addr, 80)),
        }
    }
    // What the child did not get is the parent's, on the same port.
    for &addr in PAIRS[0].iter().filter(|addr| !given.contains(addr)) {
        let _there = Server::start(&[], "parent", proto, move || {
            Spec::at(proto, addr, 80).open()
        });
        assert_eq!(ask(proto, (addr, 80)).expect("no answer"), "parent");
    }
}
