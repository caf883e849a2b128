// SPDX-License-Identifier: GPL-2.0

//! The program itself: usage errors and exit codes, as far as they can be seen
//! without the module.

use std::process::{Command, Output};

/// A device that is certainly not there.
const NO_DEVICE: &str = "/nonexistent/addrconf";

fn addrctl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_addrctl"))
        .args(["--device", NO_DEVICE])
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn fails(args: &[&str], code: i32, words: &str) {
    let output = addrctl(args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    assert!(stderr.contains(words), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn wrong_usage_exits_with_2() {
    fails(&[], 2, "a command is required");
    fails(&["assign"], 2, "<PID>");
    fails(&["assign", "0", "10.0.0.1"], 2, "0");
    fails(&["assign", "x", "10.0.0.1"], 2, "x");
    fails(&["release"], 2, "required");
    fails(&["release", "1", "--association", "2"], 2, "cannot be used");
    fails(&["assign", "1"], 2, "<ADDRS>");
    fails(
        &["assign", "1", "10.0.0.1", "--to", "shop"],
        2,
        "cannot be used",
    );
    fails(
        &["assign", "1", "--to", "shop", "--exclusive"],
        2,
        "cannot be used",
    );
    fails(&["assign", "2", "--to", "shop"], 3, NO_DEVICE);
    fails(&["define", "shop"], 2, "<ADDRS>");
    fails(&["define", "12", "10.0.0.1"], 2, "numbers are process ids");
    fails(&["undefine"], 2, "<NAME|ID>");
    fails(&["show", "--association", "0"], 2, "0");
    fails(&["assign", "1", "10.0.0.1", "--name", "a b"], 2, "A-Z");
    fails(
        &["assign", "1", "10.0.0.5/24"],
        2,
        "10.0.0.5/24 has host bits set: write 10.0.0.0/24 for the whole network or 10.0.0.5",
    );
}

#[test]
fn a_rule_names_something_and_an_association() {
    let add = |words: &[&'static str]| [&["rule", "add"][..], words].concat();
    fails(&["rule"], 2, "Usage");
    fails(&add(&["--to", "shop"]), 2, "--exe <PATH>|--uid <USER>");
    fails(&add(&["--uid", "33"]), 2, "--to <NAME|ID>");
    let both = ["--cgroup", "a", "--unit", "a", "--to", "shop"];
    fails(&add(&both), 2, "cannot be used");
    let nothing = ["--cgroup", "", "--to", "shop"];
    fails(&add(&nothing), 2, "--cgroup");
    let before = ["--uid", "33", "--to", "shop", "--before", "0"];
    fails(&add(&before), 2, "0");
    let all = [
        "--exe", "/x", "--uid", "u", "--gid", "g", "--unit", "a", "--to", "1", "--before", "3",
    ];
    fails(&add(&all), 3, NO_DEVICE);
    fails(&["rule", "remove"], 2, "<ID>");
    fails(&["rule", "remove", "1", "--all"], 2, "cannot be used");
    fails(&["rule", "remove", "x"], 2, "x");
    fails(&["rule", "remove", "1", "2"], 3, NO_DEVICE);
    fails(&["rule", "list"], 3, NO_DEVICE);
}

#[test]
fn a_control_group_is_named_in_place_of_a_process() {
    let assign = |words: &[&'static str]| [&["assign"][..], words].concat();
    fails(&assign(&["--cgroup", "a"]), 2, "--to <NAME|ID>");
    fails(&assign(&["--unit", "a"]), 2, "--to <NAME|ID>");
    let with = |words: &[&'static str]| assign(&[&["--cgroup", "a", "--to", "1"], words].concat());
    fails(&with(&["812"]), 2, "cannot be used");
    fails(&with(&["--unit", "b"]), 2, "cannot be used");
    fails(&with(&["--tree"]), 2, "cannot be used");
    fails(&with(&["--exclusive"]), 2, "cannot be used");
    fails(&with(&["--reset", "--force"]), 3, NO_DEVICE);
}

#[test]
fn a_change_names_a_process_or_an_association_and_addresses() {
    for command in ["add", "remove", "replace"] {
        fails(&[command], 2, "<PID|NAME>");
        fails(&[command, "1"], 2, "ADDRS are both required");
        fails(&[command, "10.0.0.1"], 2, "PID or NAME (or --association)");
        fails(
            &[command, "x y", "10.0.0.1"],
            2,
            "'x y': a name consists of",
        );
        fails(&[command, "shop", "10.0.0.1"], 3, NO_DEVICE);
        fails(&[command, "0", "10.0.0.1"], 2, "at least 1");
        fails(&[command, "1", "10.0.0.5/24"], 2, "host bits set");
        fails(&[command, "1", "10.0.0.1", "10.0.0.2"], 2, "unexpected");
        let association = [command, "--association", "2"];
        fails(&association, 2, "<PID|NAME>");
        let both = [&association[..], &["1", "10.0.0.1"]].concat();
        fails(&both, 2, "PID or NAME cannot be used with --association");
        let wrong = [&association[..], &["10.0.0.256"]].concat();
        fails(&wrong, 2, "10.0.0.256");
        fails(&[command, "--association", "0", "10.0.0.1"], 2, "0");
        let right = [&association[..], &["10.0.0.1", "--reset"]].concat();
        fails(&right, 3, NO_DEVICE);
    }
}

#[test]
fn too_many_addresses_are_counted_and_not_repeated() {
    let many: Vec<_> = (0..1025)
        .map(|i| format!("10.{}.{}.1", i / 256, i % 256))
        .collect();
    let many = many.join(",");
    let words = "…' for '[ADDRS]': 1025 addresses are too many";
    fails(&["assign", "1", &many], 2, words);
    let words = "…': 1025 addresses are too many, a set holds at most 1024";
    fails(&["add", "1", &many], 2, words);
}

#[test]
fn options_without_a_meaning_are_wrong_usage() {
    let assign = |option: &str, value: &str, words: &str| {
        fails(&["assign", "1", "10.0.0.1", option, value], 2, words);
        let run = ["run", "--addr", "10.0.0.1", option, value, "true"];
        fails(&run, 125, words);
    };
    assign("--source", "best", "route, primary, random");
    assign("--allow", "everything", "raw");
    assign("--allow", "raw,", "--allow");
    assign("--loopback", "127.0.0.1", "those of 127.64.0.0/10");
    assign("--loopback", "::1", "such as 127.64.0.2");
    assign("--loopback", "10.0.0.1", "127.64.0.0/10");
    fails(
        &["run", "--addr", "10.0.0.1", "--tree", "true"],
        125,
        "--tree",
    );
    let run = ["run", "--addr", "10.0.0.1"];
    for allow in [&["--allow", "raw"][..], &["--allow=raw,raw", "--allow=raw"]] {
        fails(&[&run[..], allow, &["true"]].concat(), 125, "not loaded");
    }
    fails(&["run", "--force", "shop", "true"], 125, "--addr <ADDRS>");
    for command in ["add", "replace"] {
        fails(&[command, "shop", "10.0.0.1", "--force"], 3, "not loaded");
    }
    fails(&["remove", "shop", "10.0.0.1", "--force"], 2, "--force");
    fails(&["flush", "812"], 2, "unexpected");
    fails(&["list", "--exclusive"], 2, "--exclusive");
}

#[test]
fn wrong_usage_of_run_exits_with_125_so_that_it_is_no_status_of_the_program() {
    fails(&["run", "--addr", "10.0.0.1,", "true"], 125, "extra comma");
    fails(&["run", "true"], 125, "--addr");
    fails(&["run", "--name", "shop", "true"], 125, "--addr");
    let run = ["run", "--addr", "10.0.0.1"];
    let with = |options: &[&'static str]| [&run[..], options, &["true"]].concat();
    fails(
        &with(&["--caps", "net_fly"]),
        125,
        "no capability \"net_fly\"",
    );
    fails(
        &with(&["--user", "no-such-user"]),
        125,
        "there is no user no-such-user",
    );
    fails(
        &with(&["--user", "root", "--caps", "none"]),
        125,
        "not loaded",
    );
    fails(&["run", "shop", "true"], 125, "not loaded");
    fails(&["run", "--addr", "10.0.0.1"], 125, "CMD");
    fails(&["run", "--addr", "10.0.0.1", "true"], 125, "not loaded");
}

#[test]
fn only_who_narrows_keeps_a_loopback() {
    let wrong = [
        ("--addr 10.0.0.1 --keep-loopback true", "--narrow"),
        ("--narrow true", "--addr"),
        ("--addr 10.0.0.1 --narrow --force true", "--force"),
    ];
    for (line, words) in wrong {
        let args: Vec<_> = ["run"].into_iter().chain(line.split(' ')).collect();
        fails(&args, 125, words);
    }
}

#[test]
fn top_needs_a_terminal_or_batch_and_a_sensible_delay() {
    fails(&["top"], 1, "`addrctl top --batch` prints the table once");
    fails(&["top", "--batch"], 3, "not loaded");
    fails(&["top", "--json"], 2, "--batch");
    fails(&["top", "shop", "blog"], 2, "unexpected");
    for delay in ["0", "0.09", "3601", "-1", "nan", "inf", "x", ""] {
        let option = format!("--delay={delay}");
        let words = "a number of seconds from 0.1 to 3600";
        fails(&["top", &option, "--batch"], 2, words);
    }
    let all = ["top", "shop", "--delay", "0.1", "--batch", "--json"];
    fails(&all, 3, "not loaded");
}

#[test]
fn a_missing_module_exits_with_3() {
    fails(&["list"], 3, "run `modprobe addrconf`");
    fails(&["list", "--json"], 3, "run `modprobe addrconf`");
    fails(&["assign", "2", "10.0.0.1"], 3, NO_DEVICE);
}

#[test]
fn help_and_version_succeed_without_the_module() {
    for args in [&["--help"][..], &["run", "--help"], &["help", "assign"]] {
        let output = addrctl(args);
        assert!(output.status.success());
        assert!(!output.stdout.is_empty());
    }
    let help = String::from_utf8(addrctl(&["--help"]).stdout).unwrap();
    assert!(help.contains("Exit codes:"), "{help}");
    assert!(!help.contains("--device"), "{help}");
    for args in [&["--version"][..], &["-V"], &["version"]] {
        let output = addrctl(args);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        assert!(stdout.contains("module: not loaded"), "{stdout}");
    }
}

#[test]
fn options_after_the_program_belong_to_the_program() {
    let args = ["run", "--addr", "10.0.0.1", "ls", "--name", "!", "--help"];
    fails(&args, 125, "not loaded");
}

#[test]
fn documentation_has_the_same_exit_codes_as_the_help() {
    let doc = include_str!("../../../docs/addrctl.md");
    let help = String::from_utf8(addrctl(&["--help"]).stdout).unwrap();
    let codes = |line: &str| {
        let (code, text) = line.trim().split_once("  ")?;
        Some((code.parse::<u8>().ok()?, text.trim().to_owned()))
    };
    let documented = |(code, text): &(u8, String)| doc.contains(&format!("| {code} | {text} |"));
    let in_help: Vec<_> = help.lines().filter_map(codes).collect();
    assert_eq!(in_help.len(), 12);
    assert!(in_help.iter().all(documented), "{in_help:?}");
}

#[test]
fn an_installation_has_what_an_administrator_looks_for() {
    let dest = std::env::temp_dir().join(format!("addrctl-install-{}", std::process::id()));
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(format!("{repository}/scripts/install"))
        .env("DESTDIR", &dest)
        .env("PREFIX", "/usr")
        .env("KDIR", "")
        .env("ADDRCTL", env!("CARGO_BIN_EXE_addrctl"))
        .output()
        .expect("scripts/install");
    assert!(output.status.success(), "{output:?}");
    let text = |path: &str| {
        let path = dest.join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    assert!(dest.join("usr/sbin/addrctl").is_file());
    assert!(dest.join("etc/addrconf").is_dir());
    assert!(text("usr/share/man/man1/addrctl.1").contains("addrctl"));
    assert!(text("usr/share/man/man1/addrctl-apply.1").contains("prune"));
    assert!(text("usr/share/bash-completion/completions/addrctl").contains("monitor"));
    assert!(text("usr/share/zsh/site-functions/_addrctl").contains("monitor"));
    assert!(text("usr/share/fish/vendor_completions.d/addrctl.fish").contains("monitor"));
    assert!(text("usr/lib/systemd/system/addrconf.service").contains("/usr/sbin/addrctl apply"));
    assert!(text("usr/lib/systemd/system-generators/addrconf-generator").contains("/usr/sbin/"));
    assert!(text("usr/lib/modules-load.d/addrconf.conf").contains("\naddrconf\n"));
    assert!(text("usr/lib/systemd/system/addrconf-metrics@.service").contains("metrics --http"));
    assert!(text("usr/lib/systemd/system/addrconf-metrics.socket").contains("Accept=yes"));
    let monitor = text("usr/lib/systemd/system/addrconf-monitor.service");
    assert!(monitor.contains("ExecStart=/usr/sbin/addrctl monitor --journal\n"));
    assert!(text("usr/share/addrconf/policy.schema.json").contains("host-loopback"));
    assert!(text("usr/share/addrconf/answers.schema.json").contains("\"rule-list\""));
    assert!(!dest.join("lib/modules").exists());
    std::fs::remove_dir_all(&dest).expect("rm");
}
