// SPDX-License-Identifier: GPL-2.0

//! Who lacks a right is told which, or that it is in an association.

use addrconf_abi::Command as Call;
use rustix::io::Errno;

use super::refusals::refused;
use super::{addrctl, nginx};
use crate::testing::OWN_PID;

#[test]
fn a_member_is_told_of_the_association_whatever_right_it_lacks() {
    let words =
        "addrctl runs in an association itself, and an associated process may not look at or \
                 change associations; run it from outside";
    for net_admin in [None, Some(false), Some(true)] {
        for denial in [Errno::ACCESS, Errno::PERM] {
            let fake = nginx();
            addrctl(&fake, "define shop 10.0.0.1").unwrap();
            let mut state = fake.state();
            state.associations.get_mut(&1).unwrap().pids = vec![OWN_PID];
            state.net_admin = net_admin;
            state.no_device = Some(denial);
            drop(state);
            refused(&fake, "list", 4, words);
            assert_eq!(fake.state().associations[&1].pids, vec![OWN_PID]);
        }
    }
}

#[test]
fn a_right_of_a_user_namespace_is_told_apart() {
    let fake = nginx();
    fake.state().failing = Some((Call::List, Errno::PERM));
    fake.state().user_namespace = true;
    let words = "cannot list associations: addrctl has CAP_NET_ADMIN only in its user namespace";
    refused(&fake, "list", 4, words);
}
