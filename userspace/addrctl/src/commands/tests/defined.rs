// SPDX-License-Identifier: GPL-2.0

//! Associations that have a name: defining them, putting processes into them, and naming
//! them in every command.

use addrconf_abi::{Bypass, Command as Call, Obstacle};
use rustix::io::Errno;

use super::refusals::refused;
use super::{addrctl, nginx, run};
use crate::testing::{Fake, OWN_PID};

/// A kernel with the processes of `nginx` and an association named shop.
fn shop() -> Fake {
    let fake = nginx();
    let id = addrctl(&fake, "define shop 10.0.0.1,10.0.0.2 --exclusive").unwrap();
    assert_eq!(id, "1\n");
    fake
}

#[test]
fn a_defined_association_is_there_without_processes() {
    let fake = shop();
    let shown = addrctl(&fake, "show shop").unwrap();
    assert!(shown.contains("name         shop\n"), "{shown}");
    assert!(shown.contains("defined      yes\n"), "{shown}");
    assert!(shown.contains("exclusive    yes\n"), "{shown}");
    assert!(shown.contains("processes    -\n"), "{shown}");
    addrctl(&fake, "assign 812 --to shop").unwrap();
    addrctl(&fake, "release shop").unwrap();
    assert!(fake.state().associations.contains_key(&1));
    addrctl(&fake, "undefine shop").unwrap();
    assert!(fake.state().associations.is_empty());
}

#[test]
fn processes_are_put_into_an_association_by_name_and_by_id() {
    let fake = shop();
    assert_eq!(addrctl(&fake, "assign 812 --to shop").unwrap(), "1\n");
    assert_eq!(addrctl(&fake, "assign 813 --to 1").unwrap(), "1\n");
    assert_eq!(fake.state().associations[&1].pids, vec![812, 813]);
    let printed = addrctl(&fake, "undefine 1").unwrap();
    assert_eq!(printed, "still has 2 tasks, and ends with the last\n");
}

#[test]
fn run_enters_an_association_and_executes_there() {
    for line in [
        "run shop redis-cli ping",
        "run shop -- redis-cli ping",
        "run 1 redis-cli ping",
    ] {
        let fake = shop();
        let (result, _) = run(&fake, line);
        assert_eq!(result.unwrap_err().exit_code(), 1);
        let state = fake.state();
        assert_eq!(state.associations[&1].pids, vec![OWN_PID]);
        let (command, open) = &state.executed[0];
        assert_eq!(command, &["redis-cli", "ping"]);
        assert_eq!(*open, 0);
    }
}

#[test]
fn run_executes_nothing_that_it_cannot_put_into_the_association() {
    let no_name = "cannot put process 100 (addrctl) into association store: no association has \
                   the name store";
    let terms = "--exclusive is for a new association, and needs --addr";
    let no_program = "after the name of the association, or --addr ADDRS, comes the program";
    let no_association = "without --addr the first word is an association, and \"/bin/ls\" is none";
    for (line, words) in [
        ("run store ls", no_name),
        ("run --exclusive shop ls", terms),
        ("run shop", no_program),
        ("run shop --", no_program),
        ("run /bin/ls", no_association),
    ] {
        let fake = shop();
        let error = run(&fake, line).0.unwrap_err().to_string();
        assert!(error.contains(words), "{line}: {error}");
        assert!(fake.state().executed.is_empty());
        assert!(fake.state().associations[&1].pids.is_empty());
    }
}

#[test]
fn every_command_that_takes_a_process_takes_a_name() {
    let fake = shop();
    addrctl(&fake, "assign 812 --to shop").unwrap();
    addrctl(&fake, "add shop 10.0.0.3").unwrap();
    addrctl(&fake, "remove --association shop 10.0.0.1").unwrap();
    addrctl(&fake, "replace shop 10.0.0.9").unwrap();
    let shown = addrctl(&fake, "show --association shop").unwrap();
    assert!(
        shown.contains("addresses    10.0.0.9 (primary)\n"),
        "{shown}"
    );
    addrctl(&fake, "release --association shop").unwrap();
    assert!(fake.state().associations[&1].pids.is_empty());
}

#[test]
fn a_name_that_nobody_has_is_not_found() {
    for line in [
        "show store",
        "release store",
        "add store 10.0.0.7",
        "undefine store",
    ] {
        refused(&shop(), line, 5, "no association has the name store");
    }
    refused(&shop(), "undefine 7", 5, "no such association");
}

#[test]
fn a_name_belongs_to_one_association() {
    let words = "there is an association named shop already";
    for line in ["define shop 10.0.0.7", "assign 812 10.0.0.7 --name shop"] {
        let fake = shop();
        refused(&fake, line, 1, words);
        assert_eq!(fake.state().associations.len(), 1);
    }
}

#[test]
fn what_joining_is_refused_for_is_explained() {
    let fake = shop();
    addrctl(&fake, "assign 812 --to shop").unwrap();
    refused(
        &fake,
        "assign 812 --to shop",
        1,
        "the process is already associated",
    );
    fake.state().obstacle = Some(Obstacle {
        bypass: Bypass::PacketSocket,
        pid: 813,
        fd: Some(4),
    });
    refused(&fake, "assign 813 --to shop", 1, "packet socket");
    let fake = shop();
    fake.state().failing = Some((Call::Join, Errno::INVAL));
    refused(
        &fake,
        "assign 813 --to 1",
        1,
        "is a part that a process made",
    );
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1 --name web").unwrap();
    refused(&fake, "undefine web", 1, "it is not a defined one");
}

#[test]
fn an_older_module_knows_no_names() {
    let words = "the module is older than this addrctl and cannot do this: it has ABI 5";
    for line in [
        "define store 10.0.0.7",
        "undefine shop",
        "show shop",
        "run shop ls",
    ] {
        let fake = shop();
        fake.state().module = Some(5);
        let error = run(&fake, line).0.unwrap_err();
        assert!(error.to_string().contains(words), "{line}: {error}");
    }
}
