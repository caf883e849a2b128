// SPDX-License-Identifier: GPL-2.0

//! The network: the pool's addresses on a dummy interface, and a veth pair to a
//! second network namespace, the machine next door.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use libc::{AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM};

use crate::addr::{self, HOST_PORT, PORTS};
use crate::pool::{self, DARK, HOST4, HOST6, PEER4, PEER6};
use crate::socket;
use crate::sys::namespace::{enter_network, unshare};
use crate::sys::program::feed;

/// The two network namespaces.
#[derive(Clone)]
pub struct Networks {
    host: Arc<OwnedFd>,
    peer: Arc<OwnedFd>,
}

fn own_network() -> OwnedFd {
    // Namespaces belong to threads: the process's others may be in another.
    File::open("/proc/thread-self/ns/net")
        .expect("a network namespace")
        .into()
}

fn ip(script: &str) {
    feed("ip", &["-batch", "-"], script).expect("ip");
}

fn sysctl(name: &str, value: &str) {
    // Without the sysctl, things only take longer.
    let _ = std::fs::write(format!("/proc/sys/net/{name}"), value);
}

impl Networks {
    /// Sets both up. This thread stays in the host's.
    pub fn new() -> Self {
        let host = Arc::new(own_network());
        unshare(libc::CLONE_NEWNET).expect("unshare");
        let peer = Arc::new(own_network());
        let this = Self { host, peer };
        this.in_host(|| ());
        let number = std::process::id();
        let fd = this.peer.as_raw_fd();
        let mut script =
            "link set lo up\nlink add pool0 type dummy\nlink set pool0 up\n".to_owned();
        script +=
            &format!("link add veth0 type veth peer name veth1 netns /proc/{number}/fd/{fd}\n");
        script += "link set veth0 up\naddr add 10.9.0.1/24 dev veth0\n";
        script += "addr add 2001:db8:9::1/64 dev veth0 nodad\n";
        let dark = (0..DARK).flat_map(|nr| [pool::dark(nr, false), pool::dark(nr, true)]);
        for addr in pool::all().chain(dark) {
            let bits = if addr.is_ipv6() { "/128 nodad" } else { "/32" };
            script += &format!("addr add {addr}{bits} dev pool0\n");
        }
        ip(&script);
        for name in [
            "tcp_orphan_retries",
            "tcp_syn_retries",
            "tcp_synack_retries",
            "tcp_retries2",
        ] {
            sysctl(&format!("ipv4/{name}"), "2");
        }
        sysctl("ipv4/tcp_fin_timeout", "2");
        sysctl("ipv4/tcp_fastopen", "1027");
        sysctl("ipv4/ping_group_range", "0 65534");
        sysctl("core/rmem_max", "33554432");
        this.in_peer(|| {
            let mut script =
                "link set lo up\nlink set veth1 up\naddr add 10.9.0.2/24 dev veth1\n".to_owned();
            script += "addr add 2001:db8:9::2/64 dev veth1 nodad\n";
            script += "route add 10.1.0.0/16 via 10.9.0.1\n";
            script += "route add 2001:db8::/32 via 2001:db8:9::1\n";
            ip(&script);
        });
        this
    }

    /// Runs `what` in the host's namespace, where this thread stays.
    pub fn in_host<T>(&self, what: impl FnOnce() -> T) -> T {
        enter_network(&self.host).expect("setns");
        what()
    }

    /// Moves this thread next door for good.
    pub fn enter_peer(&self) {
        enter_network(&self.peer).expect("setns");
    }

    /// Runs `what` next door, and returns to the host's namespace.
    pub fn in_peer<T>(&self, what: impl FnOnce() -> T) -> T {
        enter_network(&self.peer).expect("setns");
        let result = what();
        enter_network(&self.host).expect("setns");
        result
    }
}

/// A packet socket that sees all packets of the present namespace.
pub fn packet_socket() -> i32 {
    let all = i32::from(0x0003_u16.to_be());
    let fd =
        socket::socket(libc::AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, all).expect("a packet socket");
    let room = 32_000_000_i32.to_ne_bytes();
    let _ = socket::set_option_bytes(fd, libc::SOL_SOCKET, 33, &room); // SO_RCVBUFFORCE
    let second = [1_i64.to_ne_bytes(), 0_i64.to_ne_bytes()].concat();
    let _ = socket::set_option_bytes(fd, libc::SOL_SOCKET, libc::SO_RCVTIMEO, &second);
    fd
}

fn listener(addr: std::net::IpAddr, port: u16, kind: i32) -> Option<i32> {
    let family = if addr.is_ipv6() { AF_INET6 } else { AF_INET };
    let fd = socket::socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0).ok()?;
    let one = 1_i32.to_ne_bytes();
    let _ = socket::set_option_bytes(fd, libc::IPPROTO_IPV6, 26, &one); // IPV6_V6ONLY
    let _ = socket::set_option_bytes(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, &one);
    let _ = socket::set_option_bytes(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, &one);
    socket::bind(fd, &addr::bytes(addr, port)).ok()?;
    if kind == SOCK_STREAM {
        socket::listen(fd, 64).ok()?;
    }
    Some(fd)
}

/// Servers next door, to connect to.
pub fn peer_servers() -> Vec<i32> {
    let kinds = [SOCK_STREAM, SOCK_DGRAM];
    let each = kinds
        .iter()
        .flat_map(|&k| PORTS.iter().map(move |&p| (k, p)));
    each.flat_map(|(k, p)| [listener(PEER4.into(), p, k), listener(PEER6.into(), p, k)])
        .flatten()
        .collect()
}

/// UDP sockets of the host on the wildcards, which must not receive what is sent
/// to tenants. They learn the address to which each message was sent.
pub fn host_ears() -> Vec<i32> {
    addr::WILDCARDS
        .map(|any| listener(any, HOST_PORT, SOCK_DGRAM).expect("a host socket"))
        .to_vec()
}

/// A UDP socket of the host on this wildcard, to give to a tenant.
pub fn gift(any: std::net::IpAddr) -> i32 {
    listener(any, 0, SOCK_DGRAM).expect("a host socket")
}

/// UDP sockets to send probes from, bound to the machine's own addresses.
pub fn probers(host: bool) -> [i32; 2] {
    let addrs = if host {
        [HOST4.into(), HOST6.into()]
    } else {
        [PEER4.into(), PEER6.into()]
    };
    addrs.map(|a| listener(a, 0, SOCK_DGRAM).expect("a prober"))
}
