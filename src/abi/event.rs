// SPDX-License-Identifier: GPL-2.0

//! Events: what a reader of the control device reads.

use core::net::IpAddr;

use super::refusal::{Operation, Refusal};
use super::terms::Name;
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[non_exhaustive]
pub enum Happening {
    /// A call or packet was refused.
    Refused = 1,
    /// An association was made or defined.
    Made = 2,
    /// The set of an association changed.
    Changed = 3,
    /// An association ended: it has neither tasks nor sockets, and is not defined.
    Ended = 4,
    /// A process became a member, by a call or by a rule. Its children are members from the
    /// beginning, and no event tells so.
    Joined = 5,
    /// A process that is still there was taken out.
    Left = 6,
    /// The last socket of an association was closed.
    Drained = 7,
    /// Nothing but the loss of events that [`Event::lost`] tells.
    Lost = 8,
}

impl Happening {
    /// Every kind, in the order of their numbers, which begin at 1.
    pub const ALL: [Self; 8] = [
        Self::Refused,
        Self::Made,
        Self::Changed,
        Self::Ended,
        Self::Joined,
        Self::Left,
        Self::Drained,
        Self::Lost,
    ];

    /// The kind with this number.
    #[must_use]
    pub fn from_value(value: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|known| *known as u16 == value)
    }

    /// Its name, for people and scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Made => "made",
            Self::Changed => "changed",
            Self::Ended => "ended",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Drained => "drained",
            Self::Lost => "lost",
        }
    }
}

/// The bytes of the command of a task (`TASK_COMM_LEN` in `include/linux/sched.h`).
pub const COMM_LEN: usize = 16;

/// An event, as it is read from the control device after [`WatchRequest`]: a whole number of them,
/// each of [`Wire::SIZE`] bytes.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 2 | [`Happening`] |
/// | 2 | 2 | [`Operation`] that was refused; else zero |
/// | 4 | 2 | [`Refusal`]; else zero |
/// | 6 | 2 | port that a call or packet was for, or zero |
/// | 8 | 8 | nanoseconds since the machine was started, `CLOCK_BOOTTIME` |
/// | 16 | 8 | id of the association |
/// | 24 | 4 | process id in the initial pid namespace; zero: none, as of a packet that arrives |
/// | 28 | 4 | thread id there |
/// | 32 | 16 | command of the thread, [`COMM_LEN`] bytes |
/// | 48 | 16 | address that a call or packet was for, IPv4-mapped if it is IPv4; zero if there is none, or it is the wildcard |
/// | 64 | 4 | errno, positive; zero unless something was refused |
/// | 68 | 4 | flags: bit 0, there is an address |
/// | 72 | 4 | events of this association that were held back since the last one, as there were too many |
/// | 76 | 4 | events that this reader lost before this one, as it did not read |
/// | 80 | 32 | name of the association |
/// | 112 | 16 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened. `None`: something that this build does not know.
    pub what: Option<Happening>,
    /// What was refused.
    pub operation: Option<Operation>,
    /// Why.
    pub refusal: Option<Refusal>,
    /// The address, and the port or 0, that the call or packet was for.
    pub address: Option<(IpAddr, u16)>,
    /// Nanoseconds since the machine was started.
    pub time: u64,
    /// Id of the association.
    pub association: u64,
    /// Process id in the initial pid namespace, or 0.
    pub pid: u32,
    /// Thread id there.
    pub tid: u32,
    /// Command of the thread.
    pub comm: [u8; COMM_LEN],
    /// Errno, positive, or 0.
    pub errno: u32,
    /// Events of the association that were held back since the last one.
    pub held_back: u32,
    /// Events that the reader lost before this one.
    pub lost: u32,
    /// Name of the association.
    pub name: Name,
}

const HAS_ADDRESS: u32 = 1;

impl Event {
    /// Something that happened to an association.
    #[must_use]
    pub const fn of(what: Happening, association: u64, name: Name) -> Self {
        Self {
            what: Some(what),
            operation: None,
            refusal: None,
            address: None,
            time: 0,
            association,
            pid: 0,
            tid: 0,
            comm: [0; COMM_LEN],
            errno: 0,
            held_back: 0,
            lost: 0,
            name,
        }
    }
}

impl Wire for Event {
    const SIZE: usize = 128;
    const MIN_SIZE: usize = 128;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let what = Happening::from_value(f.u16());
        let operation = Operation::from_value(f.u16());
        let refusal = Refusal::from_value(f.u16());
        let port = f.u16();
        let (time, association) = (f.u64(), f.u64());
        let (pid, tid) = (f.u32(), f.u32());
        let comm = f.bytes();
        let addr = f.ip();
        let errno = f.u32();
        let has_address = f.u32() & HAS_ADDRESS != 0;
        let (held_back, lost) = (f.u32(), f.u32());
        let name = Name::from_bytes(f.bytes())?;
        Ok(Self {
            what,
            operation,
            refusal,
            address: has_address.then_some((addr, port)),
            time,
            association,
            pid,
            tid,
            comm,
            errno,
            held_back,
            lost,
            name,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u16(self.what.map_or(0, |what| what as u16));
        out.u16(self.operation.map_or(0, |operation| operation as u16));
        out.u16(self.refusal.map_or(0, |refusal| refusal as u16));
        out.u16(self.address.map_or(0, |(_, port)| port));
        out.u64(self.time);
        out.u64(self.association);
        out.u32(self.pid);
        out.u32(self.tid);
        out.bytes(&self.comm);
        out.ip(self.address.map(|(addr, _)| addr));
        out.u32(self.errno);
        out.u32(self.address.map_or(0, |_| HAS_ADDRESS));
        out.u32(self.held_back);
        out.u32(self.lost);
        out.bytes(self.name.as_bytes());
    }
}

/// Begin to read events: from now on, `read()` on this open file of the control device returns
/// [`Event`]s, and `poll()` tells when there are any. An open file watches once.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | id of the only association whose events are read; zero: of all |
/// | 8 | 4 | how many events are kept for the reader, at most [`super::MAX_KEPT`]; zero: 1,024. Rounded up to a power of two |
/// | 12 | 4 | flags: bit 0 `recent` |
///
/// `recent`: the refusals that the module remembers, up to [`super::MAX_RECENT`] of all associations,
/// are read first.
///
/// Without unread events, `read()` waits, or is `EAGAIN` with `O_NONBLOCK`. A buffer that is shorter
/// than an event is `EINVAL`, and so is `read()` before this call. Of an associated process it is
/// `EPERM`, wherever it has the file from.
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `EALREADY`: the open file watches already;
/// * `ENOENT`: no association has this id;
/// * `EFAULT`: the structure cannot be read;
/// * `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchRequest {
    /// The only association whose events are read, or 0.
    pub association: u64,
    /// How many events are kept, or 0.
    pub room: u32,
    /// Whether recent refusals are read first.
    pub recent: bool,
}

const RECENT: u32 = 1;

impl Wire for WatchRequest {
    const SIZE: usize = 16;
    const MIN_SIZE: usize = 16;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let (association, room) = (f.u64(), f.u32());
        let recent = match f.u32() {
            0 => false,
            RECENT => true,
            _ => return Err(WireError::BadField),
        };
        Ok(Self {
            association,
            room,
            recent,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.association);
        out.u32(self.room);
        out.u32(flag(self.recent, RECENT));
    }
}
