// SPDX-License-Identifier: GPL-2.0

//! The module stays as long as there are associations, and after a flush as long
//! as there are sockets.

use std::net::{Ipv4Addr, UdpSocket};
use std::thread::park;

use addrconf_abi::Target;

use crate::child::Child;
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
        Child::tenant(address, || {
            // Kept open beyond the end of the association.
            let _sockets = [0; 4].map(|_| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)));
            loop {
                park();
            }
        })
    });
    let device = open();
    for (_, id) in &tenants {
        eventually("its sockets", || {
            let found = device.query(Target::Association(*id)).expect("query");
            found.sockets == 4
        });
    }
    drop(device);
    for _ in 0..10 {
        let error = unload_module().expect_err("in use");
        let errno = error.raw_os_error();
        assert!(
            [Some(libc::EBUSY), Some(libc::EAGAIN)].contains(&errno),
            "{error}"
        );
    }
    let released = open().release(Target::All).expect("flush");
    assert_eq!(released, TENANTS.len() as u64);
    // All of them live on, and hold sockets that need the module's code.
    assert_eq!(fact("tasks"), 0);
    assert!(tenants.iter().all(|(tenant, _)| tenant.lives()));
    unload_module().expect_err("there are sockets");
    drop(tenants);
    wait_until_empty();
    unload();
    load();
}
