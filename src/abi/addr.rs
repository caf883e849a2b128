// SPDX-License-Identifier: GPL-2.0

//! One address or prefix of an address set, as it crosses the boundary.

use super::wire::{Fields, FieldsMut, Wire, WireError};

/// Address family of an [`AddrEntry`], with the values of Linux's `AF_INET`
/// and `AF_INET6` (`include/linux/socket.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Family {
    /// IPv4: the first 4 bytes of the address count, the other 12 are zero.
    V4 = 2,
    /// IPv6: all 16 bytes of the address count.
    V6 = 10,
}

/// One address (`/32`, `/128`) or prefix of a set.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 2 | family: 2 (`AF_INET`) or 10 (`AF_INET6`) |
/// | 2 | 1 | prefix length in bits: 0 to 32 or 0 to 128 |
/// | 3 | 1 | reserved, zero |
/// | 4 | 4 | reserved, zero |
/// | 8 | 16 | address in network byte order; IPv4 in the first four bytes, the rest zero |
///
/// Order matters in one way: the first host address of a family is the
/// family's primary address. Whether the address makes sense in a set is the
/// policy layer's to say; here only the form is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddrEntry {
    /// Address family.
    pub family: Family,
    /// Prefix length in bits, at most 32 or 128.
    pub prefix_len: u8,
    /// Address in network byte order.
    pub addr: [u8; 16],
}

impl Wire for AddrEntry {
    const SIZE: usize = 24;
    const MIN_SIZE: usize = 24;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let family = match f.u16() {
            2 => Family::V4,
            10 => Family::V6,
            _ => return Err(WireError::BadField),
        };
        let prefix_len = f.u8();
        let reserved = f.u8();
        f.reserved_u32()?;
        let addr: [u8; 16] = f.bytes();
        let (bits, used) = match family {
            Family::V4 => (32, 4),
            Family::V6 => (128, 16),
        };
        if reserved != 0 || prefix_len > bits || addr[used..].iter().any(|&b| b != 0) {
            return Err(WireError::BadField);
        }
        Ok(Self {
            family,
            prefix_len,
            addr,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u16(self.family as u16);
        out.u8(self.prefix_len);
        out.u8(0);
        out.u32(0);
        out.bytes(&self.addr);
    }
}
