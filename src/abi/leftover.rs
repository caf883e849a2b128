// SPDX-License-Identifier: GPL-2.0

//! Connections on an address that left an association's set.

use super::addr::AddrEntry;
use super::wire::{Fields, FieldsMut, Wire, WireError};

/// An address that left a set, and what is still held on it.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 24 | the address, as an [`AddrEntry`] of one host |
/// | 24 | 8 | how many TCP connections the association has there |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftoverEntry {
    /// The address.
    pub addr: AddrEntry,
    /// Connections on it.
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
