// SPDX-License-Identifier: GPL-2.0

//! What can be wrong with an association and with the machine around it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use addrconf_abi::AddrEntry;

use super::{members, Check, Finding};
use crate::address::AddressSet;
use crate::client::{Association, Client};
use crate::commands::exclusive::{self, Services};
use crate::commands::open;
use crate::system::{InterfaceAddress, Link, Socket, System};
use crate::text::counted;

/// What is around the associations.
struct Surroundings<'a> {
    system: &'a dyn System,
    /// The addresses of the machine, if they are known.
    local: Option<Vec<InterfaceAddress>>,
    nameservers: Vec<IpAddr>,
    sockets: Vec<Socket>,
    /// Services of the host at exclusive addresses, and who they are.
    services: BTreeMap<SocketAddr, Option<String>>,
}

/// What is wrong with these associations, by ascending id.
pub fn examine(system: &dyn System, client: &Client<'_>, all: &[Association]) -> Vec<Finding> {
    let around = Surroundings {
        system,
        services: services(system, client, all),
        local: system.interface_addresses(),
        nameservers: system.nameservers(),
        sockets: system.tcp_sockets(),
    };
    let shared = exclusive::contested(all);
    let mut findings = Vec::new();
    for whom in all {
        if !whom.defined && whom.task_count == 0 {
            findings.extend(around.sockets_left(whom));
            continue;
        }
        findings.extend(around.addresses(whom));
        let pairs = shared.iter().filter(|pair| pair.between[0] == whom.id);
        findings.extend(pairs.map(|pair| {
            let problem = format!(
                "it and association {} are both exclusive and have {}",
                pair.between[1], pair.common
            );
            let mend = format!(
                "take it from one of them: `addrctl remove --association {} {}`",
                pair.between[1], pair.common
            );
            Finding::tenant(Check::ExclusiveShared, whom, problem, mend)
        }));
        findings.extend(around.host_listeners(whom));
        findings.extend(around.resolvers(whom));
        findings.extend(members::examine(system, whom));
    }
    findings
}

/// Services of the host at addresses of exclusive associations. Looks at all processes once.
fn services(
    system: &dyn System,
    client: &Client<'_>,
    all: &[Association],
) -> BTreeMap<SocketAddr, Option<String>> {
    let exclusive = all.iter().filter(|whom| exclusive::is_exclusive(whom));
    let entries = exclusive.flat_map(|whom| whom.addresses.entries().iter().copied());
    let addresses = AddressSet::from_entries(entries.collect());
    Services::find(system, client, &addresses, None).bound(system)
}

impl Surroundings<'_> {
    /// The machine has the addresses, and packets pass their interfaces.
    fn addresses(&self, whom: &Association) -> Vec<Finding> {
        let Some(local) = &self.local else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for entry in whom.addresses.entries() {
            let is_there = |found: &&InterfaceAddress| entry.covers(&AddrEntry::host(found.addr));
            let there: Vec<_> = local.iter().filter(is_there).collect();
            let Some(first) = there.first() else {
                let problem = format!("no interface has its address {entry}");
                let mend = format!("`ip address add {entry} dev INTERFACE`");
                findings.push(Finding::tenant(Check::AddressAbsent, whom, problem, mend));
                continue;
            };
            // Of a network it is enough if one address can be reached.
            if there.iter().any(|found| found.link == Link::Up) {
                continue;
            }
            let interface = &first.interface;
            let (is, mend) = match first.link {
                Link::NoCarrier => ("has no carrier", "see to its cable or its peer".to_owned()),
                _ => ("is down", format!("`ip link set {interface} up`")),
            };
            let problem = format!("its address {entry} is on {interface}, which {is}");
            findings.push(Finding::tenant(Check::InterfaceDown, whom, problem, mend));
        }
        findings
    }

    /// No service of the host listens at its exclusive addresses.
    fn host_listeners(&self, whom: &Association) -> Vec<Finding> {
        if !exclusive::is_exclusive(whom) {
            return Vec::new();
        }
        let there = |(at, _): &(&SocketAddr, _)| whom.addresses.contains(at.ip());
        let found = self.services.iter().filter(there).map(|(at, who)| {
            let who = who.as_deref().unwrap_or("a process");
            let problem = format!("{who}, which is in no association, listens at {at}");
            let mend = "let it listen at an address of its own, or put it into the association";
            Finding::tenant(Check::HostListener, whom, problem, mend)
        });
        found.collect()
    }

    /// Its processes reach the resolvers of the machine. An address of its own loopback is that of
    /// the machine only if its terms say so.
    fn resolvers(&self, whom: &Association) -> Option<Finding> {
        whom.terms.loopback?;
        let is_own = |addr: &IpAddr| match addr {
            IpAddr::V4(v4) => {
                let of_host = whom.terms.host_loopback;
                addr.is_loopback() && !of_host.is_some_and(|net| net.contains(*v4))
            }
            IpAddr::V6(_) => addr.is_loopback(),
        };
        let out_of_reach = !self.nameservers.is_empty() && self.nameservers.iter().all(is_own);
        out_of_reach.then(|| {
            let all: Vec<_> = self.nameservers.iter().map(ToString::to_string).collect();
            let problem = format!(
                "/etc/resolv.conf names {} alone, which is its own loopback and not the machine's",
                all.join(", ")
            );
            let mend =
                "define it with --host-loopback (docs/addrctl.md, \"Services of the machine \
                        on its loopback\"), or name a resolver at another address";
            Finding::tenant(Check::Resolver, whom, problem, mend)
        })
    }

    /// An association without processes has no sockets for long.
    fn sockets_left(&self, whom: &Association) -> Vec<Finding> {
        if whom.socket_count == 0 {
            return Vec::new();
        }
        let left = counted(whom.socket_count, "socket");
        let problem = match self.holders(whom).as_slice() {
            [] => format!("it has no process, and {left}, which no process shows"),
            who => format!("it has no process, and {left}, held by {}", who.join(", ")),
        };
        let mend = "it ends when they are closed: restart those that hold them, or put them back \
                    with `addrctl assign`; `addrctl sockets` lists them";
        vec![Finding::tenant(Check::SocketsLeft, whom, problem, mend)]
    }

    /// Processes that hold TCP sockets at the addresses of an association, with their units.
    fn holders(&self, whom: &Association) -> Vec<String> {
        let here = self.sockets.iter().filter(|socket| {
            let addr = socket.local.ip();
            socket.inode != 0 && (whom.addresses.contains(addr) || addr.is_unspecified())
        });
        let here: BTreeMap<_, _> = here.map(|socket| (socket.inode, socket.local)).collect();
        let inodes: BTreeSet<_> = here.keys().copied().collect();
        let mut holders = BTreeMap::<i32, BTreeSet<SocketAddr>>::new();
        for (inode, pids) in self.system.holders(&inodes) {
            for pid in pids {
                holders.entry(pid).or_default().extend(here.get(&inode));
            }
        }
        // One that holds sockets at the wildcard alone has hardly anything to do with it.
        holders.retain(|_, at| at.iter().any(|local| !local.ip().is_unspecified()));
        let name = |pid: i32| match self.system.unit_of(pid) {
            Some(unit) => format!("{} of {unit}", open::named(self.system, pid)),
            None => open::named(self.system, pid).to_string(),
        };
        holders.into_keys().map(name).collect()
    }
}
