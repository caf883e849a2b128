// SPDX-License-Identifier: GPL-2.0

//! Narrowing: an associated process reduces its own set. It needs neither the device
//! nor a capability.
//!
//! The process calls `lsm_set_self_attr(2)` with attribute [`LSM_ATTR_CURRENT`] and a
//! `struct lsm_ctx` whose `id` is [`LSM_ID_ADDRCONF`] and whose `ctx` is a
//! [`NarrowHeader`] followed by its entries ([`super::AddrEntry`]). All threads of
//! the process move to a new association that has these entries. The whole structure
//! is at most one page.
//!
//! Without `CAP_SYS_ADMIN` in its user namespace, the process has `no_new_privs` afterwards; also when
//! the call fails because memory, ids or parts run out or the association ends meanwhile.
//!
//! # Errors
//!
//! * `EINVAL`: the structure is malformed, or has a flag that this version does not know;
//! * `EPERM`: an entry is not within the present set;
//! * `ENOENT`: the process is not associated;
//! * `EAGAIN`: it is being moved to another association: try again;
//! * `EOPNOTSUPP`: no module is loaded, or the attribute is another one;
//! * `ENODEV`: the module is being unloaded;
//! * `ENOSPC`: no ids are left, the association and its parts have as many parts as
//!   they may, or the process has narrowed itself as often as it may;
//! * `ENOMEM`.

use super::terms::Name;
use super::wire::{flag, Fields, FieldsMut, Wire, WireError};

/// Id of the LSM (`include/uapi/linux/lsm.h` of the patched kernel).
pub const LSM_ID_ADDRCONF: u64 = 114;

/// `LSM_ATTR_CURRENT` of `include/uapi/linux/lsm.h`.
pub const LSM_ATTR_CURRENT: u32 = 100;

/// The header before the entries of a narrowed set.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | number of entries that follow, at least 1 |
/// | 4 | 4 | flags: bit 0, since version 8, `keep_loopback`; the others are zero |
/// | 8 | 32 | name, NUL-padded |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NarrowHeader {
    /// Number of entries that follow.
    pub addr_count: u32,
    /// The new association uses the private loopback of the present one, instead of one of its
    /// own.
    pub keep_loopback: bool,
    /// Name of the new association, or the empty name.
    pub name: Name,
}

impl NarrowHeader {
    const KEEP_LOOPBACK: u32 = 1;
}

impl Wire for NarrowHeader {
    const SIZE: usize = 40;
    const MIN_SIZE: usize = 40;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let addr_count = f.u32();
        let keep_loopback = match f.u32() {
            0 => false,
            Self::KEEP_LOOPBACK => true,
            // Who asks for what this version does not know must not get less unnoticed.
            _ => return Err(WireError::BadField),
        };
        let name = Name::from_bytes(f.bytes())?;
        Ok(Self {
            addr_count,
            keep_loopback,
            name,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(self.addr_count);
        out.u32(flag(self.keep_loopback, Self::KEEP_LOOPBACK));
        out.bytes(self.name.as_bytes());
    }
}
