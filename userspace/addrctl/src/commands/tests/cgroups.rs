// SPDX-License-Identifier: GPL-2.0

//! Putting all processes of a control group into an association.

use std::path::Path;

use addrconf_abi::{Bypass, Command as Call, Obstacle};
use rustix::io::Errno;

use super::refusals::refused;
use super::rules::machine;
use super::{addrctl, run};
use crate::testing::{Fake, OWN_PID};

/// A machine with process 814 in the group shop.slice, and 812 and 813 below it.
fn slice() -> Fake {
    let fake = machine();
    fake.state().processes.insert(814, "redis".to_owned());
    group(&fake, "/shop.slice", |pids| pids.push(814));
    fake
}

/// Changes the processes of a control group.
fn group(fake: &Fake, path: &str, change: impl FnOnce(&mut Vec<i32>)) {
    let mut state = fake.state();
    change(&mut state.cgroups.get_mut(Path::new(path)).unwrap().pids);
}

/// The members of association 1.
fn members(fake: &Fake) -> Vec<i32> {
    let mut pids = fake.state().associations[&1].pids.clone();
    pids.sort_unstable();
    pids
}

#[test]
fn every_process_in_the_group_and_below_it_joins() {
    for option in [
        "--cgroup shop.slice",
        "--cgroup /sys/fs/cgroup/shop.slice",
        "--unit shop.slice",
    ] {
        let fake = slice();
        let printed = addrctl(&fake, &format!("assign {option} --to shop")).unwrap();
        assert_eq!(printed, "3 processes joined\n");
        assert_eq!(members(&fake), [812, 813, 814]);
    }
    let fake = slice();
    let printed = addrctl(&fake, "assign --unit nginx.service --to 1").unwrap();
    assert_eq!(printed, "2 processes joined\n");
    assert_eq!(members(&fake), [812, 813]);
}

#[test]
fn members_and_those_that_exit_meanwhile_are_passed_over() {
    let fake = slice();
    addrctl(&fake, "assign 812 --to shop").unwrap();
    // 900 has exited when it is opened, 901 is a thread by then.
    group(&fake, "/shop.slice", |pids| pids.extend([900, 901]));
    fake.state().threads.insert(901, 812);
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "2 processes joined\n");
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "0 processes joined\n");
    let fake = slice();
    fake.state().failing = Some((Call::Join, Errno::SRCH));
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "0 processes joined\n");
}

#[test]
fn processes_that_come_meanwhile_join_as_well() {
    let fake = slice();
    let shop = Path::new("/shop.slice");
    let mut state = fake.state();
    state.cgroups.get_mut(shop).unwrap().coming = (900..903).collect();
    drop(state);
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "6 processes joined\n");
    assert_eq!(members(&fake), [812, 813, 814, 900, 901, 902]);
}

#[test]
fn processes_that_come_too_fast_are_told_so() {
    let fake = slice();
    let shop = Path::new("/shop.slice");
    let mut state = fake.state();
    state.cgroups.get_mut(shop).unwrap().coming = (900..1000).collect();
    drop(state);
    let words = "cannot put the processes of control group shop.slice into association shop: \
                 processes come into it faster than they can join; let `addrctl rule add --cgroup` \
                 take in those that come";
    refused(&fake, "assign --cgroup shop.slice --to shop", 1, words);
    assert!(members(&fake).len() > 3);
}

#[test]
fn a_process_with_a_number_of_the_group_that_is_no_longer_in_it_does_not_join() {
    let fake = slice();
    let mut state = fake.state();
    let shop = state.cgroups.get_mut(Path::new("/shop.slice")).unwrap();
    shop.leaving = vec![814];
    drop(state);
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "2 processes joined\n");
    assert_eq!(members(&fake), [812, 813]);
}

#[test]
fn more_processes_than_can_be_open_at_once_join() {
    let fake = slice();
    let many = 2000..3000;
    let mut state = fake.state();
    let named = many.clone().map(|pid| (pid, "worker".to_owned()));
    state.processes.extend(named);
    drop(state);
    group(&fake, "/shop.slice", |pids| pids.extend(many));
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "1003 processes joined\n");
}

#[test]
fn one_that_cannot_join_is_named_and_those_before_stay() {
    let fake = slice();
    addrctl(&fake, "assign 814 --to blog").unwrap();
    let words = "cannot put process 814 (redis) into association shop: the process is already \
                 associated; `addrctl show 814` tells with what, `addrctl release 814` ends it; 2 \
                 processes of the control group joined before, and stay members";
    refused(&fake, "assign --cgroup shop.slice --to shop", 1, words);
    assert_eq!(members(&fake), [812, 813]);

    let fake = slice();
    fake.state().obstacle = Some(Obstacle {
        bypass: Bypass::PacketSocket,
        pid: 812,
        fd: Some(7),
    });
    let (result, printed) = run(&fake, "assign --cgroup shop.slice --to shop");
    let error = result.unwrap_err().to_string();
    let words = "cannot put process 812 (nginx) into association shop: descriptor 7 of process \
                 812 (nginx) is a packet socket";
    assert!(error.starts_with(words), "{error}");
    assert!(!error.contains("joined before"), "{error}");
    assert_eq!(printed, "");
}

#[test]
fn addrctl_passes_itself_over_and_is_careful_with_what_it_runs_in() {
    let fake = slice();
    group(&fake, "/shop.slice", |pids| pids.push(OWN_PID));
    let printed = addrctl(&fake, "assign --cgroup shop.slice --to shop").unwrap();
    assert_eq!(printed, "3 processes joined\n");

    let fake = slice();
    fake.state().ancestors = vec![814];
    let words = "cannot associate process 814 (redis): addrctl itself runs in it";
    refused(&fake, "assign --cgroup shop.slice --to shop", 1, words);
    assert!(members(&fake).is_empty());
    addrctl(&fake, "assign --cgroup shop.slice --to shop --force").unwrap();
    assert_eq!(members(&fake), [812, 813, 814]);
}

#[test]
fn a_group_without_processes_of_its_own_is_told_apart() {
    let fake = slice();
    let mut state = fake.state();
    let shop = state.cgroups.get_mut(Path::new("/shop.slice")).unwrap();
    shop.threaded = true;
    drop(state);
    let words = "it is a threaded control group, which has threads and no processes; name the one \
                 above it";
    refused(&fake, "assign --cgroup shop.slice --to shop", 1, words);
    // Below a group whose list has the processes.
    let printed = addrctl(&fake, "assign --cgroup / --to shop").unwrap();
    assert_eq!(printed, "2 processes joined\n");

    let fake = slice();
    group(&fake, "/shop.slice", |pids| pids.push(0));
    let words = "it has processes outside this pid namespace";
    refused(&fake, "assign --cgroup shop.slice --to shop", 5, words);
}

#[test]
fn an_association_that_is_not_there_takes_nobody_in() {
    let words = "cannot put the processes of unit shop.slice into association store: no \
                 association has the name store";
    refused(&slice(), "assign --unit shop.slice --to store", 5, words);
    let words = "no such association";
    refused(&slice(), "assign --cgroup shop.slice --to 7", 5, words);
}
