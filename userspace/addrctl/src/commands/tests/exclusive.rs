// SPDX-License-Identifier: GPL-2.0

//! Exclusive addresses that another association has: refused, unless forced.

use addrconf_abi::{Command as Call, Terms};
use rustix::io::Errno;

use super::{addrctl, nginx, set};
use crate::address::AddressSet;
use crate::commands::run::exit_code as run_exit_code;
use crate::testing::{Fake, FakeAssociation};

/// A kernel with an exclusive association named mail, another without a name, of process 812,
/// and one that is not exclusive.
fn machine() -> Fake {
    let fake = nginx();
    addrctl(
        &fake,
        "define mail 10.0.0.1,10.1.0.0/24,2001:db8::1 --exclusive",
    )
    .unwrap();
    addrctl(&fake, "assign 812 10.0.0.2 --exclusive").unwrap();
    addrctl(&fake, "define shared 10.0.0.3").unwrap();
    fake
}

/// The sets of all associations.
fn sets(fake: &Fake) -> Vec<(u64, String)> {
    let state = fake.state();
    let all = state.associations.iter();
    all.map(|(&id, association)| (id, association.set().to_string()))
        .collect()
}

/// Checks that a command fails with this very message, and changes nothing.
#[track_caller]
fn refused(fake: &Fake, line: &str, message: &str) {
    let before = sets(fake);
    let error = addrctl(fake, line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(error.exit_code(), 1);
    assert_eq!(run_exit_code(&error), 125);
    assert_eq!(sets(fake), before);
    assert_eq!(fake.state().open_devices, 0);
    assert!(fake.state().executed.is_empty());
    assert!(fake.state().notes.is_empty());
}

#[test]
fn a_new_exclusive_association_gets_no_address_of_another() {
    let next = "nothing was changed; name another address, leave --exclusive out, or use --force \
                to share it";
    for (line, begin) in [
        (
            "define shop 10.0.0.9,10.0.0.1 --exclusive",
            "cannot define association shop with 10.0.0.9,10.0.0.1: association 1 (mail) is \
             exclusive too and has 10.0.0.1",
        ),
        (
            "define shop 10.1.0.7 --exclusive",
            "cannot define association shop with 10.1.0.7: association 1 (mail) is exclusive too \
             and has 10.1.0.0/24, which contains 10.1.0.7",
        ),
        (
            "assign 813 2001:db8::/64 --exclusive --name shop",
            "cannot associate process 813 (nginx) with 2001:db8::/64: association 1 (mail) is \
             exclusive too and has 2001:db8::1",
        ),
        (
            "run --addr 10.0.0.2 --exclusive nginx",
            "cannot associate process 100 (addrctl) with 10.0.0.2: association 2 is exclusive \
             too and has 10.0.0.2",
        ),
    ] {
        let fake = machine();
        refused(&fake, line, &format!("{begin}; {next}"));
        let (exclusive, rest) = line.split_once(" --exclusive").unwrap();
        let _ = addrctl(&fake, &format!("{exclusive}{rest}"));
        assert_eq!(fake.state().associations.len(), 4, "{line}");
    }
}

#[test]
fn an_exclusive_association_is_given_no_address_of_another() {
    let next = "nothing was changed; name another address, or use --force to share it";
    for (line, begin) in [
        (
            "add mail 10.0.0.2",
            "cannot add 10.0.0.2 to the set of association mail: association 2 is exclusive too \
             and has 10.0.0.2",
        ),
        (
            "add 812 10.0.0.9,10.1.0.7",
            "cannot add 10.0.0.9,10.1.0.7 to the set of process 812 (nginx): association 1 (mail) \
             is exclusive too and has 10.1.0.0/24, which contains 10.1.0.7",
        ),
        (
            "replace --association 2 10.0.0.0/24",
            "cannot replace the set of association 2 by 10.0.0.0/24: association 1 (mail) is \
             exclusive too and has 10.0.0.1",
        ),
    ] {
        refused(&machine(), line, &format!("{begin}; {next}"));
    }
    let fake = machine();
    addrctl(&fake, "add shared 10.0.0.1").unwrap();
    addrctl(&fake, "add 812 10.0.0.3").unwrap();
    assert_eq!(set(&fake, 3), "10.0.0.3,10.0.0.1");
    assert_eq!(set(&fake, 2), "10.0.0.2,10.0.0.3");
}

#[test]
fn force_shares_an_address_and_what_is_shared_can_be_named_again() {
    for line in [
        "define shop 10.0.0.1 --exclusive --force",
        "assign 813 10.0.0.1 --exclusive --force",
        "run --addr 10.0.0.1 --exclusive --force nginx",
    ] {
        let fake = machine();
        // `run` fails after that, because the made-up kernel has no programs.
        let _ = addrctl(&fake, line);
        assert_eq!(set(&fake, 4), "10.0.0.1", "{line}");
    }
    let fake = machine();
    addrctl(&fake, "add 812 10.0.0.1 --force").unwrap();
    addrctl(&fake, "replace 812 10.0.0.1,10.0.0.2 --reset").unwrap();
    addrctl(&fake, "remove 812 10.0.0.2").unwrap();
    addrctl(&fake, "replace 812 10.1.0.0/25 --force").unwrap();
    assert_eq!(set(&fake, 2), "10.1.0.0/25");
}

#[test]
fn what_the_module_refuses_for_a_better_reason_is_left_to_it() {
    let fake = machine();
    for (line, words) in [
        (
            "define mail 10.0.0.1 --exclusive",
            "there is an association named mail already",
        ),
        (
            "assign 812 10.0.0.2 --exclusive",
            "the process is already associated",
        ),
    ] {
        let error = addrctl(&fake, line).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    // addrctl itself is associated, and may not list associations.
    fake.state().failing = Some((Call::List, Errno::PERM));
    addrctl(&fake, "define shop 10.0.0.1 --exclusive").unwrap();
}

#[test]
fn an_association_of_which_only_sockets_are_left_keeps_no_address() {
    let fake = machine();
    let mut state = fake.state();
    state.associations.get_mut(&2).unwrap().lingering = 9;
    state.associations.get_mut(&2).unwrap().pids.clear();
    drop(state);
    addrctl(&fake, "assign 813 10.0.0.2 --exclusive").unwrap();
    assert_eq!(set(&fake, 4), "10.0.0.2");
}

#[test]
fn a_part_is_no_other_association() {
    let fake = machine();
    let part = FakeAssociation {
        terms: Terms {
            exclusive: true,
            ..Terms::default()
        },
        entries: "10.0.0.2".parse::<AddressSet>().unwrap().entries().to_vec(),
        pids: vec![813],
        ..FakeAssociation::default()
    };
    fake.state().associations.insert(7, part);
    addrctl(&fake, "remove mail 10.0.0.1").unwrap();
    addrctl(&fake, "replace 812 10.0.0.1").unwrap();
    addrctl(&fake, "add 812 10.0.0.0/24").unwrap();
    assert_eq!(set(&fake, 2), "10.0.0.1,10.0.0.0/24");
}

#[test]
fn a_list_tells_of_addresses_that_two_exclusive_associations_have() {
    let fake = machine();
    assert!(!addrctl(&fake, "list").unwrap().contains("note:"));
    for line in [
        "define shop 10.1.0.7,10.0.0.9 --exclusive --force",
        "define blog 10.1.0.0/28,2001:db8::1 --exclusive --force",
        "define open 10.0.0.1",
    ] {
        addrctl(&fake, line).unwrap();
    }
    let listed = addrctl(&fake, "list").unwrap();
    let notes: Vec<_> = listed
        .lines()
        .filter(|line| line.starts_with("note:"))
        .collect();
    let both = |one: &str, other: u32, address: &str| {
        format!(
            "note: association {one} and association {other} are both exclusive and have {address}"
        )
    };
    assert_eq!(
        notes,
        [
            both("1 (mail)", 5, "10.1.0.0/28"),
            both("1 (mail)", 5, "2001:db8::1"),
            both("4 (shop)", 5, "10.1.0.7"),
        ]
    );
    let json = addrctl(&fake, "list --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let contested = |at: usize| json["associations"][at]["contested"].clone();
    assert_eq!(
        contested(3),
        serde_json::json!([{"address": "10.1.0.7", "association": 5}])
    );
    assert_eq!(contested(1), serde_json::json!([]));
    assert!(contested(2).is_null());
}
