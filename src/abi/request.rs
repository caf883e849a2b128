// SPDX-License-Identifier: GPL-2.0

//! The structures of the control calls that make associations and release processes, and of the
//! version.

use super::bypass::Obstacle;
use super::grants::{proof, proof_field, PROOF};
use super::target::{Target, RESET, TREE};
use super::terms::{HostLoopback, Name, SourceChoice, Terms};
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// Make an association and put a process with all its threads into it.
///
/// Since 6, a process that has a socket of an association without tasks, which has the same set
/// and terms, joins that one.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid |
/// | 4 | 4 | flags: those of [`Terms`]; since 2: bit 1 (2) `tree`, bit 2 (4) `reset`; since 8: bit 8 (256) `proof` |
/// | 8 | 8 | target value |
/// | 16 | 8 | pointer to `addr_count` entries of 24 bytes ([`super::AddrEntry`]) |
/// | 24 | 4 | addr_count, 1 to [`super::MAX_ADDRS`] |
/// | 28 | 4 | since 8: with `proof`, descriptor of the file `/proc/PID/mem` of the process; else zero |
/// | 32 | 32 | name, NUL-padded |
/// | 64 | 8 | out: id of the new association, not 0 |
/// | 72 | 4 | since 2: choice of source, [`SourceChoice`] |
/// | 76 | 4 | since 2: dedicated loopback address in network byte order, in 127.64.0.0/10; zero: the module chooses a free one. Out: the address of the association |
/// | 80 | 12 | since 5, out, with `EBUSY`: the obstacle, [`Obstacle`] |
/// | 92 | 4 | reserved, zero |
/// | 96 | 4 | since 7: address of a network of the host's loopback, [`HostLoopback`]; zero: none |
/// | 100 | 1 | since 7: its length in bits |
/// | 101 | 3 | reserved, zero |
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed, or the process is a kernel thread; nothing
///   changed;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is itself associated. Since 8, a user with a
///   grant needs no capability for a process of its own, on terms that are the default but for
///   `source` and `signal`, without `tree`, and with addresses of the grant. It proves with
///   `proof` that it may trace the process, unless that is the caller's own. Every thread of the
///   process gets `no_new_privs`;
/// * `ESRCH`: no such process;
/// * `EEXIST`: the process is already associated;
/// * `EBUSY`: the process holds a [`super::Bypass`], or there is too much to search;
///   since 5 `obstacle` says which;
/// * `EAGAIN`: a process makes threads faster than can be followed, or the processes
///   of a tree exit and leave children to others of it faster than can be followed;
/// * `ETIMEDOUT`: a thread did not return within ten seconds from a call that it
///   entered before. The process is not associated, but its sockets keep the scope;
/// * `ENOMEM`. After this and after `EBUSY` sockets may keep the scope as well;
/// * `EBADF`: the target is not a pidfd;
/// * `EFAULT`: an address cannot be read or written;
/// * `E2BIG`: the structure is newer than the module;
/// * `ENOTUNIQ`: since 6, an association with tasks, or a defined one, has this name;
/// * `EADDRINUSE`: another association has the loopback address, the host uses it, or
///   none is free;
/// * `ENOSPC`: no ids are left, or the user has as many associations as it may;
/// * `ENODEV`: the module is being unloaded. Every call may return it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignRequest {
    /// Process to associate; [`Target::Association`] and [`Target::All`] are
    /// `EINVAL`.
    pub target: Target,
    /// User-space address of the entries.
    pub addrs: u64,
    /// Number of entries.
    pub addr_count: u32,
    /// Terms of the association. Out: with its loopback address.
    pub terms: Terms,
    /// Associate the descendants of the process as well.
    pub tree: bool,
    /// Reset established connections whose local address is outside the set
    /// (`ECONNABORTED`). Without this they stay, but are unusable.
    pub reset: bool,
    /// A descriptor of the memory of the process, from a caller without `CAP_NET_ADMIN`.
    pub proof: Option<i32>,
    /// Out: the new association's id.
    pub id: u64,
    /// Out, with `EBUSY`: the bypass that prevented the association.
    pub obstacle: Option<Obstacle>,
}

impl AssignRequest {
    /// A request to associate `target`, with the default terms and no address yet.
    #[must_use]
    pub const fn about(target: Target) -> Self {
        Self {
            target,
            addrs: 0,
            addr_count: 0,
            terms: Terms::DEFAULT,
            tree: false,
            reset: false,
            proof: None,
            id: 0,
            obstacle: None,
        }
    }
}

impl Wire for AssignRequest {
    const SIZE: usize = 104;
    const MIN_SIZE: usize = 72;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        let flags = f.u32();
        if flags & !(Terms::FLAGS | TREE | RESET | PROOF) != 0 {
            return Err(WireError::BadField);
        }
        let target = Target::from_parts(kind, f.u64())?;
        let addrs = f.u64();
        let addr_count = f.u32();
        let proof = proof(flags & PROOF != 0, f.u32())?;
        let mut terms = Terms {
            name: Name::from_bytes(f.bytes())?,
            ..Terms::DEFAULT
        };
        terms.set_flags(flags);
        let id = f.u64();
        terms.source = SourceChoice::from_value(f.u32())?;
        terms.loopback = Terms::loopback_from(f.bytes());
        let obstacle = Obstacle::parse(f);
        f.reserved_u32()?;
        terms.host_loopback = HostLoopback::parse(f)?;
        Ok(Self {
            target,
            addrs,
            addr_count,
            terms,
            tree: flags & TREE != 0,
            reset: flags & RESET != 0,
            proof,
            id,
            obstacle,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(
            self.terms.flags()
                | flag(self.tree, TREE)
                | flag(self.reset, RESET)
                | flag(self.proof.is_some(), PROOF),
        );
        out.u64(value);
        out.u64(self.addrs);
        out.u32(self.addr_count);
        out.u32(proof_field(self.proof));
        out.bytes(self.terms.name.as_bytes());
        out.u64(self.id);
        out.u32(self.terms.source as u32);
        out.bytes(&self.terms.loopback_bytes());
        Obstacle::emit(self.obstacle, out);
        out.u32(0);
        HostLoopback::emit(self.terms.host_loopback, out);
    }
}

/// Remove a process (with all its threads, not its children) from its association, or
/// every task from an association, or every task from every association.
///
/// An association that is not defined stays listed until the last of its sockets is closed,
/// and a defined one until it is undefined. Since 3, target kind 4 ends every association;
/// since 6 it undefines all.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid, 3 association; since 3: 4 everything |
/// | 4 | 4 | flags, zero; since 6: bit 0 (1) `unused`, not for a process |
/// | 8 | 8 | target value |
/// | 16 | 8 | out: number of tasks (threads) released |
///
/// # Errors
///
/// As for [`AssignRequest`], and
///
/// * `ENOENT`: the process is not associated, or no association has this id. Releasing
///   everything succeeds even if there is no association;
/// * `EBUSY`: with `unused`, an association that would end has a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// Process or association to release, or everything.
    pub target: Target,
    /// Release nothing if an association that would end has a socket, also in a part of
    /// it: it would outlive the call.
    pub unused: bool,
    /// Out: tasks released.
    pub tasks: u64,
}

const UNUSED: u32 = 1;

impl ReleaseRequest {
    /// A request to release `target`, whatever it has.
    #[must_use]
    pub const fn about(target: Target) -> Self {
        Self {
            target,
            unused: false,
            tasks: 0,
        }
    }
}

impl Wire for ReleaseRequest {
    const SIZE: usize = 24;
    const MIN_SIZE: usize = 24;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        let flags = f.u32();
        let target = Target::from_parts(kind, f.u64())?;
        let unused = flags & UNUSED != 0;
        if flags & !UNUSED != 0 || (unused && target.is_process()) {
            return Err(WireError::BadField);
        }
        let tasks = f.u64();
        Ok(Self {
            target,
            unused,
            tasks,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(flag(self.unused, UNUSED));
        out.u64(value);
        out.u64(self.tasks);
    }
}

/// The version of the interface, and its limits.
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
    /// The largest number of entries of a set.
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
