// SPDX-License-Identifier: GPL-2.0

//! What a process may hold that goes around an association, by kind.

use super::wire::{Fields, FieldsMut};

/// Something that keeps a process from being associated: with it the process could
/// speak or hear where no hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Bypass {
    /// A packet socket, or memory mapped from one: its ring has every packet.
    PacketSocket = 1,
    /// An XDP socket, or memory mapped from one.
    XdpSocket = 2,
    /// An MPTCP connection: the kernel has it go on from and to other addresses.
    MptcpConnection = 3,
    /// A socket in a sockmap: BPF programs take what is sent and received elsewhere.
    SockmapSocket = 4,
    /// An io_uring that another process made: it carries out what is written to the
    /// ring's memory, and the ring has pages of it.
    ForeignRing = 5,
    /// A network device in user space (TUN, TAP, vhost, PPP): it injects packets.
    NetworkDevice = 6,
    /// The memory of a process outside: `/proc/PID/mem`.
    ForeignMemory = 7,
    /// The right to provide pages of a process outside: `userfaultfd(2)`.
    ForeignPages = 8,
    /// Half of a datagram from an address outside the set, on a corked socket.
    HalfMessage = 9,
    /// It traces a process outside.
    Tracing = 10,
    /// What it has mapped changes all the time, or stays locked: it cannot be looked
    /// at.
    LockedMemory = 11,
    /// There is too much to look through in time.
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

/// A bypass, and where it was found.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | [`Bypass`]; 0: there is none, and the rest is 0 |
/// | 4 | 4 | process id in the caller's pid namespace; 0: it has none there |
/// | 8 | 4 | descriptor; −1: it is none, but memory or something else |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Its kind.
    pub bypass: Bypass,
    /// The process that holds it; 0 when it is not known here.
    pub pid: i32,
    /// The descriptor, if it is one.
    pub fd: Option<u32>,
}

impl Obstacle {
    /// `None` also for a kind that is not known here, which a newer module may have.
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
