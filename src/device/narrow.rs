// SPDX-License-Identifier: GPL-2.0

//! A process narrows its own set. Format and errors: `src/abi/narrow.rs`.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::abi::{AddrEntry, NarrowHeader, Wire, LSM_ATTR_CURRENT, MAX_ADDRS};
use crate::sys::gate::AttributeHooks;
use crate::table::{self, AddressSet};

use super::entries::prefix;
use super::user::errno;

/// The attribute that is the set of the running task.
pub(crate) enum Narrowing {}

impl AttributeHooks for Narrowing {
    fn set_self(attribute: u32, content: &[u8]) -> Result {
        if attribute != LSM_ATTR_CURRENT {
            return Err(EOPNOTSUPP);
        }
        let (header, rest) = content.split_at_checked(NarrowHeader::SIZE).ok_or(EINVAL)?;
        let header = NarrowHeader::decode(header).map_err(errno)?;
        let count = usize::try_from(header.addr_count)?;
        if header.addr_count == 0
            || header.addr_count > MAX_ADDRS
            || Some(rest.len()) != count.checked_mul(AddrEntry::SIZE)
        {
            return Err(EINVAL);
        }
        let mut entries = KVec::with_capacity(count, GFP_KERNEL_ACCOUNT)?;
        for bytes in rest.chunks_exact(AddrEntry::SIZE) {
            let entry = AddrEntry::decode(bytes).map_err(errno)?;
            entries.push(prefix(&entry)?, GFP_KERNEL_ACCOUNT)?;
        }
        let table = table::get().ok_or(ENODEV)?;
        let set = AddressSet::of_entries(entries)?;
        table.narrow(header.name, set, header.keep_loopback)
    }
}
