// SPDX-License-Identifier: GPL-2.0

//! Checks in /proc to which addresses the sockets of tenants are bound.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::pool;
use crate::tenant::group;
use crate::world::{Counter, Tenant, World};

const TABLES: [&str; 10] = [
    "tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6",
];
/// The tables that have connections.
const CONNECTIONS: [&str; 2] = ["tcp", "tcp6"];

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

/// A line of such a table.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    addr: IpAddr,
    port: u16,
    remote: String,
    state: u8,
    inode: u64,
}

/// Some states of TCP, as numbered in the tables.
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;

fn parse(line: &str) -> Option<Line> {
    let mut words = line.split_whitespace();
    let (text, port) = words.nth(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let remote = words.next()?.to_owned();
    let state = u8::from_str_radix(words.next()?, 16).ok()?;
    let inode = words.nth(5)?.parse().ok()?;
    // An address is words in the machine's byte order.
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
    Some(Line {
        addr,
        port,
        remote,
        state,
        inode,
    })
}

/// Where tenants listened before they were associated. They can later accept the
/// connections that came in before, but cannot use them.
pub type Listeners = HashSet<(Tenant, IpAddr, u16)>;

/// Where a tenant listens with the sockets in `inodes`.
fn listeners(lines: &[Line], tenant: Tenant, inodes: &HashSet<u64>) -> Listeners {
    let listens = |line: &&Line| line.state == LISTEN && inodes.contains(&line.inode);
    let found = lines.iter().filter(listens);
    found.map(|line| (tenant, line.addr, line.port)).collect()
}

/// The sockets that the processes of a tenant have open, and where they listen.
pub fn state_of(tenant: Tenant) -> (HashSet<u64>, Listeners) {
    let all = processes(tenant).into_iter();
    let inodes = all.flat_map(|pid| inodes(&pid.to_string())).collect();
    let tables = CONNECTIONS.iter().flat_map(|table| read(table));
    let listeners = listeners(&tables.collect::<Vec<_>>(), tenant, &inodes);
    (inodes, listeners)
}

/// Whether one of `holders` may have accepted a connection on a listener of `before`.
fn was_accepted(line: &Line, holders: &HashSet<Tenant>, before: &Listeners) -> bool {
    let places = [
        line.addr,
        Ipv4Addr::UNSPECIFIED.into(),
        Ipv6Addr::UNSPECIFIED.into(),
    ];
    line.state != LISTEN
        && line.state != CLOSE
        && holders.iter().any(|&tenant| {
            places
                .iter()
                .any(|&at| before.contains(&(tenant, at, line.port)))
        })
}

fn read(table: &str) -> Vec<Line> {
    let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
    text.lines().skip(1).filter_map(parse).collect()
}

fn check(world: World, tenants: &[Tenant], before: &HashSet<u64>, waited: &Listeners) {
    let mut holders: HashMap<u64, HashSet<Tenant>> = HashMap::new();
    for &tenant in tenants {
        for pid in processes(tenant) {
            for inode in inodes(&pid.to_string()) {
                holders.entry(inode).or_default().insert(tenant);
            }
        }
    }
    // A socket that the host gave away is still the host's.
    let own: HashSet<u64> = inodes("self").into_iter().collect();
    for table in TABLES {
        let lines = read(table);
        for line in &lines {
            let (addr, inode) = (line.addr, line.inode);
            let Some(holders) = holders.get(&inode) else {
                continue;
            };
            if own.contains(&inode) || before.contains(&inode) {
                continue;
            }
            if CONNECTIONS.contains(&table) && was_accepted(line, holders, waited) {
                continue;
            }
            world.count(Counter::Sockets);
            let fine = addr.is_unspecified()
                || pool::is_loopback(addr)
                || holders.iter().any(|&t| {
                    !world.is_bound(t) || pool::index_of(addr).is_some_and(|i| world.ever_had(i, t))
                });
            if !fine {
                let tenant = holders.iter().next().copied().unwrap_or(0);
                let listeners = lines
                    .iter()
                    .filter(|other| other.state == LISTEN && other.port == line.port)
                    .map(|other| (other, before.contains(&other.inode)));
                let facts = format_args!(
                    "a socket in {table}, held by tenants {holders:?}, is bound to an address that \
                     is not theirs: {line:?}; owners {:?}; listeners on that port, and whether \
                     each is from before the association, {:?}; {}",
                    pool::index_of(addr).map(|index| world.history(index)),
                    listeners.collect::<Vec<_>>(),
                    world.about(tenant),
                );
                world.violation(Counter::SocketViolations, tenant, facts);
            }
        }
    }
}

/// Checks all sockets again and again until the run ends. Skips those of `before`:
/// they were made before their processes were associated, and stay bound.
pub fn watch(
    world: World,
    tenants: impl Fn() -> Vec<Tenant>,
    before: impl Fn() -> HashSet<u64>,
    listeners: impl Fn() -> Listeners,
) {
    super::again(world, 700, || {
        let tenants = tenants();
        // After the tenants, so that the sockets of each are known.
        check(world, &tenants, &before(), &listeners());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENER: &str = "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1";
    const CONNECTION: &str = "   1: 0100007F:1F90 0200007F:0050 01 00000000:000004C0 00:00000000 00000000     0        0 4712 1";

    #[test]
    fn the_local_address_of_a_line_is_in_the_machines_order() {
        let expected = Line {
            addr: IpAddr::from([127, 0, 0, 1]),
            port: 8080,
            remote: "0200007F:0050".to_owned(),
            state: 1,
            inode: 4712,
        };
        assert_eq!(parse(CONNECTION), Some(expected));
        assert_eq!(parse("  sl  local_address"), None);
    }

    #[test]
    fn only_listeners_of_before_excuse_connections() {
        let lines: Vec<Line> = [LISTENER, CONNECTION]
            .into_iter()
            .filter_map(parse)
            .collect();
        let before = listeners(&lines, 7, &HashSet::from([4711, 4712]));
        let anywhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        assert_eq!(before, Listeners::from([(7, anywhere, 8080)]));
        let (own, others) = (HashSet::from([7]), HashSet::from([8]));
        assert!(was_accepted(&lines[1], &own, &before));
        assert!(!was_accepted(&lines[1], &others, &before));
        assert!(!was_accepted(&lines[0], &own, &before));
        for (addr, fine) in [(lines[1].addr, true), (IpAddr::from([127, 0, 0, 2]), false)] {
            assert_eq!(
                was_accepted(&lines[1], &own, &Listeners::from([(7, addr, 8080)])),
                fine
            );
        }
        assert!(!was_accepted(
            &lines[1],
            &own,
            &Listeners::from([(7, anywhere, 80)])
        ));
    }
}
