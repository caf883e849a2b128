// SPDX-License-Identifier: GPL-2.0

//! Requesting a wider set, through the call that is there to narrow.

use std::io;
use std::thread;

use addrconf_abi::{Change, Target};
use libc::{EINVAL, EPERM};

use crate::addr::{HOST4, ONE, PREFIXES};
use crate::child::{as_tenant, spawn_tenant, Channel, Child};
use crate::client::{narrow, Device};
use crate::probe::verdicts;
use crate::registry::{behaviour, Test};
use crate::sys::namespace::unshare;

/// Sets that are not within [`ONE`].
const WIDER: [&[&str]; 5] = [
    &[HOST4],
    &["10.0.0.1", HOST4],
    &["0.0.0.0/0"],
    &["10.0.0.0/31"],
    &["10.0.0.1", "2001:db8::1", "2001:db8::/127"],
];

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("widening_is_refused_to_root", || {
            as_tenant(ONE, refused_everywhere);
        }),
        behaviour("widening_is_refused_to_root_of_a_user_namespace", || {
            as_tenant(ONE, || {
                unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET).expect("unshare");
                refused_everywhere();
            });
        }),
        behaviour("widening_is_refused_to_a_thread_and_a_child", || {
            as_tenant(ONE, || {
                thread::scope(|scope| scope.spawn(refused_everywhere).join()).expect("a thread");
                Child::spawn(refused_everywhere).succeeded();
            });
        }),
        behaviour("narrowing_in_the_moment_of_an_update_keeps_nothing", || {
            for _ in 0..20 {
                against_update();
            }
        }),
    ]
}

fn refused_everywhere() {
    for set in WIDER {
        let error = narrow(set, "").expect_err("a wider set was accepted");
        let errno = error.raw_os_error();
        assert!(
            [Some(EPERM), Some(EINVAL)].contains(&errno),
            "{set:?}: {error}"
        );
        assert_eq!(verdicts(&[ONE[0], HOST4]), "ok 99");
    }
}

/// A tenant narrows itself to an address while its prefix is taken away.
fn against_update() {
    let (go, done, answer) = (Channel::new(), Channel::new(), Channel::new());
    let tenant = spawn_tenant(PREFIXES, || {
        done.send("");
        go.receive();
        let outcome: io::Result<()> = narrow(&["10.1.0.1"], "");
        done.send("");
        go.receive();
        // A part that was made in time has lost the address, as the whole has.
        answer.send(&format!("{} {}", outcome.is_ok(), verdicts(&["10.1.0.1"])));
    });
    done.receive();
    let device = Device::open();
    // By its id, as the process will be in a part soon.
    let found = device.query(Target::Pid(tenant.pid())).expect("query");
    let whole = Target::Association(found.id);
    go.send("");
    let update = device.update(whole, Change::Remove, &["10.1.0.0/25"], false);
    update.expect("update");
    done.receive();
    go.send("");
    let said = answer.receive();
    assert!(said.ends_with(" 99"), "kept what was taken away: {said}");
    tenant.succeeded();
}
