// SPDX-License-Identifier: GPL-2.0

//! Services of the host at addresses that become exclusive: noted.

use super::{addrctl, nginx, run};
use crate::system::State;
use crate::testing::{tcp, Fake, OWN_PID};

const CUT_OFF: &str = "new connections to 10.0.0.1 port 22 no longer reach process 700 (sshd), \
                       which listens on *:22; those that are open stay: if you are logged in \
                       through one, log in at another address before you close it";
const BOUND: &str = "process 701 (mysqld) is in no association and listens at 10.0.0.1 port 3306: \
                     --exclusive does not keep it off this address, and members cannot listen \
                     there until it stops";

/// Adds a socket, which these processes hold.
fn socket(fake: &Fake, local: &str, listens: bool, pids: &[i32]) {
    let mut state = fake.state();
    let is = match listens {
        true => State::Listening,
        false => State::Established,
    };
    let inode = 1000 + state.sockets.len() as u64;
    state.sockets.push((tcp(local, is, inode), pids.to_vec()));
}

/// A machine on which sshd listens on the wildcard.
fn machine() -> Fake {
    let fake = nginx();
    for (pid, name) in [
        (1, "systemd"),
        (700, "sshd"),
        (701, "mysqld"),
        (702, "sshd"),
    ] {
        fake.state().processes.insert(pid, name.to_owned());
    }
    socket(&fake, "0.0.0.0:22", true, &[1, 700]);
    socket(&fake, "[::]:22", true, &[1, 700]);
    socket(&fake, "0.0.0.0:80", true, &[812]);
    fake
}

/// What a command notes, which must succeed or, if it is `run`, execute.
#[track_caller]
fn noted(fake: &Fake, line: &str) -> Vec<String> {
    let (result, _) = run(fake, line);
    assert!(result.is_ok() || line.starts_with("run"), "{result:?}");
    assert_eq!(fake.state().executed.len(), usize::from(result.is_err()));
    std::mem::take(&mut fake.state().notes)
}

#[test]
fn a_service_on_the_wildcard_is_noted_only_if_it_has_connections_there() {
    let none: [&str; 0] = [];
    for line in [
        "define shop 10.0.0.1 --exclusive",
        "assign 813 10.0.0.1 --exclusive",
        "run --addr 10.0.0.1 --exclusive true",
    ] {
        let fake = machine();
        socket(&fake, "10.0.0.2:22", false, &[702]);
        socket(&fake, "10.0.0.1:50000", false, &[702]);
        assert_eq!(noted(&fake, line), none, "{line}");
        let fake = machine();
        socket(&fake, "10.0.0.1:22", false, &[702]);
        assert_eq!(noted(&fake, line), [CUT_OFF], "{line}");
        let fake = machine();
        socket(&fake, "10.0.0.1:22", false, &[702]);
        let line = line.replace(" --exclusive", "");
        assert_eq!(noted(&fake, &line), none, "{line}");
    }
}

#[test]
fn a_change_notes_what_it_concerns() {
    let fake = machine();
    addrctl(&fake, "define shop 10.0.0.9 --exclusive").unwrap();
    addrctl(&fake, "define shared 10.0.0.8").unwrap();
    socket(&fake, "10.0.0.1:22", false, &[702]);
    socket(&fake, "10.0.0.9:22", false, &[702]);
    assert_eq!(noted(&fake, "add shared 10.0.0.1").len(), 0);
    assert_eq!(noted(&fake, "add shop 10.0.0.1"), [CUT_OFF]);
    assert_eq!(noted(&fake, "replace shop 10.0.0.9,10.0.0.1").len(), 0);
    assert_eq!(noted(&fake, "remove shop 10.0.0.9").len(), 0);
}

#[test]
fn a_service_that_is_bound_to_the_address_keeps_it() {
    let fake = machine();
    socket(&fake, "10.0.0.1:3306", true, &[701]);
    socket(&fake, "10.0.0.1:3306", false, &[701]);
    socket(&fake, "0.0.0.0:3306", true, &[700]);
    socket(&fake, "10.0.0.2:3306", true, &[701]);
    assert_eq!(noted(&fake, "define shop 10.0.0.1 --exclusive"), [BOUND]);

    // Its holder is not in this pid namespace.
    let fake = machine();
    socket(&fake, "[2001:db8::1]:3306", true, &[]);
    assert_eq!(
        noted(&fake, "define shop 2001:db8::/64 --exclusive"),
        [
            "a process listens at 2001:db8::1 port 3306: --exclusive does not keep it off this \
             address, and members cannot listen there until it stops"
        ]
    );
}

#[test]
fn services_of_members_and_of_those_that_become_members_are_none_of_the_host() {
    let fake = machine();
    fake.state().children.insert(812, vec![813]);
    socket(&fake, "10.0.0.1:80", false, &[813]);
    socket(&fake, "10.0.0.1:443", true, &[813]);
    assert_eq!(
        noted(&fake, "assign 812 10.0.0.1 --exclusive --tree").len(),
        0
    );
    let again = "define shop 10.0.0.1 --exclusive --force";
    assert_eq!(noted(&fake, again).len(), 0);

    let fake = machine();
    socket(&fake, "10.0.0.1:443", true, &[1, OWN_PID]);
    assert_eq!(
        noted(&fake, "run --addr 10.0.0.1 --exclusive true").len(),
        0
    );
}

#[test]
fn a_dual_socket_serves_both_families_and_many_addresses_are_cut() {
    let fake = nginx();
    fake.state().processes.insert(700, "sshd".to_owned());
    socket(&fake, "[::]:22", true, &[700]);
    for host in 1..=4 {
        socket(&fake, &format!("10.0.0.{host}:22"), false, &[]);
    }
    let notes = noted(&fake, "define shop 10.0.0.0/24 --exclusive");
    let words = "new connections to 10.0.0.1, 10.0.0.2, 10.0.0.3 and others port 22 no longer";
    assert!(notes[0].starts_with(words), "{notes:?}");
    assert_eq!(notes.len(), 1);
}

#[test]
fn only_a_few_services_are_noted() {
    let fake = machine();
    for port in 1..=5 {
        socket(&fake, &format!("10.0.0.1:{port}"), true, &[701]);
    }
    let notes = noted(&fake, "define shop 10.0.0.1 --exclusive");
    assert_eq!(notes.len(), 4);
    let more = "and so on for 2 more: `ss -tlnp` lists what listens";
    assert_eq!(notes[3], more);
}
