// SPDX-License-Identifier: GPL-2.0

//! Leftovers: connections on an address that left an association's set.

use super::addr::AddrEntry;
use super::wire::{Fields, FieldsMut, Wire, WireError};

/// An address that left a set, and how many connections are still on it.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 24 | the address, as an [`AddrEntry`] of one host |
/// | 24 | 8 | number of the association's TCP connections on it |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftoverEntry {
    /// The address.
    pub addr: AddrEntry,
    /// Number of connections on it.
    pub connections: u64,
}

impl Wire for LeftoverEntry {
    const SIZE: usize = AddrEntry::SIZE + 8;
    const MIN_SIZE: usize = Self::SIZE;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            addr: AddrEntry::parse(f)?,
            connections: f.u64(),
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        self.addr.emit(out);
        out.u64(self.connections);
    }
}
