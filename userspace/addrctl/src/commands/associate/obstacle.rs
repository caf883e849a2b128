// SPDX-License-Identifier: GPL-2.0

//! What is in the way of an association, as the module found it.

use addrconf_abi::{Bypass, Obstacle};

use crate::commands::open;
use crate::error::{ErrorKind, Reason};
use crate::system::System;

/// The advice for every kind of obstacle.
const WAY_OUT: &str = "or restart the program with `addrctl run`";

/// Says what `found` is, which process holds it, and what to do.
pub(super) fn in_the_way(system: &dyn System, found: Obstacle) -> Reason {
    let Obstacle { bypass, pid, fd } = found;
    let process = open::named(system, pid);
    let holds = |what: String| Reason::new(ErrorKind::Holds, what);
    let reason = match (bypass, fd) {
        (Bypass::Tracing, _) => holds(format!(
            "{process} traces a process that is not to be associated"
        ))
        .next(format!("detach the tracer, {WAY_OUT}")),
        (Bypass::LockedMemory, _) => holds(format!(
            "the memory of {process} could not be searched within ten seconds, because it \
             changes all the time or is kept locked"
        ))
        .next(format!("try again, {WAY_OUT}")),
        (Bypass::TooMuch, _) => holds(format!(
            "the search of all processes took longer than ten seconds; {process} was next"
        ))
        .next(format!("try again, {WAY_OUT}")),
        (_, Some(fd)) => holds(format!(
            "descriptor {fd} of {process} is {}, which goes around an association",
            thing(bypass)
        ))
        .next(format!("`ls -l /proc/{pid}/fd/{fd}` shows it"))
        .next(format!("end what holds it, {WAY_OUT}")),
        (_, None) => holds(format!(
            "{process} has {} in its memory, which goes around an association",
            thing(bypass)
        ))
        .next(format!("`cat /proc/{pid}/maps` shows it"))
        .next(format!("end what holds it, {WAY_OUT}")),
    };
    reason.next("no process was associated")
}

fn thing(bypass: Bypass) -> &'static str {
    match bypass {
        Bypass::PacketSocket => "a packet socket",
        Bypass::XdpSocket => "an XDP socket",
        Bypass::MptcpConnection => "an MPTCP connection",
        Bypass::SockmapSocket => "a socket in a sockmap of BPF programs",
        Bypass::ForeignRing => "an io_uring that another process made",
        Bypass::NetworkDevice => "a network device in user space (TUN, TAP or vhost)",
        Bypass::ForeignMemory => "the memory of a process outside (/proc/PID/mem)",
        Bypass::ForeignPages => "a userfaultfd of a process outside",
        Bypass::HalfMessage => {
            "a UDP socket with half of a datagram from an address outside the set"
        }
        _ => "something",
    }
}
