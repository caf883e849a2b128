// SPDX-License-Identifier: GPL-2.0

//! Refusals in the audit log and in the tracepoint, where the kernel has these: the variant
//! "audit", which audits from the start. Nobody takes the records there, so that they are in the
//! kernel's log.

use std::fs;
use std::path::Path;
use std::process::Command;

use libc::EADDRNOTAVAIL;

use crate::addr::{HOST4, HOST6, ONE};
use crate::child::{eventually, in_child};
use crate::client::errno;
use crate::defined::Defined;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock};

use super::events_packets::server;

/// The tracepoint, in a tracefs.
const TRACEPOINT: &str = "/sys/kernel/tracing/events/addrconf/addrconf_event/enable";
const TRACE: &str = "/sys/kernel/tracing/trace";

/// None on a kernel without auditing.
pub fn tests() -> Vec<Test> {
    if !Path::new("/proc/self/loginuid").exists() {
        return Vec::new();
    }
    vec![
        behaviour("audit_has_a_record_of_each_refusal", || {
            let shop = Defined::new("shop", ONE);
            in_child(|| {
                shop.enter();
                name("server");
                refused();
            });
            let id = shop.id;
            record(&format!(
                "lsm=addrconf denied=bind reason=address-outside association={id} pid="
            ));
            record(&format!(
                "comm=\"server\" addr=::ffff:{HOST4} port=7 errno={EADDRNOTAVAIL} tclass=socket"
            ));
            record(&format!(
                "comm=\"server\" addr={HOST6} port=8 errno={EADDRNOTAVAIL}"
            ));
        }),
        behaviour("audit_cannot_be_told_a_field_by_a_name", || {
            let shop = Defined::new("shop", ONE);
            in_child(|| {
                shop.enter();
                name("a\" errno=0");
                refused();
            });
            // The name, in hexadecimal.
            record("comm=6122206572726e6f3d30 addr=");
            assert!(!log().contains("comm=a"));
        }),
        behaviour("audit_has_nothing_of_what_is_allowed", || {
            let shop = Defined::new("shop", ONE);
            in_child(|| {
                shop.enter();
                name("allowed");
                let sock = Sock::v4(Proto::Udp);
                sock.bind((ONE[0], 7)).expect("bind");
                name("refused");
                refused();
            });
            record("comm=\"refused\"");
            assert!(!log().contains("comm=\"allowed\""));
        }),
        behaviour("audit_blames_no_process_for_a_packet_that_arrives", || {
            let shop = Defined::new("shop", ONE);
            let _server = server(&shop);
            let host = Sock::v4(Proto::Udp);
            host.bind(("127.0.0.1", 9)).expect("bind");
            host.send_to(b"x", (ONE[0], 7)).expect("send");
            let id = shop.id;
            record(&format!(
                "denied=packet-in reason=packet-destination association={id} pid=0 comm=\"\" "
            ));
        }),
        behaviour("the_tracepoint_of_audit_kernels_has_each_refusal", || {
            if !Path::new(TRACEPOINT).exists() {
                let mount = ["-t", "tracefs", "tracefs", "/sys/kernel/tracing"];
                let mounted = Command::new("mount").args(mount).status();
                assert!(mounted.expect("mount").success());
            }
            fs::write(TRACEPOINT, "1").expect("tracing");
            let shop = Defined::new("shop", ONE);
            in_child(|| {
                shop.enter();
                refused();
            });
            fs::write(TRACEPOINT, "0").expect("tracing");
            let trace = fs::read_to_string(TRACE).expect("the trace");
            let line = format!("addrconf_event: what=1 association={}", shop.id);
            assert!(trace.contains(&line), "{trace}");
            let end = format!("addr=::ffff:{HOST4} port=7 errno={EADDRNOTAVAIL}");
            assert!(trace.contains(&end), "{trace}");
        }),
    ]
}

/// Two binds that are refused.
fn refused() {
    let bind = |sock: Sock, at| assert_eq!(errno(sock.bind(at)), EADDRNOTAVAIL);
    bind(Sock::v4(Proto::Udp), (HOST4, 7));
    bind(Sock::v6(Proto::Udp), (HOST6, 8));
}

/// Names the running process.
fn name(name: &str) {
    fs::write("/proc/self/comm", name).expect("a name");
}

/// Waits for a record with this text: a thread of the kernel writes them.
fn record(text: &str) {
    eventually(text, || {
        log()
            .lines()
            .any(|line| line.contains("type=1400") && line.contains(text))
    });
}

/// The kernel's log.
fn log() -> String {
    let output = Command::new("dmesg").output().expect("dmesg");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
