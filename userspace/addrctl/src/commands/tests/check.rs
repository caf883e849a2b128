// SPDX-License-Identifier: GPL-2.0

//! Questions about calls that nobody makes.

use serde_json::{from_str, Value};

use super::{addrctl, nginx, run};
use crate::system::State;
use crate::testing::{tcp, Fake};

fn shop() -> Fake {
    let fake = nginx();
    let set = "10.0.0.1,10.1.0.0/24,2001:db8::1";
    addrctl(&fake, &format!("assign 812 {set} --name shop")).unwrap();
    fake
}

#[test]
fn what_is_allowed_is_said_with_the_source() {
    let fake = shop();
    for (line, said) in [
        ("check shop bind 10.0.0.1:80", "bind 10.0.0.1:80 is allowed"),
        (
            "check 812 connect 192.0.2.1:25",
            "connect 192.0.2.1:25 is allowed, from 10.0.0.1",
        ),
        (
            "check shop connect 2001:db8::9 --udp",
            "connect 2001:db8::9 is allowed, from 2001:db8::1",
        ),
        (
            "check shop bind 0.0.0.0:80",
            "bind 0.0.0.0:80 is allowed, and stands for 10.0.0.1, 10.1.0.0/24",
        ),
        (
            "check shop bind [::]:80",
            "bind [::]:80 is allowed, and stands for 10.0.0.1, 10.1.0.0/24, 2001:db8::1",
        ),
    ] {
        let printed = addrctl(&fake, line).unwrap();
        assert_eq!(printed, format!("association 1 (shop): {said}\n"), "{line}");
    }
}

#[test]
fn who_has_the_port_is_named() {
    let fake = shop();
    let add = |local: &str, state, inode, owner, pids: &[i32]| {
        let mut state_of = fake.state();
        state_of.owners.insert(inode, owner);
        let socket = tcp(local, state, inode);
        state_of.sockets.push((socket, pids.to_vec()));
    };
    add("0.0.0.0:80", State::Listening, 1, 1, &[812, 813]);
    add("10.0.0.1:81", State::Listening, 2, 2, &[813]);
    add("10.0.0.1:82", State::Established, 3, 1, &[812]);
    let printed = addrctl(&fake, "check shop bind 10.0.0.1:80").unwrap();
    assert!(
        printed.ends_with("is allowed; the port is held by 812 (nginx)\n"),
        "{printed}"
    );
    let json = addrctl(&fake, "check shop bind [::]:80 --json").unwrap();
    let json: Value = from_str(&json).unwrap();
    assert_eq!(json["holders"][1]["pid"], 813);
    for line in [
        "check shop bind 10.0.0.1:81",
        "check shop bind 10.0.0.1:82",
        "check shop bind 10.0.0.1:80 --udp",
        "check shop bind 10.0.0.1",
    ] {
        let printed = addrctl(&fake, line).unwrap();
        assert!(printed.ends_with("is allowed\n"), "{line}: {printed}");
    }
}

#[test]
fn what_would_be_refused_is_said_with_the_reason_and_an_exit_code() {
    let fake = shop();
    let (result, printed) = run(&fake, "check shop bind 10.0.0.2:80");
    assert_eq!(
        printed,
        "association 1 (shop): bind 10.0.0.2:80 would be refused: the address is not in the set \
         (EADDRNOTAVAIL)\n"
    );
    let error = result.unwrap_err();
    assert_eq!(error.exit_code(), 8);
    assert!(error.kind().is_silent());
}

#[test]
fn programs_get_the_same() {
    let fake = shop();
    let (_, refused) = run(&fake, "check shop connect 127.64.0.9:53 --udp --json");
    let refused: Value = from_str(&refused).unwrap();
    assert_eq!(refused["allowed"], false);
    assert_eq!(refused["reason"], "loopback-of-other");
    assert_eq!(refused["errno"], "EACCES");
    assert_eq!(
        (&refused["name"], &refused["port"]),
        (&"shop".into(), &53.into())
    );
    let allowed = addrctl(&fake, "check shop connect 192.0.2.1 --json").unwrap();
    let allowed: Value = from_str(&allowed).unwrap();
    assert_eq!(
        (&allowed["allowed"], &allowed["source"]),
        (&true.into(), &"10.0.0.1".into())
    );
    assert_eq!((allowed.get("reason"), allowed.get("port")), (None, None));
}

#[test]
fn a_process_without_an_association_and_an_older_module_are_told_apart() {
    let fake = shop();
    let said = |line: &str| addrctl(&fake, line).unwrap_err().to_string();
    let nobody = said("check 813 bind 10.0.0.1");
    assert!(
        nobody.starts_with(
            "cannot check a call of process 813 (nginx): the process is not associated"
        ),
        "{nobody}"
    );
    fake.state().module = Some(9);
    let older = said("check shop bind 10.0.0.1");
    assert!(
        older.contains("it has ABI 9, addrctl has ABI 10"),
        "{older}"
    );
}
