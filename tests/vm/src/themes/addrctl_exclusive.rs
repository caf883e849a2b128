// SPDX-License-Identifier: GPL-2.0

//! What addrctl refuses and tells about exclusive addresses, with the real module and the real
//! sockets of the machine.

use crate::addr::{ANY4, ONE, TWO};
use crate::client::Device;
use crate::registry::{behaviour, Test};
use crate::sock::{Proto::Tcp, Sock};

use super::addrctl::{done, says};

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("addrctl_refuses_exclusive_sets_that_overlap", || {
            done(&["define", "one", ONE[0], "--exclusive"]);
            let overlapping = ["define", "two", ONE[0], "--exclusive"];
            says(1, "(one) is exclusive too", &overlapping);
            says(1, ONE[0], &overlapping);
            done(&["define", "three", TWO[0], "--exclusive"]);
            says(1, "(one) is exclusive too", &["add", "three", ONE[0]]);
            // It may share them with one that is not exclusive.
            done(&["define", "four", ONE[0]]);
            assert_eq!(Device::open().ids().len(), 3);
            done(&["add", "three", ONE[0], "--force"]);
            done(&["flush"]);
        }),
        behaviour("addrctl_tells_whom_an_exclusive_set_cuts_off", || {
            let _listener = Sock::serving(Tcp, (TWO[0], 22));
            let wildcard = Sock::serving(Tcp, (ANY4, 2222));
            // An administrator who is logged in at one address of the set, and at no other.
            let client = Sock::v4(Tcp);
            client.connect((ONE[0], 2222)).expect("connect");
            let _session = wildcard.accept().expect("accept");
            let silent = done_with_notes(&["define", "no", "10.1.0.3", "--exclusive"]);
            assert_eq!(silent, "");
            let set = format!("{},{}", ONE[0], TWO[0]);
            let notes = done_with_notes(&["define", "shop", &set, "--exclusive"]);
            for what in [
                format!("new connections to {} port 2222 no longer reach", ONE[0]),
                format!("listens at {} port 22:", TWO[0]),
            ] {
                assert!(notes.contains(&what), "{notes}");
            }
            done(&["flush"]);
        }),
    ]
}

/// What addrctl prints beside its output when it succeeds.
fn done_with_notes(args: &[&str]) -> String {
    super::addrctl::status(0, args).1
}
