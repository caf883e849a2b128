// SPDX-License-Identifier: GPL-2.0

//! `addrctl doctor` on a real machine: each planted fault is found, and nothing else.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::addr::{ONE, TWO};
use crate::child::{eventually, stay, Child};
use crate::registry::{behaviour, Test};
use crate::world::configure;

use super::addrctl::{done, ADDRCTL};
use super::policy::Policies;
use super::programs::Program;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("doctor_finds_nothing_on_a_healthy_machine", || {
            healthy(|files| {
                done(&["add", "shop", TWO[0]]);
                files.write("shop", &done(&["export", "shop"]));
            });
        }),
        behaviour("doctor_finds_a_device_that_is_not_there", || {
            healthy(|_| assert_eq!(found(&["--device", "/dev/none", "doctor"]), ["module"]));
        }),
        behaviour("doctor_finds_a_faulty_policy_and_one_not_in_force", || {
            healthy(|files| {
                files.write("blog", "adresses = [\n");
                assert_finds("policy-fault");
                files.write("blog", &format!("addresses = {TWO:?}\n"));
                assert_finds("policy-differs");
                done(&["apply"]);
            });
        }),
        behaviour("doctor_finds_addresses_that_packets_do_not_reach", || {
            healthy(|_| {
                done(&["define", "blog", "10.9.0.1"]);
                assert_finds("address-absent");
                configure("link add down0 type dummy\naddr add 10.9.0.1/32 dev down0\n")
                    .expect("ip");
                assert_finds("interface-down");
                configure("link set down0 up\n").expect("ip");
                assert_eq!(found(&["doctor"]), [""; 0]);
                configure("link del down0\n").expect("ip");
                done(&["undefine", "blog"]);
            });
        }),
        behaviour("doctor_finds_who_else_has_exclusive_addresses", || {
            healthy(|_| {
                done(&["define", "blog", ONE[0], "--exclusive", "--force"]);
                assert_finds("exclusive-shared");
                done(&["undefine", "blog"]);
                let service = TcpListener::bind((ONE[0], 3306)).expect("bind");
                assert_finds("host-listener");
                let said = printed();
                assert!(said.contains("listens at 10.0.0.1:3306"), "{said}");
                drop(service);
            });
        }),
        behaviour(
            "doctor_finds_sockets_that_are_left_and_who_holds_them",
            || {
                healthy(|_| {
                    let server = Child::spawn(|| {
                        let _listener = TcpListener::bind("0.0.0.0:80").expect("bind");
                        let _named = TcpListener::bind((TWO[0], 81)).expect("bind");
                        stay()
                    });
                    let pid = server.pid().to_string();
                    eventually("a listener", || {
                        fs::read_to_string("/proc/net/tcp").is_ok_and(|text| text.contains(":0051"))
                    });
                    done(&["assign", &pid, TWO[0]]);
                    done(&["release", &pid]);
                    assert_finds("sockets-left");
                    let said = printed();
                    assert!(said.contains("2 sockets, held by process"), "{said}");
                    assert!(said.contains(&pid), "{said}");
                    drop(server);
                });
            },
        ),
        behaviour("doctor_finds_a_resolver_out_of_reach", || {
            healthy(|_| {
                let before = fs::read("/etc/resolv.conf");
                fs::write("/etc/resolv.conf", "nameserver 127.0.0.53\n").expect("write");
                let names = found(&["doctor"]);
                match before {
                    Ok(text) => fs::write("/etc/resolv.conf", text).expect("write"),
                    Err(_) => fs::remove_file("/etc/resolv.conf").expect("rm"),
                }
                assert_eq!(names, ["resolver"]);
            });
        }),
        behaviour("doctor_finds_members_with_too_many_rights", || {
            healthy(|_| {
                let root = Child::spawn(|| stay());
                done(&["assign", &root.pid().to_string(), "--to", "shop"]);
                assert_finds("root");
                drop(root);
                let able = program(&["--caps", "chown,net_raw"]);
                eventually("a capability", || found(&["doctor"]) == ["capabilities"]);
                assert!(printed().contains("CAP_CHOWN for process"));
                drop(able);
            });
        }),
    ]
}

/// Does something with a machine that has an exclusive association with a program, of which
/// `doctor` finds nothing before and after.
fn healthy(with: impl FnOnce(&Policies)) {
    // Dropped last, with which all associations end.
    let files = Policies::new();
    done(&["define", "shop", ONE[0], "--exclusive"]);
    let _program = program(&[]);
    eventually("a healthy machine", || found(&["doctor"]).is_empty());
    assert_eq!(printed(), "");
    with(&files);
    eventually("a healthy machine again", || found(&["doctor"]).is_empty());
}

/// A program of an ordinary user in the association.
fn program(options: &[&str]) -> Program {
    let run = [ADDRCTL, "run", "--user", "65534", "--group", "65534"];
    let command = [&run, options, &["shop", "--", "sleep", "1000"]].concat();
    Program::start(&command.into_iter().map(str::to_owned).collect::<Vec<_>>())
}

#[track_caller]
fn assert_finds(check: &str) {
    assert_eq!(found(&["doctor"]), [check], "{}", printed());
}

/// What `doctor` prints for people.
fn printed() -> String {
    let output = Command::new(ADDRCTL)
        .arg("doctor")
        .stderr(Stdio::null())
        .output()
        .expect("addrctl");
    String::from_utf8(output.stdout).expect("text")
}

/// The checks that found something.
fn found(args: &[&str]) -> Vec<String> {
    let output = Command::new(ADDRCTL)
        .args(args)
        .arg("--json")
        .output()
        .expect("addrctl");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = answer["findings"].as_array().expect("findings");
    let code = if findings.is_empty() { 0 } else { 7 };
    assert_eq!(output.status.code(), Some(code));
    let name = |finding: &serde_json::Value| finding["check"].as_str().expect("a name").to_owned();
    findings.iter().map(name).collect()
}
