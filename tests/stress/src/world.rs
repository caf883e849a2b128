// SPDX-License-Identifier: GPL-2.0

//! The network of the stress tests: addresses on a dummy interface, and a second
//! network namespace behind a veth pair.

use std::io;
use std::net::Ipv4Addr;
use std::process::Command;

use crate::child::Child;
use crate::sys::namespace::unshare;
use crate::wait::eventually;

/// The addresses of tenants.
pub const TENANTS: [Ipv4Addr; 4] = [
    Ipv4Addr::new(10, 9, 0, 1),
    Ipv4Addr::new(10, 9, 0, 2),
    Ipv4Addr::new(10, 9, 0, 3),
    Ipv4Addr::new(10, 9, 0, 4),
];

/// An address that no tenant gets.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 9);

/// The address of the far end of the veth pair, in the second network.
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 8, 0, 2);

/// Makes the dummy interface with the addresses.
pub fn make() -> io::Result<()> {
    ip("link add d0 type dummy")?;
    ip("link set d0 up")?;
    for address in TENANTS.iter().chain([&HOST]) {
        ip(&format!("address add {address}/24 dev d0"))?;
    }
    Ok(())
}

/// Runs `body` in a second network, whose address is [`FAR`].
pub fn beyond(body: impl FnOnce()) -> Child {
    let child = Child::leading(|| {
        unshare(libc::CLONE_NEWNET).expect("a network");
        eventually("the far interface", || {
            ip("address add 10.8.0.2/24 dev v1").is_ok()
        });
        ip("link set v1 up").expect("v1");
        body();
    });
    let pid = child.pid();
    let pair = format!("link add v0 type veth peer name v1 netns {pid}");
    // The pair cannot be made before the child has its network, nor while the pair of
    // an earlier child still exists.
    eventually("the pair", || {
        network_of(pid) != network_of(std::process::id() as i32) && ip(&pair).is_ok()
    });
    ip("address add 10.8.0.1/24 dev v0").expect("v0");
    ip("link set v0 up").expect("v0");
    child
}

fn network_of(pid: i32) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()
}

fn ip(arguments: &str) -> io::Result<()> {
    let output = Command::new("ip").args(arguments.split(' ')).output()?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("ip {arguments}: {why}")))
}
