// SPDX-License-Identifier: GPL-2.0

//! The module cannot be unloaded while associations exist, nor after a flush while
//! their sockets are open.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread::park;

use addrconf_abi::Target;

use crate::child::spawn_tenant;
use addrconf_test_client::sys::unload_module;

use crate::device::{fact, load, open, unload, wait_until_empty};
use crate::wait::eventually;
use crate::world::TENANTS;

pub fn run(rounds: u64) -> Vec<String> {
    for _ in 0..rounds {
        one_round();
    }
    vec![]
}

fn one_round() {
    let tenants = TENANTS.map(|address| {
        spawn_tenant(address, || {
            // Kept open after the association has ended.
            let _sockets = [0; 4].map(|_| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)));
            loop {
                park();
            }
        })
    });
    let device = open();
    for (_, id) in &tenants {
        eventually("the tenant's four sockets", || {
            let found = device.query(Target::Association(*id)).expect("query");
            found.sockets == 4
        });
    }
    drop(device);
    for _ in 0..10 {
        let error = unload_module().expect_err("unloading must fail while associations exist");
        let errno = error.raw_os_error();
        assert!(
            [Some(libc::EBUSY), Some(libc::EAGAIN)].contains(&errno),
            "unloading failed with {error}"
        );
    }
    let released = open().release(Target::All).expect("flush");
    assert_eq!(released, TENANTS.len() as u64);
    // All tenants are alive, and hold sockets that need the module's code.
    assert_eq!(fact("tasks"), 0);
    assert!(tenants.iter().all(|(tenant, _)| tenant.lives()));
    unload_module().expect_err("unloading must fail while sockets of associations are open");
    drop(tenants);
    wait_until_empty();
    unload();
    load();
}
