// SPDX-License-Identifier: GPL-2.0

//! What `scripts/patches.sh` says of a source that the patches do not fit.

use addrconf_scripts::{Machine, Printed};

const PATCH: &str = "--- a/net/one.c
+++ b/net/one.c
@@ -1,3 +1,3 @@
 a
-b
+B
 c
@@ -11,3 +11,3 @@
 k
-l
+L
 m
";

/// Tries the patch on a source in which `net/one.c` has these lines.
fn try_on(lines: &str) -> Printed {
    let machine = Machine::new();
    let text: String = lines.chars().map(|line| format!("{line}\n")).collect();
    machine.write("source/linux/net/one.c", &text);
    machine.write("one.patch", PATCH);
    let command = format!(
        ". scripts/lib.sh; . scripts/patches.sh; try_patches {0}/source {0}/one.patch",
        machine.path("").display()
    );
    let printed = machine.run(&command, &[]);
    let after = std::fs::read_to_string(machine.path("source/linux/net/one.c")).unwrap();
    assert_eq!(after, text, "the source was changed");
    printed
}

#[test]
fn a_patch_applies_where_its_lines_moved() {
    let printed = try_on("abcdefghijklm");
    assert!(printed.fine, "{}", printed.out);
    let printed = try_on("xyabcdefghijzzklm");
    assert!(printed.fine, "{}", printed.out);
}

#[test]
fn a_hunk_that_does_not_apply_is_named_with_its_file_and_line() {
    let printed = try_on("abcdefghijkXm");
    assert!(!printed.fine);
    assert!(
        printed
            .out
            .ends_with("does not apply to source:\n  net/one.c, hunk 2 at line 11"),
        "{}",
        printed.out
    );
}

#[test]
fn a_hunk_without_all_of_its_context_does_not_apply() {
    let printed = try_on("abXdefghijklm");
    assert!(!printed.fine);
    assert!(
        printed.out.ends_with("\n  net/one.c, hunk 1 at line 1"),
        "{}",
        printed.out
    );
}

#[test]
fn a_patch_whose_file_is_gone_does_not_apply() {
    let machine = Machine::new();
    machine.write("source/linux/Kconfig", "");
    machine.write("one.patch", PATCH);
    let command = format!(
        ". scripts/lib.sh; . scripts/patches.sh; try_patches {0}/source {0}/one.patch",
        machine.path("").display()
    );
    let printed = machine.run(&command, &[]);
    assert!(!printed.fine);
    assert!(
        printed.out.ends_with("\n  a file is not there"),
        "{}",
        printed.out
    );
}
