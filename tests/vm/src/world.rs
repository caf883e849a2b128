// SPDX-License-Identifier: GPL-2.0

//! The machine that a test sees: a network namespace of its own, with the addresses of
//! three tenants and of the host on a dummy interface.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr};

use crate::addr::{ip, HOST4, HOST6, ONE, THREE, TWO};
use crate::child::eventually;
use crate::sys::namespace::unshare;
use crate::sys::program::feed;

/// Moves this process to a new machine of this kind.
pub fn enter() -> io::Result<()> {
    unshare(libc::CLONE_NEWNET)?;
    let dummy = "link add dummy0 type dummy\nlink set dummy0 up\n";
    // A development machine may have no dummy interfaces. The loopback interface can
    // have the addresses as well.
    configure(&(dummy.to_owned() + &script("dummy0"))).or_else(|_| configure(&script("lo")))?;
    eventually("local routes", are_reached);
    Ok(())
}

/// The addresses of the machine.
fn addresses() -> Vec<IpAddr> {
    let named = [ONE, TWO, THREE, &[HOST4, HOST6]].concat();
    let networks = [1, 2, 3].map(|host| [format!("10.1.0.{host}"), format!("2001:db8:1::{host}")]);
    let others = networks.concat().into_iter().chain(["10.1.0.200".into()]);
    let all = named.into_iter().map(str::to_owned).chain(others);
    all.map(|address| ip(&address)).collect()
}

/// Whether packets to its own addresses stay in the machine. For a while after an IPv6
/// address was added, packets to it leave by its interface: a kernel thread makes the
/// local route (`addrconf_dad_work()` in `net/ipv6/addrconf.c`), and may first have to
/// wait until another network namespace has been torn down.
fn are_reached() -> bool {
    // Local: RTF_LOCAL of include/uapi/linux/ipv6_route.h.
    let is_local = |flags: &str| u32::from_str_radix(flags, 16).is_ok_and(|f| f >> 31 == 1);
    let table = fs::read_to_string("/proc/thread-self/net/ipv6_route").expect("IPv6 routes");
    let routes: Vec<Vec<_>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let has_route = |address: Ipv6Addr| {
        let address = format!("{:032x}", u128::from(address));
        routes
            .iter()
            .any(|r| r[0] == address && r[1] == "80" && is_local(r[8]))
    };
    addresses().into_iter().all(|address| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => has_route(address),
    })
}

fn script(device: &str) -> String {
    let mut script = "link set lo up\n".to_owned();
    for address in addresses() {
        let bits = match address {
            IpAddr::V4(_) => "/32",
            IpAddr::V6(_) => "/128 nodad",
        };
        script += &format!("addr add {address}{bits} dev {device}\n");
    }
    script
        + &format!("route add 10.1.0.0/24 dev {device}\nroute add 2001:db8:1::/64 dev {device}\n")
}

/// Runs `ip` with a script.
pub fn configure(script: &str) -> io::Result<()> {
    feed("ip", &["-batch", "-"], script)
}
