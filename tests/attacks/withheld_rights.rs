// SPDX-License-Identifier: GPL-2.0

//! Rights that a tenant must not have, withheld as `docs/security.md` says. The
//! test runs the very command of that document.

use std::process::Command;

use crate::registry::{behaviour, Test};

const DOCS: &str = include_str!("../../docs/security.md");

/// Prints the user and the capabilities of a program, and the errno of binding
/// to a port of the set, of binding elsewhere, and of writing what the kernel
/// runs by itself.
const PROGRAM: &str = r#"
import os, socket
def errno(act):
    try:
        act()
    except OSError as e:
        return e.errno
    return 0
def bind(addr, port):
    socket.socket().bind((addr, port))
status = dict(l.split(":", 1) for l in open("/proc/self/status"))
print(os.getresuid(), os.getresgid(), os.getgroups())
print(*{int(status[k], 16) for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")})
print(errno(lambda: bind("10.0.0.1", 80)), errno(lambda: bind("10.0.0.9", 80)))
print(errno(lambda: open("/proc/sys/kernel/modprobe", "r+")))
"#;

pub fn tests() -> Vec<Test> {
    vec![behaviour(
        "the_documented_command_leaves_the_right_to_low_ports_only",
        || {
            let line = documented_command().replace(" program", r#" "$@""#);
            let command = ["-c", &line, "sh", "python3", "-c", PROGRAM];
            let output = Command::new("sh").args(command).output().expect("sh");
            let printed = String::from_utf8_lossy(&output.stdout);
            let complaint = String::from_utf8_lossy(&output.stderr);
            let net_bind_service = 1 << 10;
            let expected = format!(
                "(1000, 1000, 1000) (1000, 1000, 1000) [1000]\n{net_bind_service}\n0 {}\n{}\n",
                libc::EADDRNOTAVAIL,
                libc::EACCES
            );
            assert_eq!(printed, expected, "{complaint}");
        },
    )]
}

/// The command with which the document starts a program.
fn documented_command() -> String {
    const FIRST: &str = "addrctl run ";
    let (_, rest) = DOCS
        .split_once(&format!("\n    {FIRST}"))
        .expect("a command");
    let (rest, _) = rest.split_once("\n\n").expect("its end");
    format!("{FIRST}{rest}")
}
