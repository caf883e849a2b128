// SPDX-License-Identifier: GPL-2.0

//! `run` inside an association.

use addrconf_abi::Command as Call;
use rustix::io::Errno;

use super::{addrctl, nginx, run_exit_code, set};
use crate::error::{Error, ErrorKind};
use crate::testing::{Fake, FakeAssociation, OWN_PID};

/// addrctl itself in an association, together with process 812.
fn inside() -> Fake {
    let fake = nginx();
    addrctl(
        &fake,
        "assign 812 10.0.0.1,10.1.0.0/24 --exclusive --allow raw",
    )
    .unwrap();
    associate_addrctl(&fake);
    fake
}

fn associate_addrctl(fake: &Fake) {
    let mut state = fake.state();
    state.associations.get_mut(&1).unwrap().pids.push(OWN_PID);
}

/// Runs `true`, a program that the made-up kernel lacks, and returns the error.
fn run(fake: &Fake, options: &str) -> Error {
    let error = addrctl(fake, &format!("run {options} -- true")).unwrap_err();
    assert_eq!(fake.state().open_devices, 0);
    let started = fake.state().executed.len();
    assert_eq!(
        started == 1,
        error.kind() == ErrorKind::NoProgram,
        "{error}"
    );
    error
}

#[test]
fn run_inside_an_association_narrows_it_whatever_keeps_it_from_the_device() {
    let refusals = [
        None,
        Some(Errno::ACCESS),
        Some(Errno::PERM),
        Some(Errno::NOENT),
        Some(Errno::NXIO),
    ];
    for no_device in refusals {
        let fake = inside();
        fake.state().no_device = no_device;
        fake.state().net_admin = Some(no_device.is_none());
        let error = run(&fake, "--addr 10.1.0.7,10.1.0.128/25 --name part");
        assert_eq!(error.kind(), ErrorKind::NoProgram, "{error}");
        assert_eq!(set(&fake, 2), "10.1.0.7,10.1.0.128/25");
        let state = fake.state();
        let part: &FakeAssociation = &state.associations[&2];
        assert_eq!(
            (part.terms.name.as_str(), &part.pids[..]),
            ("part", &[OWN_PID][..])
        );
        assert!(part.terms.exclusive);
        assert!(part.terms.allow_raw);
        assert_eq!(part.terms.loopback, None);
        assert_eq!(state.associations[&1].pids, [812]);
    }
}

#[test]
fn a_module_that_says_already_associated_means_the_same() {
    let fake = inside();
    fake.state().failing = Some((Call::Assign, Errno::EXIST));
    assert_eq!(run(&fake, "--addr 10.0.0.1").kind(), ErrorKind::NoProgram);
    assert_eq!(set(&fake, 2), "10.0.0.1");
}

#[test]
fn a_wider_set_is_refused_and_said_to_be() {
    let fake = inside();
    let error = run(&fake, "--addr 10.0.0.2");
    assert_eq!((error.exit_code(), run_exit_code(&error)), (4, 125));
    assert_eq!(
        error.to_string(),
        "cannot narrow process 100 (addrctl) to 10.0.0.2: addrctl runs in an association, where \
         `run` can only narrow: the program may have some of the addresses that addrctl has, and \
         10.0.0.2 is not one of them; `addrctl list`, run from outside, shows what it has"
    );
    let error = run(&fake, "--addr 10.0.0.1,10.0.0.0/24").to_string();
    assert!(error.contains("at least one of these is not among them"));
    assert_eq!(fake.state().associations.len(), 1);
}

#[test]
fn what_narrowing_has_no_place_for_is_not_left_out_silently() {
    let cases = [
        ("--exclusive", "--exclusive"),
        ("--allow raw", "--allow"),
        ("--loopback 127.64.0.9", "--loopback"),
        ("--source primary", "--source"),
        ("--exclusive --source route", "--exclusive, --source"),
    ];
    for (options, named) in cases {
        let fake = inside();
        let error = run(&fake, &format!("--addr 10.0.0.1 {options}"));
        assert_eq!(error.kind(), ErrorKind::NotPermitted);
        let message = error.to_string();
        let advice = format!("leave {named} out: there `run` can only narrow");
        assert!(message.contains(&advice), "{message}");
        assert!(message.starts_with("cannot associate process 100"));
    }
}

#[test]
fn outside_every_association_the_first_error_is_told() {
    let fake = nginx();
    fake.state().no_device = Some(Errno::ACCESS);
    let message = run(&fake, "--addr 10.0.0.1").to_string();
    assert!(message.contains("no permission to open"), "{message}");

    let fake = nginx();
    fake.state().no_device = Some(Errno::NOENT);
    for without in [Errno::OPNOTSUPP, Errno::NOSYS, Errno::NODEV, Errno::NOENT] {
        fake.state().no_narrowing = Some(without);
        let error = run(&fake, "--addr 10.0.0.1");
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
    }

    let fake = nginx();
    fake.state().failing = Some((Call::Assign, Errno::PERM));
    fake.state().net_admin = Some(false);
    let message = run(&fake, "--addr 10.0.0.1").to_string();
    assert!(message.contains("needs CAP_NET_ADMIN"), "{message}");
}

#[test]
fn errors_that_have_nothing_to_do_with_it_do_not_lead_to_narrowing() {
    for errno in [Errno::NOMEM, Errno::INVAL, Errno::TOOBIG, Errno::SRCH] {
        let fake = nginx();
        fake.state().failing = Some((Call::Assign, errno));
        fake.state().no_narrowing = Some(Errno::IO);
        let message = run(&fake, "--addr 10.0.0.1").to_string();
        assert!(message.starts_with("cannot associate"), "{message}");
    }
}

#[test]
fn every_refusal_to_narrow_is_told_in_words() {
    let cases = [
        (Errno::INVAL, 1, "malformed and changed nothing"),
        (Errno::NOMEM, 1, "no memory"),
        (Errno::TOOBIG, 1, "use prefixes"),
        (
            Errno::ADDRINUSE,
            1,
            "every dedicated loopback address is taken",
        ),
        (Errno::FAULT, 1, "Bad address"),
    ];
    for (errno, code, words) in cases {
        let fake = inside();
        fake.state().no_narrowing = Some(errno);
        let error = run(&fake, "--addr 10.0.0.1");
        let message = error.to_string();
        assert_eq!(error.exit_code(), code, "{message}");
        assert!(message.contains(words), "{message}");
        assert!(message.starts_with("cannot narrow process 100 (addrctl) to 10.0.0.1: "));
    }
}

#[test]
fn more_addresses_than_a_page_holds_are_too_many_to_narrow_to() {
    let list = |count: usize| {
        let all: Vec<_> = (0..count).map(|i| format!("10.1.0.{i}")).collect();
        all.join(",")
    };
    let fake = inside();
    let error = run(&fake, &format!("--addr {}", list(168)));
    assert_eq!(error.kind(), ErrorKind::TooMany);
    let error = run(&inside(), &format!("--addr {}", list(167)));
    assert_eq!(error.kind(), ErrorKind::NoProgram);
}

#[test]
fn a_part_keeps_the_loopback_if_it_is_told_to() {
    for (options, kept) in [
        ("--narrow --keep-loopback", true),
        ("--narrow", false),
        ("", false),
    ] {
        let fake = inside();
        let error = run(
            &fake,
            &format!("--addr 10.0.0.1,10.1.0.7 --name a {options}"),
        );
        assert_eq!(error.kind(), ErrorKind::NoProgram, "{error}");
        assert_eq!(set(&fake, 2), "10.0.0.1,10.1.0.7");
        let state = fake.state();
        let part = &state.associations[&2];
        assert_eq!((part.keeps_loopback, part.terms.name.as_str()), (kept, "a"));
        assert_eq!(state.associations[&1].pids, [812]);
    }
}

#[test]
fn a_module_that_knows_no_flag_is_said_to_be_older() {
    let fake = inside();
    fake.state().module = Some(7);
    let error = run(&fake, "--addr 10.0.0.1 --narrow --keep-loopback");
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let message = error.to_string();
    let words = "the module refuses --keep-loopback, which came with ABI 8: it is older than this";
    assert!(message.contains(words), "{message}");
    assert!(message.contains("gets a 127.0.0.1 of its own"), "{message}");
    assert_eq!(fake.state().associations.len(), 1);
    // It narrows as it always did.
    let error = run(&fake, "--addr 10.0.0.1 --narrow");
    assert_eq!(error.kind(), ErrorKind::NoProgram);
}

#[test]
fn to_narrow_outside_an_association_is_an_error_and_associates_nobody() {
    for options in ["--narrow", "--narrow --keep-loopback"] {
        let fake = nginx();
        let error = run(&fake, &format!("--addr 10.0.0.1 {options}"));
        assert_eq!((error.exit_code(), run_exit_code(&error)), (5, 125));
        let message = error.to_string();
        assert!(
            message.contains("addrctl is in no association"),
            "{message}"
        );
        assert!(fake.state().associations.is_empty());
        fake.state().module = None;
        let error = run(&fake, &format!("--addr 10.0.0.1 {options}"));
        assert_eq!(error.kind(), ErrorKind::NotLoaded);
    }
}

#[test]
fn a_part_has_no_terms_of_its_own() {
    let error = run(&inside(), "--addr 10.0.0.1 --narrow --exclusive");
    assert!(error.to_string().contains("--narrow has no --exclusive"));
}
