// SPDX-License-Identifier: GPL-2.0

//! What is in the way of an association, in words. Pure.

use std::fmt::{self, Formatter};

use addrconf_abi::{Bypass, Obstacle};

use crate::error::InTheWay;

/// How to go on, for all kinds.
const WAY_OUT: &str = "or start the program anew with `addrctl run`";

/// What `found` is, and what to do.
pub(super) fn in_the_way(f: &mut Formatter<'_>, found: &InTheWay) -> fmt::Result {
    let InTheWay { obstacle, process } = found;
    let Obstacle { bypass, pid, fd } = *obstacle;
    match (bypass, fd) {
        (Bypass::Tracing, _) => write!(
            f,
            "{process} traces a process that is not to be associated; let go of it, {WAY_OUT}"
        ),
        (Bypass::LockedMemory, _) => write!(
            f,
            "the memory of {process} could not be looked at within ten seconds, because it \
             changes all the time or is kept locked; try again, {WAY_OUT}"
        ),
        (Bypass::TooMuch, _) => write!(
            f,
            "there was too much to look through within ten seconds, when it came to {process}; \
             try again, {WAY_OUT}"
        ),
        (_, Some(fd)) => write!(
            f,
            "descriptor {fd} of {process} is {}, which goes around an association; \
             `ls -l /proc/{pid}/fd/{fd}` shows it; end what holds it, {WAY_OUT}",
            thing(bypass)
        ),
        (_, None) => write!(
            f,
            "{process} has {} in its memory, which goes around an association; \
             `cat /proc/{pid}/maps` shows it; end what holds it, {WAY_OUT}",
            thing(bypass)
        ),
    }?;
    f.write_str("; no process was associated")
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
