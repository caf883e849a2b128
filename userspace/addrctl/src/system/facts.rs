// SPDX-License-Identifier: GPL-2.0

//! Facts about the machine and its processes that decide whether associations can work and are
//! safe: interfaces, security modules, resolvers, and the rights of processes.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use caps::{Capability, CapsHashSet};
use nix::net::if_::InterfaceFlags;
use rustix::time::{clock_gettime, ClockId};

use super::{cgroup, NetAdmin};

/// The bit of `CAP_NET_ADMIN` (`include/uapi/linux/capability.h`).
const CAP_NET_ADMIN: u32 = 12;

/// What `/proc/PID/ns/user` links to in the initial user namespace (`USER_NS_INIT_INO`,
/// `include/uapi/linux/nsfs.h`).
const INITIAL_USER_NAMESPACE: &str = "user:[4026531837]";

/// The security modules of the kernel, in order, separated by commas.
const SECURITY_MODULES: &str = "/sys/kernel/security/lsm";
/// The resolvers that programs ask (resolv.conf(5)).
const RESOLVERS: &str = "/etc/resolv.conf";

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The interface.
    pub interface: String,
    /// The address.
    pub addr: IpAddr,
    /// Whether packets pass the interface.
    pub link: Link,
}

/// Whether packets pass an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// They do.
    Up,
    /// It was not set up, or was set down.
    Down,
    /// It is set up, and has no carrier.
    NoCarrier,
}

/// What a process may do beyond other processes of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Its effective user.
    pub uid: u32,
    /// One of its user ids is 0.
    pub is_root: bool,
    /// The capabilities that it is permitted in the initial user namespace.
    pub capabilities: CapsHashSet,
}

/// The time since the machine was started, in which it may have slept.
pub(super) fn clock() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    // The kernel tells neither a negative time nor a second of more nanoseconds.
    Duration::try_from(time).unwrap_or_default()
}

/// The addresses of all interfaces, if they can be read.
pub(super) fn interface_addresses() -> Option<Vec<InterfaceAddress>> {
    let all = nix::ifaddrs::getifaddrs().ok()?;
    let addresses = all.filter_map(|found| {
        let address = found.address?;
        let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
        let v6 = || address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip()));
        Some(InterfaceAddress {
            addr: v4.or_else(v6)?,
            interface: found.interface_name,
            link: link(found.flags),
        })
    });
    Some(addresses.collect())
}

fn link(flags: InterfaceFlags) -> Link {
    if !flags.contains(InterfaceFlags::IFF_UP) {
        Link::Down
    } else if !flags.contains(InterfaceFlags::IFF_RUNNING) {
        Link::NoCarrier
    } else {
        Link::Up
    }
}

/// The security modules of the kernel, if securityfs is mounted.
pub(super) fn security_modules() -> Option<String> {
    let names = fs::read_to_string(SECURITY_MODULES).ok()?;
    Some(names.trim().to_owned())
}

/// The resolvers that programs of the C library ask; none if there is no such file.
pub(super) fn nameservers() -> Vec<IpAddr> {
    let text = fs::read(RESOLVERS).unwrap_or_default();
    let config = resolv_conf::Config::parse(text).unwrap_or_default();
    config.nameservers.iter().map(IpAddr::from).collect()
}

/// A field of `/proc/PID/status`.
pub(super) fn status_field(pid: &str, wanted: &str) -> Option<String> {
    // The process's name in it can be any bytes.
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    field(&String::from_utf8_lossy(&status), wanted).map(str::to_owned)
}

/// A field of the text of `/proc/PID/status`.
fn field<'a>(status: &'a str, wanted: &str) -> Option<&'a str> {
    let mut fields = status.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(name, _)| *name == wanted);
    found.map(|(_, value)| value.trim())
}

/// Whether addrctl has `CAP_NET_ADMIN`.
pub(super) fn net_admin() -> NetAdmin {
    let effective = status_field("self", "CapEff");
    let bits = effective.and_then(|bits| u64::from_str_radix(&bits, 16).ok());
    let namespace = fs::read_link("/proc/self/ns/user");
    match (bits, namespace) {
        (Some(bits), _) if bits >> CAP_NET_ADMIN & 1 == 0 => NetAdmin::Missing,
        (Some(_), Ok(name)) if name == Path::new(INITIAL_USER_NAMESPACE) => NetAdmin::Held,
        (Some(_), Ok(_)) => NetAdmin::InUserNamespace,
        _ => NetAdmin::Unknown,
    }
}

/// The rights of a process, if they can be read.
pub(super) fn credentials_of(pid: i32) -> Option<Credentials> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let namespace = fs::read_link(format!("/proc/{pid}/ns/user")).ok()?;
    let elsewhere = namespace != Path::new(INITIAL_USER_NAMESPACE);
    credentials(&String::from_utf8_lossy(&status), elsewhere)
}

/// The rights of a process, of the text of its `status` in `/proc`. `is_in_user_namespace`: not the
/// initial one, so that its capabilities count there only.
fn credentials(status: &str, is_in_user_namespace: bool) -> Option<Credentials> {
    let bits = u64::from_str_radix(field(status, "CapPrm")?, 16).ok()?;
    let capabilities = caps::all()
        .into_iter()
        .filter(|cap: &Capability| !is_in_user_namespace && bits & cap.bitmask() != 0);
    // Real, effective, saved, and that for files.
    let uids: Vec<_> = field(status, "Uid")?.split_whitespace().collect();
    Some(Credentials {
        uid: uids.get(1)?.parse().ok()?,
        is_root: uids.contains(&"0"),
        capabilities: capabilities.collect(),
    })
}

/// The unit of systemd that a process is in, by its control group.
pub(super) fn unit_of(pid: i32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    cgroup::unit(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_up_with_a_carrier() {
        assert_eq!(link(InterfaceFlags::empty()), Link::Down);
        assert_eq!(link(InterfaceFlags::IFF_UP), Link::NoCarrier);
        let both = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING;
        assert_eq!(link(both), Link::Up);
    }

    #[test]
    fn rights_are_those_of_the_initial_user_namespace() {
        let status = "Name:\ta: 1\nUid:\t1000\t1000\t0\t1000\nCapPrm:\t0000000000001400\n";
        let found = credentials(status, false).unwrap();
        assert_eq!((found.uid, found.is_root), (1000, true));
        let both = [Capability::CAP_NET_BIND_SERVICE, Capability::CAP_NET_ADMIN];
        assert_eq!(found.capabilities, both.into());
        assert_eq!(credentials(status, true).unwrap().capabilities, [].into());
        assert!(
            !credentials(&status.replace("\t0\t", "\t1\t"), true)
                .unwrap()
                .is_root
        );
        assert_eq!(credentials("Uid:\t0\n", false), None);
    }
}
