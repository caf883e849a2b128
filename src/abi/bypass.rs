// SPDX-License-Identifier: GPL-2.0

//! Bypasses: what a process may hold that goes around an association, by kind.

use super::wire::{Fields, FieldsMut};

/// Something that prevents a process from being associated: with it the process could
/// send or receive where no LSM hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Bypass {
    /// A packet socket, or memory mapped from one: its ring receives every packet.
    PacketSocket = 1,
    /// An XDP socket, or memory mapped from one.
    XdpSocket = 2,
    /// An MPTCP connection: the kernel may continue it from and to other addresses.
    MptcpConnection = 3,
    /// A socket in a sockmap: BPF programs redirect what it sends and receives.
    SockmapSocket = 4,
    /// An io_uring that another process made. That process, or its polling thread,
    /// executes what is written to the ring's memory, and the ring holds pages of
    /// that process.
    ForeignRing = 5,
    /// A network device in user space (TUN, TAP, vhost, PPP): it injects packets.
    NetworkDevice = 6,
    /// The memory of a process outside the association: `/proc/PID/mem`.
    ForeignMemory = 7,
    /// The right to provide pages of a process outside the association:
    /// `userfaultfd(2)`.
    ForeignPages = 8,
    /// A corked socket that holds the first part of a datagram from an address
    /// outside the set.
    HalfMessage = 9,
    /// The process traces a process outside the association.
    Tracing = 10,
    /// The mappings of the process change all the time, or its memory stays locked:
    /// they cannot be searched.
    LockedMemory = 11,
    /// The process holds too much to be searched in time.
    TooMuch = 12,
}

impl Bypass {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::PacketSocket,
        Self::XdpSocket,
        Self::MptcpConnection,
        Self::SockmapSocket,
        Self::ForeignRing,
        Self::NetworkDevice,
        Self::ForeignMemory,
        Self::ForeignPages,
        Self::HalfMessage,
        Self::Tracing,
        Self::LockedMemory,
        Self::TooMuch,
    ];

    fn from_value(value: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == value)
    }
}

/// A bypass, and the process and descriptor where it was found.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | [`Bypass`]; 0: no obstacle, and the rest is 0 |
/// | 4 | 4 | process id in the caller's pid namespace; 0: the process has none there |
/// | 8 | 4 | descriptor; −1: the bypass is not a descriptor, but memory or something else |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Kind of the bypass.
    pub bypass: Bypass,
    /// The process that holds it; 0 when the caller's pid namespace does not know it.
    pub pid: i32,
    /// The descriptor, if the bypass is one.
    pub fd: Option<u32>,
}

impl Obstacle {
    /// Returns `None` also for an unknown kind, which a newer module may send.
    pub(super) fn parse(f: &mut Fields<'_>) -> Option<Self> {
        let bypass = Bypass::from_value(f.u32());
        let (pid, fd) = (f.u32() as i32, f.u32() as i32);
        Some(Self {
            bypass: bypass?,
            pid,
            fd: fd.try_into().ok(),
        })
    }

    pub(super) fn emit(this: Option<Self>, out: &mut FieldsMut<'_>) {
        let fd = |fd: Option<u32>| fd.and_then(|fd| i32::try_from(fd).ok()).unwrap_or(-1);
        out.u32(this.map_or(0, |this| this.bypass as u32));
        out.u32(this.map_or(0, |this| this.pid) as u32);
        out.u32(this.map_or(0, |this| fd(this.fd)) as u32);
    }
}
