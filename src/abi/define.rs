// SPDX-License-Identifier: GPL-2.0

//! The structures of the control calls about associations that have a name: define,
//! undefine, find, and join.

use super::bypass::Obstacle;
use super::grants::{proof, proof_field, PROOF};
use super::target::{Target, MOVE, RESET, TREE};
use super::terms::{HostLoopback, Name, SourceChoice, Terms};
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// Define an association: one that is there without tasks, until it is undefined.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | pointer to `addr_count` entries of 24 bytes ([`super::AddrEntry`]) |
/// | 8 | 4 | addr_count, 1 to [`super::MAX_ADDRS`] |
/// | 12 | 4 | flags: those of [`Terms`] |
/// | 16 | 32 | name, NUL-padded, not empty |
/// | 48 | 4 | choice of source, [`SourceChoice`] |
/// | 52 | 4 | dedicated loopback address in network byte order, as in [`super::AssignRequest`]. Out: the address of the association |
/// | 56 | 8 | out: id of the new association, not 0 |
/// | 64 | 4 | since 7: address of a network of the host's loopback, [`HostLoopback`]; zero: none |
/// | 68 | 1 | since 7: its length in bits |
/// | 69 | 3 | reserved, zero |
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `ENOTUNIQ`: an association with tasks, or a defined one, has this name;
/// * `EFAULT`: an address cannot be read or written;
/// * `EADDRINUSE`: another association has the loopback address, the host uses it, or
///   none is free;
/// * `ENOSPC`: no ids are left;
/// * `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module;
/// * `ENODEV`: the module is being unloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefineRequest {
    /// User-space address of the entries.
    pub addrs: u64,
    /// Number of entries.
    pub addr_count: u32,
    /// Terms of the association, with its name. Out: with its loopback address.
    pub terms: Terms,
    /// Out: the new association's id.
    pub id: u64,
}

impl Wire for DefineRequest {
    const SIZE: usize = 72;
    const MIN_SIZE: usize = 64;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let addrs = f.u64();
        let addr_count = f.u32();
        let flags = f.u32();
        if flags & !Terms::FLAGS != 0 {
            return Err(WireError::BadField);
        }
        let mut terms = Terms {
            name: named(f)?,
            source: SourceChoice::from_value(f.u32())?,
            loopback: Terms::loopback_from(f.bytes()),
            ..Terms::DEFAULT
        };
        terms.set_flags(flags);
        let id = f.u64();
        terms.host_loopback = HostLoopback::parse(f)?;
        Ok(Self {
            addrs,
            addr_count,
            terms,
            id,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.addrs);
        out.u32(self.addr_count);
        out.u32(self.terms.flags());
        out.bytes(self.terms.name.as_bytes());
        out.u32(self.terms.source as u32);
        out.bytes(&self.terms.loopback_bytes());
        out.u64(self.id);
        HostLoopback::emit(self.terms.host_loopback, out);
    }
}

/// Undefine an association: it ends with its last task and socket, as one that was not
/// defined.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 8 | id of the association |
/// | 8 | 8 | out: tasks that it still has |
///
/// # Errors
///
/// As for [`DefineRequest`], and
///
/// * `ENOENT`: no association has this id;
/// * `EALREADY`: it is not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UndefineRequest {
    /// Id of the association.
    pub id: u64,
    /// Out: its tasks.
    pub tasks: u64,
}

impl Wire for UndefineRequest {
    const SIZE: usize = 16;
    const MIN_SIZE: usize = 16;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            id: f.u64(),
            tasks: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u64(self.id);
        out.u64(self.tasks);
    }
}

/// Find the association with a name. Parts have names that are not looked up: their
/// processes choose them.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 32 | name, NUL-padded, not empty |
/// | 32 | 8 | out: id of the association |
///
/// # Errors
///
/// `EINVAL`, `EPERM`, `EFAULT`, `E2BIG` and `ENODEV` as for [`DefineRequest`];
/// `ENOENT`: no association has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindRequest {
    /// The name.
    pub name: Name,
    /// Out: the id.
    pub id: u64,
}

impl Wire for FindRequest {
    const SIZE: usize = 40;
    const MIN_SIZE: usize = 40;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            name: named(f)?,
            id: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.bytes(self.name.as_bytes());
        out.u64(self.id);
    }
}

/// Put a process with all its threads into an association that is there, from none or, with
/// `move`, from another one. All or nothing. A task that is moved is in one of the two at every
/// moment. Its sockets stay with the one that it leaves, and cannot be used any more.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid |
/// | 4 | 4 | flags: bit 1 (2) `tree`, bit 2 (4) `reset`, as in [`super::AssignRequest`]; since 8: bit 3 (8) `move`, bit 8 (256) `proof` |
/// | 8 | 8 | target value |
/// | 16 | 8 | id of the association, which is not a part of another |
/// | 24 | 12 | out, with `EBUSY`: the obstacle, [`Obstacle`] |
/// | 36 | 4 | since 8: with `proof`, descriptor of the file `/proc/PID/mem` of the process; else zero |
///
/// # Errors
///
/// As for [`super::AssignRequest`], and
///
/// * `ENOENT`: no association has this id, or it was released meanwhile;
/// * `EINVAL`: it is a part of another;
/// * `ERESTARTNOINTR`: a signal came while another process was joining it. The kernel makes the
///   call again;
/// * `ENOENT`, with `move`: a task is in no association;
/// * `EEXIST`, with `move`: the process is in the association already, or a task is in neither that
///   nor the association of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Process to associate; only [`Target::PidFd`] and [`Target::Pid`].
    pub target: Target,
    /// Associate the descendants of the process as well.
    pub tree: bool,
    /// Reset established connections whose local address is outside the set.
    pub reset: bool,
    /// Move it from the association where it is.
    pub moves: bool,
    /// A descriptor of the memory of the process, from a caller without `CAP_NET_ADMIN`.
    pub proof: Option<i32>,
    /// Id of the association.
    pub id: u64,
    /// Out, with `EBUSY`: the bypass that prevented it.
    pub obstacle: Option<Obstacle>,
}

impl JoinRequest {
    /// Asks to put a process into the association with this id, from none.
    #[must_use]
    pub const fn about(target: Target, id: u64) -> Self {
        Self {
            target,
            tree: false,
            reset: false,
            moves: false,
            proof: None,
            id,
            obstacle: None,
        }
    }
}

impl Wire for JoinRequest {
    const SIZE: usize = 40;
    const MIN_SIZE: usize = 40;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        let flags = f.u32();
        let target = Target::from_parts(kind, f.u64())?;
        if flags & !(TREE | RESET | MOVE | PROOF) != 0 || !target.is_process() {
            return Err(WireError::BadField);
        }
        let id = f.u64();
        let obstacle = Obstacle::parse(f);
        let proof = proof(flags & PROOF != 0, f.u32())?;
        Ok(Self {
            target,
            tree: flags & TREE != 0,
            reset: flags & RESET != 0,
            moves: flags & MOVE != 0,
            proof,
            id,
            obstacle,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        let proof = flag(self.proof.is_some(), PROOF);
        let moves = flag(self.moves, MOVE);
        out.u32(flag(self.tree, TREE) | flag(self.reset, RESET) | moves | proof);
        out.u64(value);
        out.u64(self.id);
        Obstacle::emit(self.obstacle, out);
        out.u32(proof_field(self.proof));
    }
}

/// A name that is not empty.
fn named(f: &mut Fields<'_>) -> Result<Name, WireError> {
    match Name::from_bytes(f.bytes())? {
        name if name.is_empty() => Err(WireError::BadField),
        name => Ok(name),
    }
}
