// SPDX-License-Identifier: GPL-2.0

//! The command-line tool with the real module.

use std::process::{Command, Output, Stdio};

use addrconf_abi::Target;
use serde_json::{json, Value};

use crate::addr::{HOST4, ONE};
use crate::child::{eventually, stay, Child};
use crate::client::{entries, Device};
use crate::probe::{self, verdicts};
use crate::registry::{behaviour, Test};
use crate::server::idle;

use super::programs::Program;

/// The path of addrctl in the virtual machine.
pub const ADDRCTL: &str = "/usr/sbin/addrctl";

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("addrctl_assign_associates_a_process", || {
            let child = Child::spawn(|| stay());
            let pid = child.pid().to_string();
            let set = "10.0.0.1,10.1.0.0/24,2001:db8::1";
            let id: u64 = done(&["assign", &pid, set, "--name", "web-1"])
                .trim()
                .parse()
                .expect("an id");
            let found = Device::open()
                .query(Target::Pid(child.pid()))
                .expect("query");
            assert_eq!((found.id, &found.name[..], found.tasks), (id, "web-1", 1));
            assert_eq!(
                found.addrs,
                entries(&["10.0.0.1", "10.1.0.0/24", "2001:db8::1"])
            );
        }),
        behaviour("addrctl_run_confines_the_program", || {
            let me = std::env::current_exe().expect("own path");
            let me = me.to_str().expect("text");
            let run = [
                "run",
                "--addr",
                "10.0.0.1,2001:db8::1",
                "--",
                me,
                probe::COMMAND,
            ];
            let output = done(&[&run[..], &[HOST4, "10.0.0.1", "2001:db8::1", "::1"]].concat());
            let no = libc::EADDRNOTAVAIL;
            assert_eq!(output, format!("{no} ok ok ok\n"));
            assert_eq!(verdicts(&[HOST4]), "ok", "binding in the caller of addrctl");
        }),
        behaviour("addrctl_ps_shows_processes_below_their_parents", || {
            let script = "sleep 1000 & exec sleep 1000";
            let run = ["run", "--addr", ONE[0], "--name", "web"];
            let command = [&[ADDRCTL], &run[..], &["--", "sh", "-c", script]].concat();
            let command: Vec<_> = command.into_iter().map(str::to_owned).collect();
            let _program = Program::start(&command);
            let commands = || {
                let shown = done(&["ps"]);
                let lines = shown.lines().skip(1).filter(|line| line.contains("web"));
                let ends = lines.map(|line| line.ends_with("  sleep"));
                (ends.collect::<Vec<_>>(), shown.contains("    sleep"))
            };
            eventually("a tree", || commands() == (vec![true, true], true));
        }),
        behaviour("addrctl_run_leaves_its_status_to_the_program", || {
            let run = ["run", "--addr", "10.0.0.1", "--"];
            status(0, &[&run[..], &["true"]].concat());
            status(42, &[&run[..], &["sh", "-c", "exit 42"]].concat());
            status(126, &[&run[..], &["/etc/passwd"]].concat());
            status(127, &[&run[..], &["/no/such/program"]].concat());
            status(125, &["run", "--addr", "10.0.0.1/24", "--", "true"]);
        }),
        behaviour("addrctl_run_enters_an_association_by_its_name", || {
            let id = done(&["define", "shop", "10.0.0.1"]);
            let me = std::env::current_exe().expect("own path");
            let me = me.to_str().expect("text");
            let probe = [me, probe::COMMAND, HOST4, "10.0.0.1"];
            let no = libc::EADDRNOTAVAIL;
            for which in ["shop", id.trim()] {
                let output = done(&[&["run", which, "--"], &probe[..]].concat());
                assert_eq!(output, format!("{no} ok\n"));
            }
            let child = Child::spawn(|| stay());
            let pid = child.pid().to_string();
            assert_eq!(done(&["assign", &pid, "--to", "shop"]), id);
            done(&["add", "shop", "10.0.0.7"]);
            let shown = json_of(&["show", "shop", "--json"]);
            let shown = &shown["association"];
            assert_eq!(shown["defined"], true);
            assert_eq!(shown["addresses"], json!(["10.0.0.1", "10.0.0.7"]));
            assert_eq!(shown["processes"][0]["pid"], child.pid());
            done(&["release", "shop"]);
            assert_eq!(
                json_of(&["show", "shop", "--json"])["association"]["process_count"],
                0
            );
            done(&["undefine", "shop"]);
            status(5, &["show", "shop"]);
            status(125, &["run", "shop", "--", "true"]);
        }),
        behaviour(
            "addrctl_run_gives_the_program_only_the_rights_asked_for",
            || {
                let script = "id -u; id -g; id -G; grep -E '^(Cap|NoNew)' /proc/self/status";
                let run = ["run", "--addr", "10.0.0.1", "--user", "nobody"];
                let rights = |options: &[&str]| {
                    let program = ["--", "sh", "-c", script];
                    done(&[&run[..], options, &program].concat())
                };
                let caps = |bits: &str, no_new_privs| {
                    let set = |name| format!("Cap{name}:\t{bits}\n");
                    let sets = ["Inh", "Prm", "Eff", "Bnd", "Amb"].map(set).concat();
                    format!("{sets}NoNewPrivs:\t{no_new_privs}\n")
                };
                let bind_service = caps("0000000000000400", 0);
                let nogroup = "65534\n65534\n65534\n";
                assert_eq!(rights(&[]), format!("{nogroup}{bind_service}"));
                let none = ["--group", "www-data", "--caps", "none", "--no-new-privs"];
                let nothing = caps("0000000000000000", 1);
                let shown = rights(&none);
                assert!(shown.ends_with(&nothing), "{shown}");
                assert!(shown.starts_with("65534\n33\n33"), "{shown}");
                // Root keeps no more than it was left, either.
                let root = ["run", "--addr", "10.0.0.1", "--caps", "net_raw", "--"];
                let root = done(&[&root[..], &["grep", "^CapEff", "/proc/self/status"]].concat());
                assert_eq!(root, "CapEff:\t0000000000002000\n");
                let unknown = ["run", "--addr", "10.0.0.1", "--user", "nobody2", "true"];
                status(125, &unknown);
            },
        ),
        behaviour("addrctl_run_hands_no_control_to_the_program", || {
            let script = "ls -l /proc/self/fd";
            let output = done(&["run", "--addr", "10.0.0.1", "--", "sh", "-c", script]);
            assert!(!output.contains("addrconf"), "{output}");
            let nested = ["run", "--addr", HOST4, "--", "true"];
            let run = ["run", "--addr", "10.0.0.1", "--", ADDRCTL];
            status(125, &[&run[..], &nested].concat());
            let member = "addrctl runs in an association itself";
            says(4, member, &[&run[..], &["list"]].concat());
            // Also where the mode of the device keeps it out.
            let user = [
                "run", "--user", "nobody", "--addr", "10.0.0.1", "--", ADDRCTL,
            ];
            says(4, member, &[&user[..], &["list"]].concat());
        }),
        behaviour("addrctl_list_and_show_tell_the_same_as_the_module", || {
            assert_eq!(json_of(&["list", "--json"])["associations"], json!([]));
            let child = Child::spawn(|| stay());
            let pid = child.pid().to_string();
            done(&[
                "assign",
                &pid,
                "10.1.0.0/24,10.0.0.1,2001:db8::1",
                "--name",
                "shop",
            ]);
            let id = Device::open().ids()[0];
            let found = Device::open().query(Target::Association(id));
            let loopback = found.expect("query").loopback.to_string();
            let mut expected = json!({
                "id": id,
                "name": "shop",
                "defined": false,
                "addresses": ["10.1.0.0/24", "10.0.0.1", "2001:db8::1"],
                "primary": { "ipv4": "10.0.0.1", "ipv6": "2001:db8::1" },
                "exclusive": false,
                "source": "route",
                "loopback": loopback,
                "host_loopback": null,
                "on_refusal": "errno",
                "allow": [],
                "granted_to": null,
                "process_count": 1,
                "task_count": 1,
                "socket_count": 0,
                "leftovers": [],
                "absent": [],
            });
            assert_eq!(
                json_of(&["list", "--json"])["associations"],
                json!([expected])
            );
            let process = json_of(&["show", &pid, "--json"])["association"]["processes"][0].clone();
            assert_eq!(process["pid"], child.pid());
            expected["processes"] = json!([process]);
            for which in [vec![&pid[..]], vec!["--association", &id.to_string()]] {
                let shown = json_of(&[&["show", "--json"], &which[..]].concat());
                assert_eq!(shown["association"], expected);
            }
            let text = done(&["list"]);
            for word in ["shop", "10.1.0.0/24,10.0.0.1,2001:db8::1"] {
                assert!(text.contains(word), "{text}");
            }
        }),
        behaviour("addrctl_release_frees_a_process", || {
            let child = idle(ONE);
            let pid = child.pid().to_string();
            done(&["release", &pid]);
            let error = Device::open()
                .query(Target::Pid(child.pid()))
                .expect_err("a released process is not associated");
            assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
            status(5, &["release", &pid]);
            eventually("the end of the association", || {
                Device::open().ids().is_empty()
            });
        }),
        behaviour("addrctl_release_ends_an_association", || {
            let _child = idle(ONE);
            let id = Device::open().ids()[0].to_string();
            done(&["release", "--association", &id]);
            eventually("the end of the association", || {
                Device::open().ids().is_empty()
            });
            status(5, &["release", "--association", &id]);
        }),
        behaviour("addrctl_says_what_is_wrong", || {
            let child = idle(ONE);
            let pid = child.pid().to_string();
            says(1, "already", &["assign", &pid, "10.0.0.2"]);
            says(5, "4194000", &["assign", "4194000", "10.0.0.2"]);
            says(2, "10.0.0.5/24", &["assign", &pid, "10.0.0.5/24"]);
            says(2, "224.0.0.1", &["assign", &pid, "224.0.0.1"]);
            says(2, "::ffff:10.0.0.1", &["assign", &pid, "::ffff:10.0.0.1"]);
            assert_eq!(Device::open().ids().len(), 1);
        }),
        behaviour("addrctl_version_names_the_module", || {
            let loaded = std::fs::read_to_string("/sys/kernel/addrconf/version").expect("version");
            let text = done(&["version"]);
            assert!(
                text.contains(loaded.trim()) || text.contains("interface"),
                "{text}"
            );
        }),
    ]
}

fn addrctl(args: &[&str]) -> Output {
    let mut command = Command::new(ADDRCTL);
    let output = command.args(args).stdin(Stdio::null()).output();
    output.unwrap_or_else(|e| panic!("{ADDRCTL}: {e}"))
}

/// Runs addrctl, which must exit with this status. Returns its output and its errors.
pub(super) fn status(expected: i32, args: &[&str]) -> (String, String) {
    let output = addrctl(args);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(
        output.status.code(),
        Some(expected),
        "the status of addrctl {args:?}, which printed: {out}{err}"
    );
    (out, err)
}

/// Runs addrctl, which must succeed. Returns its output.
pub(super) fn done(args: &[&str]) -> String {
    status(0, args).0
}

fn json_of(args: &[&str]) -> Value {
    let text = done(args);
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(value["version"], 1);
    value
}

/// Runs addrctl, which must exit with this status and print an error that contains
/// `word`.
pub(super) fn says(expected: i32, word: &str, args: &[&str]) {
    let (_, message) = status(expected, args);
    assert!(
        message.contains(word),
        "addrctl {args:?} does not say {word:?}: {message}"
    );
}
