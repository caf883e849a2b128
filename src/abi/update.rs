// SPDX-License-Identifier: GPL-2.0

//! Changing the set of an association whose tasks run.

use super::request::Target;
use super::wire::{Fields, FieldsMut, Wire, WireError};

/// What becomes of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Change {
    /// The entries are added. One that is there already is `EEXIST`.
    Add = 1,
    /// The entries are taken away, each as it was given. One that is not there
    /// is `ENOENT`; taking the last is `EINVAL`.
    Remove = 2,
    /// The entries become the set.
    Replace = 3,
}

/// Change the set of an association. Wildcard sockets serve the new set at
/// once. Atomic for everybody who looks.
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
/// Errors: `EINVAL`, `EPERM`, `ESRCH`, `EBADF`, `ENOENT`, `EEXIST`, `E2BIG`
/// (also: the set would have more than [`super::MAX_ADDRS`] entries),
/// `EFAULT`, `ENOMEM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Process or association.
    pub target: Target,
    /// Reset established connections on addresses that go.
    pub reset: bool,
    /// User-space address of the entries.
    pub addrs: u64,
    /// Number of entries.
    pub addr_count: u32,
    /// What becomes of the set.
    pub change: Change,
    /// Out: connections reset.
    pub resets: u64,
}

const RESET: u32 = 4;

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
        out.u32(if self.reset { RESET } else { 0 });
        out.u64(value);
        out.u64(self.addrs);
        out.u32(self.addr_count);
        out.u32(self.change as u32);
        out.u64(self.resets);
    }
}
