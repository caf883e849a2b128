// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association while its tasks run.

use super::target::{Target, RESET};
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// How the set changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Change {
    /// Adds the entries. `EEXIST` when one is in the set already.
    Add = 1,
    /// Removes the entries, which must be spelled as they were given. `ENOENT` when
    /// one is not in the set, `EINVAL` when none would be left.
    Remove = 2,
    /// Replaces the set by the entries.
    Replace = 3,
}

/// Change the set of an association. Wildcard sockets serve the new set at once. A
/// reader sees either the old set or the new one.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind: 1 pidfd, 2 pid, 3 association |
/// | 4 | 4 | flags: bit 2 (4), reset established connections on addresses that are no longer in the set |
/// | 8 | 8 | target value |
/// | 16 | 8 | pointer to `addr_count` entries of 24 bytes |
/// | 24 | 4 | addr_count, 1 to [`super::MAX_ADDRS`] |
/// | 28 | 4 | change: 1 add, 2 remove, 3 replace |
/// | 32 | 8 | out: connections reset |
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed, or the set would have no entry;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `ESRCH`: no such process;
/// * `EBADF`: the target is not a pidfd;
/// * `ENOENT`: the process is not associated, no association has this id, or an entry
///   to remove is not in the set;
/// * `EEXIST`: an entry to add is in the set already;
/// * `E2BIG`: the structure is newer than the module, or the set would have more than
///   [`super::MAX_ADDRS`] entries;
/// * `EFAULT`: an address cannot be read or written;
/// * `ENOMEM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Process or association.
    pub target: Target,
    /// Reset established connections on addresses that leave the set.
    pub reset: bool,
    /// User-space address of the entries.
    pub addrs: u64,
    /// Number of entries.
    pub addr_count: u32,
    /// How the set changes.
    pub change: Change,
    /// Out: connections reset.
    pub resets: u64,
}

impl Wire for UpdateRequest {
    const SIZE: usize = 40;
    const MIN_SIZE: usize = 40;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        let flags = f.u32();
        if flags & !RESET != 0 {
            return Err(WireError::BadField);
        }
        Ok(Self {
            target: Target::from_parts(kind, f.u64())?,
            reset: flags & RESET != 0,
            addrs: f.u64(),
            addr_count: f.u32(),
            change: match f.u32() {
                1 => Change::Add,
                2 => Change::Remove,
                3 => Change::Replace,
                _ => return Err(WireError::BadField),
            },
            resets: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(flag(self.reset, RESET));
        out.u64(value);
        out.u64(self.addrs);
        out.u32(self.addr_count);
        out.u32(self.change as u32);
        out.u64(self.resets);
    }
}
