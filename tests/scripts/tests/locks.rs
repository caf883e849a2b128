// SPDX-License-Identifier: GPL-2.0

//! Whether runs at the same time keep out of each other's way.

use addrconf_scripts::{Machine, Printed};

/// Runs shell code that has `scripts/lib.sh`, and `free HOW`: whether another run gets the
/// lock of the source named `linux` in that way.
fn run(machine: &Machine, code: &str) -> Printed {
    let free =
        r#"free() { flock --nonblock "--$1" "$CACHE/locks/source-linux" true && echo "$1"; }"#;
    machine.run(&format!(". scripts/lib.sh; {free}; {code}"), &[])
}

#[test]
fn a_shared_lock_keeps_out_only_those_that_want_it_alone() {
    let code = "lock --shared source-linux; free shared; free exclusive; unlock source-linux; free exclusive";
    assert_eq!(run(&Machine::new(), code).out, "shared\nexclusive");
    let code = "lock source-linux; free shared; free exclusive; unlock source-linux; free shared";
    assert_eq!(run(&Machine::new(), code).out, "shared");
}

/// Stands for `scripts/kernel`. Another run changes the tree when this one has asked for it
/// for the first time.
const KERNEL: &str = r#"#!/bin/bash
place=${0%/scripts/*}
case $3 in
tree)
    echo tree >>"$place/asked"
    echo "$place/build/linux/base"
    ;;
ready) [ "$(wc -l <"$place/asked")" = 2 ] ;;
esac
"#;

#[test]
fn a_tree_that_changed_before_it_was_locked_is_built_again() {
    let machine = Machine::new();
    machine.write("scripts/kernel", KERNEL);
    let code = format!(
        "REPO={}; chmod +x $REPO/scripts/kernel; hold_tree base; echo ${{tree#$REPO/}}; wc -l <$REPO/asked; \
         free shared; free exclusive; release_tree; free exclusive",
        machine.path("").display()
    );
    assert_eq!(
        run(&machine, &code).out,
        "build/linux/base\n2\nshared\nexclusive"
    );
}

#[test]
fn a_tree_that_cannot_be_built_ends_the_run() {
    let machine = Machine::new();
    machine.write("scripts/kernel", "#!/bin/bash\nexit 1\n");
    let code = format!(
        "REPO={}; chmod +x $REPO/scripts/kernel; (hold_tree base; echo held) || echo failed",
        machine.path("").display()
    );
    assert_eq!(run(&machine, &code).out, "failed");
}
