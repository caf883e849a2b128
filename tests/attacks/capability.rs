// SPDX-License-Identifier: GPL-2.0

//! Attacks that no address set stops. They need a capability that a tenant must
//! not have.

use std::io;

use libc::EPERM;

use crate::addr::ONE;
use crate::child::{as_tenant, in_child};
use crate::registry::{behaviour, everywhere, Test};
use crate::sys::capability::drop_capability;

// include/uapi/linux/capability.h
/// Administer the network.
pub const NET_ADMIN: u32 = 12;
/// Use raw and packet sockets.
pub const NET_RAW: u32 = 13;
/// Administer the system; also covers the capabilities that were split off from
/// it.
pub const SYS_ADMIN: u32 = 21;
/// Load BPF programs.
pub const BPF: u32 = 39;

/// Tests that `attack` works, and that it is refused without `capabilities`, to
/// the host as well as to a tenant.
pub fn needed(
    name: &str,
    capabilities: &'static [u32],
    attack: impl Fn() -> io::Result<()> + Clone + 'static,
) -> [Test; 3] {
    needed_with(name, capabilities, || (), move |()| attack())
}

/// The same, for an attack that uses what `prepare` makes before the
/// association.
pub fn needed_with<T: 'static>(
    name: &str,
    capabilities: &'static [u32],
    prepare: fn() -> T,
    attack: impl Fn(&T) -> io::Result<()> + Clone + 'static,
) -> [Test; 3] {
    let (with, by_host, by_tenant) = (attack.clone(), attack.clone(), attack);
    [
        everywhere(format!("{name}_with_the_capability_works"), move || {
            let means = prepare();
            in_child(|| with(&means).expect("with the capability"));
        }),
        everywhere(
            format!("{name}_without_the_capability_is_refused"),
            move || {
                let means = prepare();
                in_child(|| refused(capabilities, || by_host(&means)));
            },
        ),
        behaviour(
            format!("{name}_by_a_tenant_without_the_capability_is_refused"),
            move || {
                let means = prepare();
                as_tenant(ONE, || refused(capabilities, || by_tenant(&means)));
            },
        ),
    ]
}

fn refused(capabilities: &[u32], attack: impl Fn() -> io::Result<()>) {
    for &capability in capabilities {
        drop_capability(capability).expect("drop a capability");
    }
    let errno = attack()
        .expect_err("the attack works without these capabilities")
        .raw_os_error();
    assert!(
        [Some(EPERM), Some(libc::EACCES)].contains(&errno),
        "{errno:?}"
    );
}
