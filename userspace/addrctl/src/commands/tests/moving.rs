// SPDX-License-Identifier: GPL-2.0

//! `addrctl move`.

use addrconf_abi::{Bypass, Command as Call, Obstacle};
use rustix::io::Errno;

use super::refusals::refused;
use super::{addrctl, nginx};
use crate::testing::Fake;

/// A kernel with the associations shop and blog, and process 812 in shop.
fn two() -> Fake {
    let fake = nginx();
    addrctl(&fake, "define shop 10.0.0.1").unwrap();
    addrctl(&fake, "define blog 10.0.0.2").unwrap();
    addrctl(&fake, "assign 812 --to shop").unwrap();
    fake
}

#[test]
fn a_process_moves_by_name_and_by_id() {
    let fake = two();
    assert_eq!(addrctl(&fake, "move 812 --to blog").unwrap(), "2\n");
    assert_eq!(fake.state().associations[&2].pids, vec![812]);
    assert!(fake.state().associations[&1].pids.is_empty());
    assert_eq!(addrctl(&fake, "move 812 --to 1 --reset").unwrap(), "1\n");
    assert_eq!(fake.state().associations[&1].pids, vec![812]);
}

#[test]
fn what_does_not_move_is_told_with_the_command_that_helps() {
    for (line, code, words) in [
        (
            "move 812 --to shop",
            1,
            "cannot move process 812 (nginx) into association shop: it is in association shop \
             already; nothing was changed",
        ),
        (
            "move 813 --to shop",
            5,
            "the process is not associated; `addrctl assign 813 --to shop` puts it into the \
             association",
        ),
        (
            "move 812 --to store",
            5,
            "no association has the name store",
        ),
        ("move 812 --to 7", 5, "no such association"),
        ("move 77 --to shop", 5, "there is no process 77"),
    ] {
        refused(&two(), line, code, words);
    }
}

#[test]
fn each_refusal_of_the_kernel_has_its_message() {
    for (errno, line, code, words) in [
        (
            Errno::EXIST,
            "move 812 --to blog",
            1,
            "the process made a part of its own association meanwhile",
        ),
        (
            Errno::EXIST,
            "move 812 --to blog --tree",
            1,
            "a descendant is in another association than the process",
        ),
        (
            Errno::NOENT,
            "move 812 --to blog --tree",
            5,
            "a descendant of the process is not associated",
        ),
        (
            Errno::TIMEDOUT,
            "move 812 --to blog",
            1,
            "did not come back",
        ),
        (Errno::PERM, "move 812 --to blog", 4, ""),
    ] {
        let fake = two();
        fake.state().failing = Some((Call::Join, errno));
        refused(&fake, line, code, words);
        assert_eq!(fake.state().associations[&1].pids, vec![812]);
    }
    let fake = two();
    fake.state().obstacle = Some(Obstacle {
        bypass: Bypass::Tracing,
        pid: 812,
        fd: None,
    });
    let words =
        "process 812 (nginx) traces a process that does not move, or is traced by one; detach \
                 the tracer, or move both with --tree; nothing was changed";
    refused(&fake, "move 812 --to blog", 1, words);
    for (fd, words) in [
        (
            None,
            "a thread of the kernel works for an io_uring of process 812",
        ),
        (
            Some(7),
            "descriptor 7 of process 812 (nginx) is an io_uring",
        ),
    ] {
        fake.state().obstacle = Some(Obstacle {
            bypass: Bypass::ForeignRing,
            pid: 812,
            fd,
        });
        refused(&fake, "move 812 --to blog", 1, words);
    }
}

#[test]
fn an_older_module_does_not_know_it() {
    let fake = two();
    fake.state().module = Some(7);
    fake.state().failing = Some((Call::Join, Errno::INVAL));
    let words = "the module is older than this addrctl and cannot do this: it has ABI 7";
    refused(&fake, "move 812 --to blog", 1, words);
}
