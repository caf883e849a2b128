// SPDX-License-Identifier: GPL-2.0

//! Which source `scripts/kernel-source` chooses, and what it says where there is none.

use addrconf_scripts::{Machine, Printed};

const SCRIPT: &str = "scripts/kernel-source";

fn find(machine: &Machine) -> Printed {
    machine.run(SCRIPT, &[])
}

/// Asserts that the source is of this package and version; its layout does not matter.
#[track_caller]
fn assert_found(printed: &Printed, name: &str) {
    let found = printed.out.rsplit_once('_').map(|(name, _layout)| name);
    assert_eq!(found, Some(name), "{}", printed.messages);
    assert!(printed.fine);
}

#[test]
fn a_source_comes_from_the_first_suite_that_offers_it() {
    let machine = Machine::new();
    machine.offer("trixie-backports", "7.2 7.2.12-1~bpo13+1\n");
    machine.offer("sid", "7.3 7.3.4-1\n");
    machine.offer("experimental", "7.3 7.3.5-1\n");
    assert_found(&find(&machine), "linux-source-7.3_7.3.4-1");
    assert!(!machine.was_asked("experimental"));
}

#[test]
fn a_suite_that_cannot_be_read_is_passed_over() {
    let machine = Machine::new();
    machine.disconnect();
    machine.offer("experimental", "7.3 7.3.4-1\n");
    assert_found(&find(&machine), "linux-source-7.3_7.3.4-1");
}

#[test]
fn a_suite_whose_package_cannot_be_downloaded_is_passed_over() {
    let machine = Machine::new();
    machine.offer("trixie-backports", "7.3 7.3.4-1~bpo13+1\n");
    machine.offer("sid", "7.3 7.3.5-1\n");
    machine.write("lost/trixie-backports", "");
    assert_found(&find(&machine), "linux-source-7.3_7.3.5-1");
}

#[test]
fn another_supported_release_is_used_where_no_suite_offers_the_first() {
    let machine = Machine::new();
    machine.offer("trixie-backports", "7.4 7.4.1-1~bpo13+1\n");
    machine.offer("sid", "7.2 7.2.13-1\n");
    let printed = find(&machine);
    assert_found(&printed, "linux-source-7.2_7.2.13-1");
    assert!(printed.messages.contains("no place offers Linux 7.3"));
    assert!(printed.messages.contains("using linux-source-7.2_7.2.13-1"));
}

#[test]
fn a_search_without_the_first_release_is_not_repeated_at_once() {
    let machine = Machine::new();
    machine.offer("sid", "7.2 7.2.13-1\n");
    find(&machine);
    machine.forget_asking();
    assert_found(&find(&machine), "linux-source-7.2_7.2.13-1");
    assert!(!machine.was_asked("sid"));
}

#[test]
fn a_source_in_the_cache_is_used_without_asking_anybody() {
    let machine = Machine::new();
    machine.offer("sid", "7.3 7.3.4-1\n");
    find(&machine);
    machine.forget_asking();
    machine.offer("sid", "7.3 7.3.5-1\n");
    assert_found(&find(&machine), "linux-source-7.3_7.3.4-1");
    assert!(!machine.was_asked("sid"));
}

#[test]
fn an_update_fetches_the_newest_source_of_each_supported_release() {
    let machine = Machine::new();
    machine.offer("sid", "7.3 7.3.4-1\n");
    find(&machine);
    machine.offer("trixie-backports", "7.2 7.2.12-1~bpo13+1\n7.3 7.3.9-1\n");
    machine.offer("sid", "7.2 7.2.13-1\n7.3 7.3.10-1\n");
    machine.offer("experimental", "7.3 7.3.11~rc1-1\n");
    let printed = machine.run("scripts/kernel-source update", &[]);
    let names: Vec<_> = printed.out.lines().collect();
    assert!(
        names[0].starts_with("linux-source-7.3_7.3.10-1_"),
        "{names:?}"
    );
    assert!(
        names[1].starts_with("linux-source-7.2_7.2.13-1_"),
        "{names:?}"
    );
    assert_found(&find(&machine), "linux-source-7.3_7.3.10-1");
}

#[test]
fn a_cached_tree_that_leaves_out_other_files_is_used_where_no_suite_can_be_read() {
    let machine = Machine::new();
    machine.disconnect();
    machine.write(
        "cache/source/linux-source-7.3_7.3.4-1_abcdef/linux/Kconfig",
        "",
    );
    let printed = find(&machine);
    assert_eq!(printed.out, "linux-source-7.3_7.3.4-1_abcdef");
    assert!(printed
        .messages
        .contains("no place offers Linux 7.3: using"));
}

#[test]
fn a_cached_source_of_another_supported_release_is_used_where_no_suite_can_be_read() {
    let machine = Machine::new();
    machine.offer("sid", "7.2 7.2.13-1\n");
    assert_found(
        &machine.run(SCRIPT, &[("KERNEL_SERIES", "7.2")]),
        "linux-source-7.2_7.2.13-1",
    );
    machine.disconnect();
    let printed = find(&machine);
    assert_found(&printed, "linux-source-7.2_7.2.13-1");
    assert!(printed.messages.contains("using linux-source-7.2_7.2.13-1"));
}

#[test]
fn a_snapshot_is_asked_where_no_suite_offers_a_supported_release() {
    let machine = Machine::new();
    machine.write("snapshots", "");
    machine.offer("sid", "7.5 7.5.1-1\n");
    machine.offer("20261129-sid", "7.3 7.3.4-1\n");
    let printed = find(&machine);
    assert_found(&printed, "linux-source-7.3_7.3.4-1");
    assert!(printed
        .messages
        .contains("the snapshot of 20261129 of Debian's sid"));
}

#[test]
fn a_variable_names_the_archive_of_snapshots() {
    let machine = Machine::new();
    machine.offer("20261129-sid", "7.3 7.3.4-1\n");
    let archive = "http://snapshots.example/@SNAPSHOTID@/";
    let printed = machine.run(SCRIPT, &[("KERNEL_SNAPSHOTS", archive)]);
    assert_found(&printed, "linux-source-7.3_7.3.4-1");
}

#[test]
fn a_release_candidate_is_used_where_nothing_final_is_offered() {
    let machine = Machine::new();
    machine.offer("experimental", "7.3 7.3~rc7-1~exp1\n");
    machine.offer("sid", "7.2 7.2.13-1\n");
    assert_found(&find(&machine), "linux-source-7.2_7.2.13-1");
    let printed = machine.run(SCRIPT, &[("KERNEL_SERIES", "7.3")]);
    assert_found(&printed, "linux-source-7.3_7.3~rc7-1~exp1");
    assert!(printed.messages.contains("but as a release candidate"));
}

#[test]
fn where_there_is_no_source_the_message_says_what_can_be_had_and_how() {
    let machine = Machine::new();
    machine.disconnect();
    machine.offer("machine", "6.1 6.1.140-1\n");
    machine.offer(
        "trixie-backports",
        "7.4 7.4.9-1~bpo13+1\n7.5 7.5.2-1~bpo13+1\n",
    );
    machine.offer("sid", "");
    let printed = find(&machine);
    assert!(!printed.fine);
    assert_eq!(printed.out, "");
    let log = machine.path("cache/source/places/experimental/update.log");
    let expected = format!(
        "kernel-source: no source of Linux 7.3 or 7.2. What can be had:
  this machine's apt sources: linux-source-6.1 (6.1.140-1)
  Debian's trixie-backports: linux-source-7.4 (7.4.9-1~bpo13+1), linux-source-7.5 (7.5.2-1~bpo13+1)
  Debian's sid: no linux-source
  Debian's experimental: cannot be read: see {}
  snapshots of Debian: apt knows no archive of them; KERNEL_SNAPSHOTS=URI names one
To try Linux 7.5, to which the patches may not apply: KERNEL_SERIES=7.5 make kernel
To try Linux 7.4, to which the patches may not apply: KERNEL_SERIES=7.4 make kernel
To use a tree or a tar archive of Linux 7.3 or 7.2: KERNEL_SRC=PATH make kernel
",
        log.display()
    );
    let message = printed.messages.find("kernel-source:").unwrap();
    assert_eq!(&printed.messages[message..], expected);
}
