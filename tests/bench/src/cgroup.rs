// SPDX-License-Identifier: GPL-2.0

//! For comparison: programs at the root of the control groups that look one key up in a
//! map for each socket, bind, connect and message, as the least that a filter does which
//! gives addresses to processes.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use addrconf_test_sys::bpf::{
    add, call, copy, link, map, map_address, program, set, store_constant, EXIT,
};

const HASH: u32 = 1;
const CGROUP_SOCK: u32 = 9;
const CGROUP_SOCK_ADDR: u32 = 18;
const LOOKUP: i32 = 1;

/// Program types, and where programs of each are attached: `enum bpf_attach_type`.
const PLACES: &[(u32, &[u32])] = &[
    // socket(), after bind()
    (CGROUP_SOCK, &[2, 12]),
    // bind(), connect(), sendto()
    (CGROUP_SOCK_ADDR, &[8, 10, 14]),
];

/// Attaches the programs to this control group, as long as the result is kept.
pub fn attach(group: &str) -> io::Result<Vec<OwnedFd>> {
    let group = File::open(group)?;
    let map = map(HASH, 4, 16)?;
    let mut kept = Vec::new();
    for &(kind, places) in PLACES {
        for &place in places {
            let [low, high] = map_address(1, map.as_fd());
            let code = [
                store_constant(10, -4, 1),
                copy(2, 10),
                add(2, -4),
                low,
                high,
                call(LOOKUP),
                set(0, 1),
                EXIT,
            ];
            let program = program(kind, place, &code)?;
            kept.push(link(program.as_fd(), group.as_fd(), place)?);
        }
    }
    Ok(kept)
}
