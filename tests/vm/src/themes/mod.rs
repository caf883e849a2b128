// SPDX-License-Identifier: GPL-2.0

//! The tests, one file for each theme.

mod addrctl;
mod bind;
mod connect;
mod control_list;
mod control_malformed;
mod control_rights;
mod control_sizes;
mod families;
mod inherit;
mod inherit_uring;
mod lifecycle;
mod listen;
mod old_sockets;
mod programs;
mod races;
mod sendmsg;
mod sysfs;
mod unassociated;
mod unload;
mod wildcard;
mod wildcard_shared;

use crate::registry::Test;

/// All tests, in the order they run.
pub fn all() -> Vec<Test> {
    [
        bind::tests(),
        wildcard::tests(),
        wildcard_shared::tests(),
        listen::tests(),
        connect::tests(),
        sendmsg::tests(),
        old_sockets::tests(),
        races::tests(),
        families::tests(),
        inherit::tests(),
        inherit_uring::tests(),
        lifecycle::tests(),
        control_rights::tests(),
        control_malformed::tests(),
        control_sizes::tests(),
        control_list::tests(),
        sysfs::tests(),
        addrctl::tests(),
        unassociated::tests(),
        programs::tests(),
        unload::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
