// SPDX-License-Identifier: GPL-2.0

//! The structures of the control calls about grants: which users may associate their own
//! processes without privilege, and with which addresses.
//!
//! A user with a grant may make the calls [`super::Command::Assign`], [`super::Command::Join`],
//! [`super::Command::Update`], [`super::Command::Release`], [`super::Command::Query`],
//! [`super::Command::List`] and [`super::Command::Grants`] without `CAP_NET_ADMIN`, about its own
//! processes and the associations that it made. Everything else is `EPERM`, whether it exists or
//! not.

use super::wire::{Fields, FieldsMut, Wire, WireError};

/// The flag of calls that show the memory of the process, with which a caller without
/// `CAP_NET_ADMIN` proves that it may trace the process.
pub(super) const PROOF: u32 = 256;

/// The descriptor in a field of 32 bits if `given`; the field must be zero if not.
pub(super) fn proof(given: bool, field: u32) -> Result<Option<i32>, WireError> {
    match (given, i32::try_from(field)) {
        (true, Ok(fd)) => Ok(Some(fd)),
        (false, Ok(0)) => Ok(None),
        _ => Err(WireError::BadField),
    }
}

/// What [`proof`] reads. A negative descriptor is written as a value that no parser accepts.
pub(super) fn proof_field(proof: Option<i32>) -> u32 {
    proof.map_or(0, |fd| fd as u32)
}

/// Grant a user a set, in place of what it was granted before, or take its grant back.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | user id in the initial user namespace, neither 0 nor 4294967295 |
/// | 4 | 4 | addr_count, at most [`super::MAX_ADDRS`]; 0: the grant is taken back |
/// | 8 | 8 | pointer to `addr_count` entries of 24 bytes ([`super::AddrEntry`]) |
///
/// Associations that the user made stay as they are: without the grant, or outside it, they get
/// no further processes, and their sets do not change.
///
/// # Errors
///
/// Nothing changed:
///
/// * `EINVAL`: the structure is malformed;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `ENOENT`: the user has no grant that could be taken back;
/// * `ENOSPC`: [`super::MAX_GRANTS`] users have one;
/// * `EFAULT`, `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module;
/// * `ENODEV`: the module is being unloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantRequest {
    /// The user.
    pub uid: u32,
    /// Number of entries.
    pub addr_count: u32,
    /// User-space address of the entries.
    pub addrs: u64,
}

impl Wire for GrantRequest {
    const SIZE: usize = 16;
    const MIN_SIZE: usize = 16;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            uid: f.u32(),
            addr_count: f.u32(),
            addrs: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(self.uid);
        out.u32(self.addr_count);
        out.u64(self.addrs);
    }
}

/// Tell the grant of the user with the lowest id from a number on.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | the number, 0 for the first; out: user id |
/// | 4 | 4 | number of entries that fit at the pointer |
/// | 8 | 8 | pointer to room for entries of 24 bytes |
/// | 16 | 4 | out: entries in the grant; may exceed the room, then only what fits is written. 0: there is no such grant |
/// | 20 | 4 | out: associations that the user made and that are there |
///
/// A user without `CAP_NET_ADMIN` is told its own grant, as if there were no other.
///
/// # Errors
///
/// `EINVAL`, `EFAULT`, `ENOMEM`, `E2BIG` and `ENODEV` as for [`GrantRequest`]; `EPERM`: the
/// caller has neither `CAP_NET_ADMIN` nor a grant, or is associated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantQuery {
    /// The lowest user id that counts. Out: that of the grant.
    pub uid: u32,
    /// Number of entries that fit.
    pub addr_room: u32,
    /// User-space address of the room for entries.
    pub addrs: u64,
    /// Out: entries in the grant.
    pub addr_count: u32,
    /// Out: associations.
    pub associations: u32,
}

impl Wire for GrantQuery {
    const SIZE: usize = 24;
    const MIN_SIZE: usize = 24;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            uid: f.u32(),
            addr_room: f.u32(),
            addrs: f.u64(),
            addr_count: f.u32(),
            associations: f.u32(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(self.uid);
        out.u32(self.addr_room);
        out.u64(self.addrs);
        out.u32(self.addr_count);
        out.u32(self.associations);
    }
}
