// SPDX-License-Identifier: GPL-2.0

//! Grants: whose thread is one's own, which terms may be asked for, and what is within a set.

use super::super::abi::{Name, SourceChoice, Terms};
use super::super::{grants, is_own, may_ask, Ids, Thread, Uid};
use super::*;

/// The ids of a thread that acts for a user and a group in every respect.
fn ids(user: u32, group: u32) -> Ids {
    Ids {
        users: [user; 4],
        groups: [group; 4],
    }
}

/// Another process of user 1000 and group 100, whose memory the caller has open.
fn other() -> Thread {
    Thread {
        ids: ids(1000, 100),
        in_namespace: true,
        exceeds: false,
        in_process: false,
        shown: true,
    }
}

#[test]
fn a_user_is_known_by_ids_that_are_all_the_same() {
    assert_eq!(ids(1000, 100).user().map(Uid::number), Some(1000));
    assert_eq!(ids(1000, 0).user().map(Uid::number), Some(1000));
    for at in 0..4 {
        for id in [0, 1001, u32::MAX] {
            let mut users = ids(1000, 100);
            users.users[at] = id;
            assert_eq!(users.user(), None, "user id {at} is {id}");
            let mut groups = ids(1000, 100);
            groups.groups[at] = id;
            assert_eq!(groups.user(), None, "group id {at} is {id}");
        }
    }
}

#[test]
fn neither_root_nor_nobody_at_all_can_have_a_grant() {
    assert_eq!(Uid::new(0), None);
    assert_eq!(Uid::new(u32::MAX), None);
    assert_eq!(ids(0, 0).user(), None);
    assert_eq!(ids(u32::MAX, 0).user(), None);
    for number in [1, 1000, 65534, u32::MAX - 1] {
        assert_eq!(Uid::new(number).map(Uid::number), Some(number));
    }
}

#[test]
fn a_thread_that_the_kernel_lets_one_trace_is_ones_own() {
    let caller = ids(1000, 100);
    assert!(is_own(&caller, &other()));
    let same_process = Thread {
        in_process: true,
        shown: false,
        ..other()
    };
    assert!(is_own(&caller, &same_process));
}

#[test]
fn a_thread_without_one_of_the_conditions_is_not() {
    let caller = ids(1000, 100);
    let other = other();
    for thread in [
        Thread {
            shown: false,
            ..other
        },
        Thread {
            exceeds: true,
            ..other
        },
        Thread {
            in_namespace: false,
            ..other
        },
        Thread {
            ids: ids(1001, 100),
            ..other
        },
        Thread {
            ids: ids(1000, 101),
            ..other
        },
    ] {
        assert!(!is_own(&caller, &thread), "{thread:?}");
        // Threads of one process may have different rights.
        let in_process = Thread {
            in_process: true,
            ..thread
        };
        let is_shown = thread
            == Thread {
                shown: false,
                ..other
            };
        assert_eq!(is_own(&caller, &in_process), is_shown, "{in_process:?}");
    }
}

#[test]
fn a_program_with_the_rights_of_another_owns_nothing_and_is_nobodys() {
    for at in 0..4 {
        let mut mixed = ids(1000, 100);
        mixed.users[at] = 0;
        let thread = Thread {
            ids: mixed,
            ..other()
        };
        assert!(!is_own(&ids(1000, 100), &thread));
        assert!(!is_own(&mixed, &other()));
        // Not even what has the very same ids, such as itself.
        assert!(!is_own(&mixed, &thread));
    }
    let root = Thread {
        ids: ids(0, 0),
        ..other()
    };
    assert!(!is_own(&ids(0, 0), &root));
}

#[test]
fn only_terms_that_concern_nobody_else_may_be_asked_for() {
    let plain = Terms::DEFAULT;
    assert!(may_ask(&plain));
    for source in [SourceChoice::Primary, SourceChoice::Random] {
        assert!(may_ask(&Terms {
            source,
            signal: true,
            ..plain
        }));
    }
    for terms in [
        Terms {
            name: Name::new("shop").unwrap(),
            ..plain
        },
        Terms {
            exclusive: true,
            ..plain
        },
        Terms {
            allow_raw: true,
            ..plain
        },
        Terms {
            loopback: Some(Ipv4Addr::new(127, 64, 0, 1)),
            ..plain
        },
        Terms {
            host_loopback: HostLoopback::new(Ipv4Addr::new(127, 0, 0, 53), 32),
            ..plain
        },
    ] {
        assert!(!may_ask(&terms), "{terms:?}");
    }
}

#[test]
fn a_grant_covers_its_entries_and_their_parts_and_nothing_beside() {
    let granted = set("10.0.0.1 10.1.0.0/24 2001:db8::/64");
    let covers = |text: &str| grants(&granted.view(), &set(text).prefixes);
    for text in [
        "10.0.0.1",
        "10.1.0.0/24",
        "10.1.0.7 10.0.0.1",
        "10.1.0.128/25 2001:db8::5",
    ] {
        assert!(covers(text), "{text}");
    }
    for text in [
        "",
        "10.0.0.2",
        "10.0.0.0/31",
        "10.1.0.0/23",
        "10.0.0.1 10.2.0.1",
        "10.2.0.1 10.0.0.1",
        "2001:db8::/63",
    ] {
        assert!(!covers(text), "{text}");
    }
    assert!(!grants(&set("").view(), &set("10.0.0.1").prefixes));
}

proptest! {
    #![proptest_config(cases(2000))]

    /// Whatever a user asks for, each address of it is one that was granted.
    #[test]
    fn no_address_of_what_is_covered_is_outside(
        granted in any_set(), asked in any_set(), addr in any_ip(),
    ) {
        if grants(&granted.view(), &asked.prefixes) {
            let inside = |set: &OwnedSet| set.prefixes.iter().any(|p| naively_inside(p, addr));
            prop_assert!(!inside(&asked) || inside(&granted));
            for entry in &asked.prefixes {
                prop_assert!(granted.view().contains(entry.addr()));
            }
        }
    }
}
