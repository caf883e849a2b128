// SPDX-License-Identifier: GPL-2.0

//! The structures of the control calls that change nothing: query and list.

use super::target::Target;
use super::terms::{HostLoopback, Name, SourceChoice, Terms};
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// Describe one association: its set, its processes, its counts.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid, 3 association |
/// | 4 | 4 | flags, zero |
/// | 8 | 8 | target value |
/// | 16 | 8 | pointer to room for entries of 24 bytes |
/// | 24 | 4 | number of entries that fit there |
/// | 28 | 4 | out: entries in the set; may exceed the room, then only what fits is written |
/// | 32 | 8 | pointer to room for process ids of 4 bytes |
/// | 40 | 4 | number of process ids that fit there; above [`super::MAX_LIST`] counts as that |
/// | 44 | 4 | out: processes; may exceed the room, then only what fits is written |
/// | 48 | 8 | out: id |
/// | 56 | 8 | out: tasks (threads) |
/// | 64 | 32 | out: name |
/// | 96 | 4 | since 2, out: 1 when exclusive |
/// | 100 | 4 | since 2, out: choice of source |
/// | 104 | 4 | since 2, out: dedicated loopback address |
/// | 108 | 4 | reserved |
/// | 112 | 8 | since 2, out: sockets |
/// | 120 | 4 | since 3, out: flags of [`Terms`]; since 6: bit 4 (16) `defined` |
/// | 124 | 4 | reserved |
/// | 128 | 8 | since 4: pointer to room for leftovers of 32 bytes ([`super::LeftoverEntry`]) |
/// | 136 | 4 | since 4: number of leftovers that fit there |
/// | 140 | 4 | since 4, out: addresses that left the set and still have connections; may exceed the room, then only what fits is written |
/// | 144 | 8 | since 4, out: reserved, 0; its value in a request or an answer has no meaning. Modules that limited the sockets of a tenant on one port counted their refusals there |
/// | 152 | 4 | since 7, out: address of a network of the host's loopback, [`HostLoopback`]; zero: none |
/// | 156 | 1 | since 7, out: its length in bits |
/// | 157 | 3 | reserved, zero |
/// | 160 | 4 | since 8, out: the user under whose grant it was made; zero: none |
/// | 164 | 4 | reserved, zero |
///
/// Process ids are those of the caller's pid namespace. A process that has none there
/// is left out. Each process comes once, in ascending order of the ids in the initial pid
/// namespace.
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated. Since 8, a user with a grant
///   may ask about the associations that it made;
/// * `ESRCH`: no such process;
/// * `EBADF`: the target is not a pidfd;
/// * `ENOENT`: the process is not associated, or no association has this id;
/// * `EFAULT`: an address cannot be read or written;
/// * `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    /// The process or association to describe.
    pub target: Target,
    /// User-space address of the room for entries; unused when there is no room.
    pub addrs: u64,
    /// Number of entries that fit there.
    pub addr_room: u32,
    /// Out: entries in the set.
    pub addr_count: u32,
    /// User-space address of the room for process ids.
    pub pids: u64,
    /// Number of process ids that fit there.
    pub pid_room: u32,
    /// Out: processes.
    pub pid_count: u32,
    /// Out: id.
    pub id: u64,
    /// Out: tasks.
    pub tasks: u64,
    /// Out: the terms of the association, as far as this build knows them.
    pub terms: Terms,
    /// Out: sockets.
    pub sockets: u64,
    /// Out: it was defined, and so is there without tasks.
    pub defined: bool,
    /// User-space address of the room for leftovers; unused when there is no room.
    pub leftovers: u64,
    /// Number of leftovers that fit there.
    pub leftover_room: u32,
    /// Out: leftovers.
    pub leftover_count: u32,
    /// Out: the user under whose grant the association was made.
    pub granted_to: Option<u32>,
}

impl QueryRequest {
    /// A query about `target`, without room for lists.
    #[must_use]
    pub fn about(target: Target) -> Self {
        Self {
            target,
            addrs: 0,
            addr_room: 0,
            addr_count: 0,
            pids: 0,
            pid_room: 0,
            pid_count: 0,
            id: 0,
            tasks: 0,
            terms: Terms::DEFAULT,
            sockets: 0,
            defined: false,
            leftovers: 0,
            leftover_room: 0,
            leftover_count: 0,
            granted_to: None,
        }
    }
}

const DEFINED: u32 = 16;

impl Wire for QueryRequest {
    const SIZE: usize = 168;
    const MIN_SIZE: usize = 96;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        f.reserved_u32()?;
        let mut query = Self::about(Target::from_parts(kind, f.u64())?);
        query.addrs = f.u64();
        query.addr_room = f.u32();
        query.addr_count = f.u32();
        query.pids = f.u64();
        query.pid_room = f.u32();
        query.pid_count = f.u32();
        query.id = f.u64();
        query.tasks = f.u64();
        query.terms.name = Name::from_bytes(f.bytes())?;
        let exclusive = f.u32() != 0;
        query.terms.source = SourceChoice::from_value(f.u32())?;
        query.terms.loopback = Terms::loopback_from(f.bytes());
        f.reserved_u32()?;
        query.sockets = f.u64();
        // A newer module may set other bits. They are ignored, so that an older
        // program need not reject the whole answer because of them.
        let flags = f.u32();
        query.terms.set_flags(flags);
        query.defined = flags & DEFINED != 0;
        query.terms.exclusive |= exclusive;
        f.reserved_u32()?;
        query.leftovers = f.u64();
        query.leftover_room = f.u32();
        query.leftover_count = f.u32();
        // Reserved. An older module counts full ports there.
        f.u64();
        query.terms.host_loopback = HostLoopback::parse(f)?;
        // User 0 has no grant.
        query.granted_to = Some(f.u32()).filter(|&uid| uid != 0);
        f.reserved_u32()?;
        Ok(query)
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
        out.bytes(self.terms.name.as_bytes());
        out.u32(self.terms.exclusive.into());
        out.u32(self.terms.source as u32);
        out.bytes(&self.terms.loopback_bytes());
        out.u32(0);
        out.u64(self.sockets);
        out.u32(self.terms.flags() | flag(self.defined, DEFINED));
        out.u32(0);
        out.u64(self.leftovers);
        out.u32(self.leftover_room);
        out.u32(self.leftover_count);
        out.u64(0);
        HostLoopback::emit(self.terms.host_loopback, out);
        out.u32(self.granted_to.unwrap_or(0));
        out.u32(0);
    }
}

/// Enumerate association ids in ascending order.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | only ids greater than this; 0 for all |
/// | 8 | 8 | pointer to room for ids of 8 bytes |
/// | 16 | 4 | number of ids that fit there, at most [`super::MAX_LIST`] (else `EINVAL`) |
/// | 20 | 4 | flags, zero |
/// | 24 | 4 | out: ids written |
/// | 28 | 4 | out: 1 when there are more |
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed, or the room exceeds [`super::MAX_LIST`];
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated. Since 8, a user with a grant
///   gets the ids of the associations that it made;
/// * `EFAULT`: an address cannot be read or written;
/// * `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only ids greater than this.
    pub after: u64,
    /// User-space address of the room for ids.
    pub ids: u64,
    /// Number of ids that fit there.
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
