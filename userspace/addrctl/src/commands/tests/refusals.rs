// SPDX-License-Identifier: GPL-2.0

//! The messages and exit codes of refused commands.

use addrconf_abi::{Bypass, Command as Call, Obstacle};
use rustix::io::Errno;

use super::{addrctl, nginx};
use crate::testing::Fake;

/// Checks that a command fails with this exit code and these words.
#[track_caller]
pub(super) fn refused(fake: &Fake, line: &str, exit_code: u8, words: &str) {
    let error = addrctl(fake, line).unwrap_err();
    let message = error.to_string();
    assert!(message.contains(words), "{message}");
    assert_eq!(error.exit_code(), exit_code, "{message}");
    assert_eq!(fake.state().open_devices, 0);
}

#[test]
fn without_the_module_every_command_says_how_to_load_it() {
    let fake = nginx();
    fake.state().no_device = Some(Errno::NOENT);
    let words = "the addrconf module is not loaded (no /dev/addrconf); run `modprobe addrconf`";
    let lines = [
        "assign 812 10.0.0.1",
        "assign 812 --to shop",
        "define shop 10.0.0.1",
        "undefine shop",
        "assign --cgroup shop.slice --to shop",
        "rule add --uid 33 --to shop",
        "rule list",
        "rule remove 1",
        "rule remove --all",
        "add 812 10.0.0.1",
        "remove 812 10.0.0.1",
        "replace 812 10.0.0.1",
        "release 812",
        "flush",
        "list",
        "show 812",
    ];
    for line in lines {
        refused(&fake, line, 3, words);
    }
}

#[test]
fn without_the_right_every_command_says_which_one_is_missing() {
    let fake = nginx();
    fake.state().no_device = Some(Errno::ACCESS);
    refused(&fake, "list", 4, "no permission to open /dev/addrconf");
    fake.state().no_device = Some(Errno::PERM);
    refused(&fake, "list", 4, "runs in an association itself");

    let calls = [
        ("assign 812 10.0.0.1", Call::Assign),
        ("assign 812 --to 1", Call::Join),
        ("define shop 10.0.0.1", Call::Define),
        ("undefine 1", Call::Undefine),
        ("rule add --uid 33 --to 1", Call::Rule),
        ("rule list", Call::Rule),
        ("rule remove --all", Call::SetRules),
        ("show shop", Call::Find),
        ("add 812 10.0.0.1", Call::Update),
        ("release 812", Call::Release),
        ("flush", Call::Release),
        ("show 812", Call::Query),
        ("list", Call::List),
    ];
    for (line, call) in calls {
        let fake = nginx();
        fake.state().failing = Some((call, Errno::PERM));
        fake.state().net_admin = Some(false);
        refused(
            &fake,
            line,
            4,
            "this needs CAP_NET_ADMIN: run addrctl as root",
        );
        fake.state().net_admin = Some(true);
        refused(&fake, line, 4, "runs in an association itself");
        fake.state().net_admin = None;
        refused(&fake, line, 4, "must not run in an association");
    }
}

#[test]
fn a_kernel_thread_is_told_apart_from_a_malformed_request() {
    let fake = nginx();
    fake.state().kernel_thread = Some(812);
    let words = "cannot associate process 812 (nginx) with 10.0.0.1: the process is a kernel \
                 thread, which cannot be associated; nothing was changed";
    refused(&fake, "assign 812 10.0.0.1", 1, words);
}

#[test]
fn an_associated_process_is_named_with_the_way_out() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1").unwrap();
    refused(
        &fake,
        "assign 812 10.0.0.2,10.0.0.3",
        1,
        "cannot associate process 812 (nginx) with 10.0.0.2,10.0.0.3: the process is already \
         associated; `addrctl show 812` tells with what, `addrctl release 812` ends it",
    );
}

#[test]
fn a_process_that_holds_what_cannot_be_taken_in_is_told_what_and_the_way_out() {
    for (option, who) in [
        ("", "the process holds what goes around"),
        (" --tree", "the process or one of its descendants holds"),
    ] {
        let fake = nginx();
        fake.state().failing = Some((Call::Assign, Errno::BUSY));
        let line = format!("assign 812 10.0.0.1{option}");
        for words in [
            "cannot associate process 812 (nginx) with 10.0.0.1: ",
            who,
            "such as a packet socket",
            "no process was associated",
            "`addrctl run`",
        ] {
            refused(&fake, &line, 1, words);
        }
    }
}

#[test]
fn what_is_in_the_way_is_told_by_process_and_descriptor() {
    let told = |bypass, fd, words: &str| {
        let fake = nginx();
        fake.state().obstacle = Some(Obstacle {
            bypass,
            pid: 813,
            fd,
        });
        refused(&fake, "assign 812 10.0.0.1", 1, words);
        refused(&fake, "assign 812 10.0.0.1", 1, "no process was associated");
    };
    told(
        Bypass::PacketSocket,
        Some(7),
        "cannot associate process 812 (nginx) with 10.0.0.1: descriptor 7 of process 813 (nginx) \
         is a packet socket, which goes around an association; `ls -l /proc/813/fd/7` shows it",
    );
    told(
        Bypass::PacketSocket,
        None,
        "process 813 (nginx) has a packet socket in its memory",
    );
    told(
        Bypass::Tracing,
        None,
        "process 813 (nginx) traces a process",
    );
    told(
        Bypass::LockedMemory,
        None,
        "the memory of process 813 (nginx)",
    );
    told(Bypass::TooMuch, None, "took longer than ten seconds");
    for bypass in Bypass::ALL {
        told(bypass, Some(3), "`addrctl run`");
    }
}

#[test]
fn threads_and_children_that_come_too_fast_are_told_so() {
    for (option, who) in [
        (
            "",
            "the process makes threads faster than they can be associated",
        ),
        (
            " --tree",
            "the processes of the tree make threads and children, or exit",
        ),
    ] {
        let fake = nginx();
        fake.state().failing = Some((Call::Assign, Errno::AGAIN));
        let line = format!("assign 812 10.0.0.1{option}");
        refused(&fake, &line, 1, who);
        refused(
            &fake,
            &line,
            1,
            "than they can be associated; nothing was changed; stop it",
        );
    }
}

#[test]
fn a_process_that_outruns_its_release_is_told_so() {
    let fake = nginx();
    fake.state().failing = Some((Call::Release, Errno::AGAIN));
    refused(
        &fake,
        "release 812",
        1,
        "made last are associated; stop it (kill -STOP) and release it again",
    );
}

#[test]
fn a_process_with_a_call_that_does_not_come_back_is_told_so() {
    for (option, who) in [
        ("", "a thread of the process did not come back"),
        (" --tree", "of one of its descendants did not come back"),
    ] {
        let fake = nginx();
        fake.state().failing = Some((Call::Assign, Errno::TIMEDOUT));
        let line = format!("assign 812 10.0.0.1{option}");
        for words in [
            "cannot associate process 812 (nginx) with 10.0.0.1: ",
            who,
            "the process is not associated",
            "`addrctl run`",
        ] {
            refused(&fake, &line, 1, words);
        }
    }
}

#[test]
fn a_missing_process_or_association_is_named() {
    let fake = nginx();
    refused(&fake, "assign 7 10.0.0.1", 5, "there is no process 7");
    refused(&fake, "show 7", 5, "there is no process 7");
    refused(
        &fake,
        "release 812",
        5,
        "cannot release process 812 (nginx): the process is not associated",
    );
    refused(
        &fake,
        "show --association 9",
        5,
        "cannot show association 9: no such association",
    );
    fake.state().failing = Some((Call::Assign, Errno::SRCH));
    refused(&fake, "assign 812 10.0.0.1", 5, "has exited meanwhile");
}

#[test]
fn a_thread_is_not_mistaken_for_a_process() {
    let fake = nginx();
    fake.state().threads.insert(820, 812);
    refused(
        &fake,
        "assign 820 10.0.0.1",
        1,
        "process 820 is a thread of process 812",
    );
}

#[test]
fn a_module_of_another_version_is_recognised() {
    for (errno, words) in [
        (Errno::NOTTY, "of different versions"),
        (Errno::TOOBIG, "older than this addrctl (ABI 10)"),
    ] {
        let fake = nginx();
        fake.state().failing = Some((Call::List, errno));
        refused(&fake, "list", 1, words);
    }
}

#[test]
fn other_refusals_are_told_in_words() {
    let cases = [
        (Errno::INVAL, "malformed and changed nothing"),
        (Errno::NOMEM, "no memory"),
        (Errno::NODEV, "being unloaded"),
        (Errno::IO, "Input/output error"),
    ];
    for (errno, words) in cases {
        let fake = nginx();
        fake.state().failing = Some((Call::Assign, errno));
        let code = if errno == Errno::NODEV { 3 } else { 1 };
        refused(&fake, "assign 812 10.0.0.1", code, words);
    }
}
