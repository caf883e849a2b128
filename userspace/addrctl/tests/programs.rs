// SPDX-License-Identifier: GPL-2.0

//! The program itself, as scripts use it: what is on which stream, and the exit code.

use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn programs_read_faults_on_the_standard_output_and_people_on_the_standard_error() {
    let lint = |text: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_addrctl"))
            .args(["lint", "--json", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        child.wait_with_output().unwrap()
    };
    let faulty = lint(b"name = \"shop\"\n");
    assert_eq!(faulty.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&faulty.stdout).unwrap();
    assert_eq!(answer["faults"][0]["file"], "stdin");
    let message = String::from_utf8(faulty.stderr).unwrap();
    assert!(
        message.contains("stdin:1:1: a tenant needs `addresses`"),
        "{message}"
    );
    let fine = lint(b"name = \"shop\"\naddresses = [\"10.0.0.1\"]\n");
    assert!(fine.status.success() && fine.stderr.is_empty());
}
