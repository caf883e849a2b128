// SPDX-License-Identifier: GPL-2.0

//! What the sockets of a tenant's processes are bound to, by /proc.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::pool;
use crate::tenant::group;
use crate::world::{Counter, Tenant, World};

const TABLES: [&str; 10] = [
    "tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6",
];

/// The processes of a tenant.
pub fn processes(tenant: Tenant) -> Vec<i32> {
    let found = fs::read_to_string(group(tenant) + "/cgroup.procs").unwrap_or_default();
    found.lines().filter_map(|l| l.parse().ok()).collect()
}

/// The inodes of the sockets that a process has open.
pub fn inodes(pid: &str) -> Vec<u64> {
    let Ok(dir) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let links = dir.flatten().filter_map(|e| fs::read_link(e.path()).ok());
    links
        .filter_map(|l| {
            let text = l.to_str()?.strip_prefix("socket:[")?;
            text.strip_suffix(']')?.parse().ok()
        })
        .collect()
}

/// The local address in a line of such a table.
fn local(line: &str) -> Option<(IpAddr, u64)> {
    let mut words = line.split_whitespace();
    let text = words.nth(1)?.split(':').next()?;
    let inode = words.nth(7)?.parse().ok()?;
    // Words in the machine's order.
    let words: Option<Vec<[u8; 4]>> = (0..text.len() / 8)
        .map(|i| {
            u32::from_str_radix(&text[i * 8..i * 8 + 8], 16)
                .ok()
                .map(u32::to_ne_bytes)
        })
        .collect();
    let bytes = words?.concat();
    let addr = match <[u8; 16]>::try_from(&bytes[..]) {
        Ok(bytes) => IpAddr::from(Ipv6Addr::from(bytes)).to_canonical(),
        Err(_) => Ipv4Addr::from(<[u8; 4]>::try_from(&bytes[..]).ok()?).into(),
    };
    Some((addr, inode))
}

fn check(world: World, tenants: &[Tenant], before: &HashSet<u64>) {
    let mut holders: HashMap<u64, HashSet<Tenant>> = HashMap::new();
    for &tenant in tenants {
        for pid in processes(tenant) {
            for inode in inodes(&pid.to_string()) {
                holders.entry(inode).or_default().insert(tenant);
            }
        }
    }
    // What the host gave away is the host's.
    let own: HashSet<u64> = inodes("self").into_iter().collect();
    for table in TABLES {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let Some((addr, inode)) = local(line) else {
                continue;
            };
            let Some(holders) = holders.get(&inode) else {
                continue;
            };
            if own.contains(&inode) || before.contains(&inode) {
                continue;
            }
            world.count(Counter::Sockets);
            let fine = addr.is_unspecified()
                || pool::is_loopback(addr)
                || holders.iter().any(|&t| {
                    !world.is_bound(t) || pool::index_of(addr).is_some_and(|i| world.ever_had(i, t))
                });
            if !fine {
                let facts = format_args!("a socket in {table} of {holders:?}: {}", line.trim());
                let tenant = holders.iter().next().copied().unwrap_or(0);
                world.violation(Counter::SocketViolations, tenant, facts);
            }
        }
    }
}

/// Looks at all sockets again and again, until all is over. Not at those of
/// `before`: made before their processes were associated, they stay bound.
pub fn watch(world: World, tenants: impl Fn() -> Vec<Tenant>, before: impl Fn() -> HashSet<u64>) {
    super::again(world, 700, || {
        let tenants = tenants();
        // After those: whose sockets are known.
        check(world, &tenants, &before());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_address_of_a_line_is_in_the_machines_order() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1";
        assert_eq!(local(line), Some((IpAddr::from([127, 0, 0, 1]), 4711)));
        assert_eq!(local("  sl  local_address"), None);
    }
}
