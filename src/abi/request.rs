// SPDX-License-Identifier: GPL-2.0

//! The structures of the control calls.

use super::options::{AssignFlags, SourceChoice};
use super::wire::{Fields, FieldsMut, Wire, WireError};
use super::NAME_LEN;

/// Whom a call is about. On the wire a 32-bit kind and a 64-bit value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The process (thread group) a pidfd refers to: no reuse race. Kind 1.
    PidFd(i32),
    /// The process (thread group) with this pid in the caller's pid
    /// namespace. Kind 2.
    Pid(i32),
    /// An association by its id. Kind 3; not valid for assign.
    Association(u64),
    /// Every association there is. Kind 4, value 0; since 3, valid for release
    /// only.
    All,
}

impl Target {
    pub(super) fn from_parts(kind: u32, value: u64) -> Result<Self, WireError> {
        let as_i32 = || i32::try_from(value).map_err(|_| WireError::BadField);
        match kind {
            1 => Ok(Self::PidFd(as_i32()?)),
            2 => match as_i32()? {
                0 => Err(WireError::BadField),
                pid => Ok(Self::Pid(pid)),
            },
            3 => Ok(Self::Association(value)),
            4 if value == 0 => Ok(Self::All),
            _ => Err(WireError::BadField),
        }
    }

    // A negative descriptor or pid goes out as a value no parser takes.
    pub(super) fn to_parts(self) -> (u32, u64) {
        match self {
            Self::PidFd(fd) => (1, i64::from(fd) as u64),
            Self::Pid(pid) => (2, i64::from(pid) as u64),
            Self::Association(id) => (3, id),
            Self::All => (4, 0),
        }
    }
}

/// The name of an association: up to [`NAME_LEN`] − 1 bytes of
/// `A-Z a-z 0-9 . _ -`, not starting with `.` or `-`; empty means none.
///
/// # Invariants
///
/// The bytes up to the first NUL are of that alphabet, the rest is NUL, and
/// the last byte is NUL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Name([u8; NAME_LEN]);

impl Name {
    /// Checks and takes over a name. `None` when it is too long or holds
    /// another character.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        if name.contains('\0') {
            return None;
        }
        let mut bytes = [0; NAME_LEN];
        // One byte stays free for the NUL.
        let room = bytes.len() - 1;
        bytes
            .get_mut(..room)?
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        Self::from_bytes(bytes).ok()
    }

    pub(super) fn from_bytes(bytes: [u8; NAME_LEN]) -> Result<Self, WireError> {
        let len = bytes
            .iter()
            .position(|&b| b == 0)
            .ok_or(WireError::BadField)?;
        let (text, rest) = bytes.split_at(len);
        let alphabet = |&b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if !text.iter().all(alphabet)
            || matches!(text.first(), Some(b'.' | b'-'))
            || rest.iter().any(|&b| b != 0)
        {
            return Err(WireError::BadField);
        }
        // INVARIANT: alphabet and padding were checked above, and `position`
        // found a NUL after which all is NUL, so the last byte is NUL.
        Ok(Self(bytes))
    }

    /// The name with its padding.
    pub(super) fn as_bytes(&self) -> &[u8; NAME_LEN] {
        &self.0
    }

    /// The name without padding; empty when there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&b| b == 0).unwrap_or(NAME_LEN);
        core::str::from_utf8(&self.0[..len]).unwrap_or("")
    }
}

/// Make an association and put a process, with all its threads, into it.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid |
/// | 4 | 4 | flags: [`AssignFlags`] |
/// | 8 | 8 | target value |
/// | 16 | 8 | pointer to `addr_count` entries of 24 bytes ([`super::AddrEntry`]) |
/// | 24 | 4 | addr_count, 1 to [`super::MAX_ADDRS`] |
/// | 28 | 4 | reserved, zero |
/// | 32 | 32 | name, NUL-padded |
/// | 64 | 8 | out: id of the new association, not 0 |
/// | 72 | 4 | since 2: choice of source, [`SourceChoice`] |
/// | 76 | 4 | since 2: dedicated loopback address in network byte order, in 127.0.0.0/8 but not 127.0.0.1; zero: one that is free. Out: the one it got |
///
/// Errors: `EINVAL` malformed or a kernel thread, nothing changed; `EPERM` no `CAP_NET_ADMIN`,
/// or the caller is itself associated; `ESRCH` no such process; `EEXIST` the
/// process is already associated; `EBUSY` it holds what cannot be taken in: a
/// packet or XDP socket, a mapping of its ring, an MPTCP connection, a socket in a
/// sockmap of BPF programs, an io_uring that a process outside polls, a TUN device,
/// `/proc/PID/mem` or a userfaultfd of another process, or half of a datagram from
/// an address outside the set, or it traces a process outside, or what it has
/// mapped stays locked for ten seconds, or there is too much to look through;
/// `EAGAIN` a process makes threads, or the processes of a tree exit and leave children
/// to others of it, faster than can be followed; `ETIMEDOUT` a thread did not come back within ten
/// seconds from a call it began before: it is not associated, but its sockets keep
/// the scope; `ENOMEM`, where they may as well; `EBADF` not a pidfd; `EFAULT`, `E2BIG`;
/// `EADDRINUSE` the loopback address is another association's, or the host uses it, or
/// none is free;
/// `ENOSPC` no ids are left; `ENODEV` the module is being unloaded, as for all
/// calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignRequest {
    /// Process to associate; [`Target::Association`] is `EINVAL`.
    pub target: Target,
    /// User-space address of the entries.
    pub addrs: u64,
    /// Number of entries.
    pub addr_count: u32,
    /// Name, or the empty name.
    pub name: Name,
    /// Out: the new association's id.
    pub id: u64,
    /// How the association behaves and what the call does besides.
    pub flags: AssignFlags,
    /// Which member a socket without an address sends from.
    pub source: SourceChoice,
    /// Dedicated loopback address, zero for one that is free. Out: the one it
    /// got.
    pub loopback: [u8; 4],
}

impl Wire for AssignRequest {
    const SIZE: usize = 80;
    const MIN_SIZE: usize = 72;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        let flags = AssignFlags::from_bits(f.u32())?;
        let target = Target::from_parts(kind, f.u64())?;
        let addrs = f.u64();
        let addr_count = f.u32();
        f.reserved_u32()?;
        let name = Name::from_bytes(f.bytes())?;
        let id = f.u64();
        let source = SourceChoice::from_value(f.u32())?;
        let loopback = f.bytes();
        Ok(Self {
            target,
            addrs,
            addr_count,
            name,
            id,
            flags,
            source,
            loopback,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(self.flags.bits());
        out.u64(value);
        out.u64(self.addrs);
        out.u32(self.addr_count);
        out.u32(0);
        out.bytes(&self.name.0);
        out.u64(self.id);
        out.u32(self.source as u32);
        out.bytes(&self.loopback);
    }
}

/// Take a process (with all its threads, not its children) out of its
/// association, or every task of an association, or every task there is.
///
/// Since 3, with target kind 4: every association ends. As after any release,
/// one is listed until the last of its sockets is closed.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid, 3 association; since 3: 4 everything |
/// | 4 | 4 | flags, zero |
/// | 8 | 8 | target value |
/// | 16 | 8 | out: number of tasks (threads) released |
///
/// Errors: as for [`AssignRequest`]; `ENOENT` the process is not associated,
/// or no association has this id. Where there is no association at all, ending
/// every one succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// Process or association to release, or everything.
    pub target: Target,
    /// Out: tasks released.
    pub tasks: u64,
}

impl Wire for ReleaseRequest {
    const SIZE: usize = 24;
    const MIN_SIZE: usize = 24;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        f.reserved_u32()?;
        let target = Target::from_parts(kind, f.u64())?;
        let tasks = f.u64();
        Ok(Self { target, tasks })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(0);
        out.u64(value);
        out.u64(self.tasks);
    }
}

/// Describe one association: its set, its processes, its numbers.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid, 3 association |
/// | 4 | 4 | flags, zero |
/// | 8 | 8 | target value |
/// | 16 | 8 | pointer to room for entries of 24 bytes |
/// | 24 | 4 | room for how many entries |
/// | 28 | 4 | out: entries in the set (may exceed the room: what fits was written) |
/// | 32 | 8 | pointer to room for process ids of 4 bytes |
/// | 40 | 4 | room for how many process ids; above [`super::MAX_LIST`] counts as that |
/// | 44 | 4 | out: processes (may exceed the room) |
/// | 48 | 8 | out: id |
/// | 56 | 8 | out: tasks (threads) |
/// | 64 | 32 | out: name |
/// | 96 | 4 | since 2, out: 1 when exclusive |
/// | 100 | 4 | since 2, out: choice of source |
/// | 104 | 4 | since 2, out: dedicated loopback address |
/// | 108 | 4 | reserved |
/// | 112 | 8 | since 2, out: sockets |
/// | 120 | 4 | since 3, out: its flags, as far as it keeps them: exclusive, and what it allows |
/// | 124 | 4 | reserved |
/// | 128 | 8 | since 4: pointer to room for leftovers of 32 bytes ([`super::LeftoverEntry`]) |
/// | 136 | 4 | since 4: room for how many |
/// | 140 | 4 | since 4, out: addresses that left the set and have connections (may exceed the room) |
/// | 144 | 8 | since 4, out: how often it, what it is a part of, or one of its parts was refused a port on which it had as many sockets as it may |
///
/// Process ids are in the caller's pid namespace; a process that has none
/// there is left out. Errors: `EINVAL`, `EPERM` (no `CAP_NET_ADMIN`, or the
/// caller is associated), `ESRCH`, `EBADF`, `ENOENT`, `EFAULT`, `ENOMEM`,
/// `E2BIG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    /// Process or association asked about.
    pub target: Target,
    /// User-space address of room for entries; unused when there is none.
    pub addrs: u64,
    /// Room for how many entries.
    pub addr_room: u32,
    /// Out: entries in the set.
    pub addr_count: u32,
    /// User-space address of room for process ids.
    pub pids: u64,
    /// Room for how many process ids.
    pub pid_room: u32,
    /// Out: processes.
    pub pid_count: u32,
    /// Out: id.
    pub id: u64,
    /// Out: tasks.
    pub tasks: u64,
    /// Out: name.
    pub name: Name,
    /// Out: the addresses are exclusive.
    pub exclusive: bool,
    /// Out: choice of source.
    pub source: SourceChoice,
    /// Out: dedicated loopback address.
    pub loopback: [u8; 4],
    /// Out: sockets.
    pub sockets: u64,
    /// Out: the flags it keeps, [`AssignFlags::EXCLUSIVE`] and those that allow
    /// something. May have bits that are not known here.
    pub flags: AssignFlags,
    /// User-space address of room for leftovers; unused when there is none.
    pub leftovers: u64,
    /// Room for how many leftovers.
    pub leftover_room: u32,
    /// Out: leftovers.
    pub leftover_count: u32,
    /// Out: how often a port was found to have as many sockets as it may. Automatic
    /// choice finds it again at each port that it tries.
    pub full_ports: u64,
}

impl Wire for QueryRequest {
    const SIZE: usize = 152;
    const MIN_SIZE: usize = 96;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        f.reserved_u32()?;
        Ok(Self {
            target: Target::from_parts(kind, f.u64())?,
            addrs: f.u64(),
            addr_room: f.u32(),
            addr_count: f.u32(),
            pids: f.u64(),
            pid_room: f.u32(),
            pid_count: f.u32(),
            id: f.u64(),
            tasks: f.u64(),
            name: Name::from_bytes(f.bytes())?,
            exclusive: f.u32() != 0,
            source: SourceChoice::from_value(f.u32())?,
            loopback: f.bytes(),
            sockets: {
                f.reserved_u32()?;
                f.u64()
            },
            flags: {
                let flags = AssignFlags::from_answer(f.u32());
                f.reserved_u32()?;
                flags
            },
            leftovers: f.u64(),
            leftover_room: f.u32(),
            leftover_count: f.u32(),
            full_ports: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(0);
        out.u64(value);
        out.u64(self.addrs);
        out.u32(self.addr_room);
        out.u32(self.addr_count);
        out.u64(self.pids);
        out.u32(self.pid_room);
        out.u32(self.pid_count);
        out.u64(self.id);
        out.u64(self.tasks);
        out.bytes(&self.name.0);
        out.u32(self.exclusive.into());
        out.u32(self.source as u32);
        out.bytes(&self.loopback);
        out.u32(0);
        out.u64(self.sockets);
        out.u32(self.flags.bits());
        out.u32(0);
        out.u64(self.leftovers);
        out.u32(self.leftover_room);
        out.u32(self.leftover_count);
        out.u64(self.full_ports);
    }
}

/// Enumerate association ids in ascending order.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | only ids greater than this; 0 for all |
/// | 8 | 8 | pointer to room for ids of 8 bytes |
/// | 16 | 4 | room for how many ids, at most [`super::MAX_LIST`] (else `EINVAL`) |
/// | 20 | 4 | flags, zero |
/// | 24 | 4 | out: ids written |
/// | 28 | 4 | out: 1 when there are more |
///
/// Errors: `EINVAL`, `EPERM`, `EFAULT`, `ENOMEM`, `E2BIG`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only ids greater than this.
    pub after: u64,
    /// User-space address of room for ids.
    pub ids: u64,
    /// Room for how many ids.
    pub room: u32,
    /// Out: ids written.
    pub count: u32,
    /// Out: whether there are more.
    pub more: bool,
}

impl Wire for ListRequest {
    const SIZE: usize = 32;
    const MIN_SIZE: usize = 32;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let after = f.u64();
        let ids = f.u64();
        let room = f.u32();
        f.reserved_u32()?;
        let count = f.u32();
        let more = f.u32() != 0;
        Ok(Self {
            after,
            ids,
            room,
            count,
            more,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.after);
        out.u64(self.ids);
        out.u32(self.room);
        out.u32(0);
        out.u32(self.count);
        out.u32(self.more.into());
    }
}

/// Which interface this is.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | [`super::ABI_VERSION`] |
/// | 4 | 4 | [`super::MAX_ADDRS`] |
/// | 8 | 8 | features, a bit each; none yet |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionReply {
    /// Interface version of the module.
    pub abi: u32,
    /// The most entries a set may have.
    pub max_addrs: u32,
    /// Features, a bit each.
    pub features: u64,
}

impl Wire for VersionReply {
    const SIZE: usize = 16;
    const MIN_SIZE: usize = 16;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            abi: f.u32(),
            max_addrs: f.u32(),
            features: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(self.abi);
        out.u32(self.max_addrs);
        out.u64(self.features);
    }
}
