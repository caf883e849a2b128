// SPDX-License-Identifier: GPL-2.0

//! Reading and writing structures as bytes, with the rules for older and newer
//! callers. Never sleeps, never allocates.

use core::net::{IpAddr, Ipv6Addr};

/// The longest structure that this interface will ever carry, in bytes. A longer one
/// is refused unread.
pub const MAX_STRUCT: usize = 256;

/// Why a structure could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// Shorter than the first version of the structure: `EINVAL`.
    TooShort,
    /// Longer than this side knows, and the unknown part is not zero: `E2BIG`.
    TooLong,
    /// A field holds a value without a meaning: `EINVAL`.
    BadField,
}

/// A structure that can cross the boundary.
pub trait Wire: Sized {
    /// Bytes in the newest version known here, at most [`MAX_STRUCT`].
    const SIZE: usize;
    /// Bytes in the first published version.
    const MIN_SIZE: usize;

    /// Reads the structure from exactly [`Wire::SIZE`] bytes.
    ///
    /// # Errors
    ///
    /// [`WireError::BadField`] for values without a meaning.
    fn parse(fields: &mut Fields<'_>) -> Result<Self, WireError>;

    /// Writes the structure to exactly [`Wire::SIZE`] bytes.
    fn emit(&self, out: &mut FieldsMut<'_>);

    /// Reads the structure from the bytes of a caller, of whatever length.
    ///
    /// # Errors
    ///
    /// [`WireError::TooShort`] below [`Wire::MIN_SIZE`], [`WireError::TooLong`] above
    /// [`MAX_STRUCT`] or when an unknown byte is not zero, [`WireError::BadField`]
    /// for values without a meaning.
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() < Self::MIN_SIZE {
            return Err(WireError::TooShort);
        }
        if bytes.len() > MAX_STRUCT {
            return Err(WireError::TooLong);
        }
        let known = bytes.len().min(Self::SIZE);
        if bytes[known..].iter().any(|&b| b != 0) {
            return Err(WireError::TooLong);
        }
        let mut padded = [0; MAX_STRUCT];
        padded[..known].copy_from_slice(&bytes[..known]);
        Self::parse(&mut Fields(&padded[..Self::SIZE]))
    }

    /// Writes the structure into `buf` and returns the bytes used.
    fn encode<'a>(&self, buf: &'a mut [u8; MAX_STRUCT]) -> &'a mut [u8] {
        let out = &mut buf[..Self::SIZE];
        out.fill(0);
        self.emit(&mut FieldsMut { bytes: out, at: 0 });
        out
    }
}

/// Reads the fields of a structure from its front, in order.
///
/// Reading past the end yields zeroes, so the kernel needs no path that panics. It
/// does not happen in practice: the tests of each structure compare [`Wire::SIZE`]
/// with its fields.
pub struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        if let Some((head, rest)) = self.0.split_at_checked(N) {
            out.copy_from_slice(head);
            self.0 = rest;
        }
        out
    }

    /// The next byte.
    pub fn u8(&mut self) -> u8 {
        let [b] = self.bytes();
        b
    }

    /// The next 16 bits.
    pub fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.bytes())
    }

    /// The next 32 bits.
    pub fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.bytes())
    }

    /// The next 64 bits.
    pub fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.bytes())
    }

    /// An address in the next 16 bytes, IPv4-mapped if it is IPv4.
    pub fn ip(&mut self) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from(self.bytes::<16>())).to_canonical()
    }

    /// A 32-bit field that must be zero in this version.
    ///
    /// # Errors
    ///
    /// [`WireError::BadField`] when it is not.
    pub fn reserved_u32(&mut self) -> Result<(), WireError> {
        match self.u32() {
            0 => Ok(()),
            _ => Err(WireError::BadField),
        }
    }
}

/// `bit` of a word of flags if it is `set`, else no bit.
pub(super) const fn flag(set: bool, bit: u32) -> u32 {
    if set {
        bit
    } else {
        0
    }
}

/// Writes the fields of a structure from its front, in order.
pub struct FieldsMut<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl FieldsMut<'_> {
    /// Writes `value` next.
    pub fn bytes(&mut self, value: &[u8]) {
        let end = self.at + value.len();
        if let Some(out) = self.bytes.get_mut(self.at..end) {
            out.copy_from_slice(value);
        }
        self.at = end;
    }

    /// Writes 8 bits next.
    pub fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    /// Writes 16 bits next.
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_ne_bytes());
    }

    /// Writes 32 bits next.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_ne_bytes());
    }

    /// Writes 64 bits next.
    pub fn u64(&mut self, value: u64) {
        self.bytes(&value.to_ne_bytes());
    }

    /// Writes an address in the next 16 bytes, IPv4-mapped if it is IPv4; zeroes for `None`.
    pub fn ip(&mut self, addr: Option<IpAddr>) {
        let addr = match addr {
            None => Ipv6Addr::UNSPECIFIED,
            Some(IpAddr::V4(addr)) => addr.to_ipv6_mapped(),
            Some(IpAddr::V6(addr)) => addr,
        };
        self.bytes(&addr.octets());
    }
}
