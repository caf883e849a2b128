// SPDX-License-Identifier: GPL-2.0

//! Structures and arrays in user memory.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::uaccess::{UserPtr, UserSlice};

use crate::abi::{Wire, WireError, MAX_STRUCT};

/// The structure to which the argument of an ioctl points.
#[derive(Clone, Copy)]
pub(super) struct Argument {
    ptr: UserPtr,
    len: usize,
}

impl Argument {
    /// A structure of `len` bytes at `ptr`.
    pub(super) fn new(ptr: UserPtr, len: usize) -> Self {
        Self { ptr, len }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// `EINVAL` when it is malformed, `E2BIG` when it has fields that this module does not know,
    /// `EFAULT` when it cannot be read.
    pub(super) fn read<T: Wire>(self) -> Result<T> {
        if self.len > MAX_STRUCT {
            return Err(E2BIG);
        }
        let mut bytes = [0; MAX_STRUCT];
        let bytes = &mut bytes[..self.len];
        UserSlice::new(self.ptr, self.len)
            .reader()
            .read_slice(bytes)?;
        T::decode(bytes).map_err(errno)
    }

    /// Writes it, up to the size that the caller knows. `EFAULT` when it cannot be written.
    pub(super) fn write<T: Wire>(self, value: &T) -> Result {
        let mut bytes = [0; MAX_STRUCT];
        let bytes = value.encode(&mut bytes);
        let len = self.len.min(bytes.len());
        UserSlice::new(self.ptr, len)
            .writer()
            .write_slice(&bytes[..len])
    }
}

/// Reads `count` elements from the address `from`. `EINVAL`, `E2BIG` and `EFAULT` as for
/// [`Argument::read`], `ENOMEM`.
pub(super) fn read_array<T: Wire>(from: u64, count: u32) -> Result<KVec<T>> {
    let count = usize::try_from(count)?;
    let mut values = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut reader = slice(from, T::SIZE, count)?.reader();
    let mut bytes = [0; MAX_STRUCT];
    for _ in 0..count {
        let element = &mut bytes[..T::SIZE];
        reader.read_slice(element)?;
        values.push(T::decode(element).map_err(errno)?, GFP_KERNEL)?;
    }
    Ok(values)
}

/// Reads `len` bytes from the address `from`. `EFAULT`, `ENOMEM`.
pub(super) fn read_bytes(from: u64, len: u32) -> Result<KVVec<u8>> {
    let mut bytes = KVVec::from_elem(0, len.try_into()?, GFP_KERNEL)?;
    slice(from, 1, bytes.len())?
        .reader()
        .read_slice(&mut bytes)?;
    Ok(bytes)
}

/// Writes bytes to the address `to`. `EFAULT`.
pub(super) fn write_bytes(to: u64, bytes: &[u8]) -> Result {
    slice(to, 1, bytes.len())?.writer().write_slice(bytes)
}

/// Writes elements of `size` bytes each to the address `to`. `EFAULT` when that cannot be written.
pub(super) fn write_array<B: AsRef<[u8]>>(
    to: u64,
    size: usize,
    elements: impl ExactSizeIterator<Item = B>,
) -> Result {
    let mut writer = slice(to, size, elements.len())?.writer();
    for element in elements {
        writer.write_slice(element.as_ref())?;
    }
    Ok(())
}

/// Writes as many of `all` as fit in `room`, of `size` bytes each, to the address `to`. Returns how
/// many there are. `EFAULT` when they cannot be written.
pub(super) fn write_what_fits<T, B: AsRef<[u8]>>(
    to: u64,
    room: u32,
    size: usize,
    all: &[T],
    bytes_of: impl Fn(&T) -> B,
) -> Result<u32> {
    let fits = all.len().min(room.try_into()?);
    write_array(to, size, all[..fits].iter().map(bytes_of))?;
    Ok(all.len().try_into()?)
}

fn slice(at: u64, size: usize, count: usize) -> Result<UserSlice> {
    let len = size.checked_mul(count).ok_or(EINVAL)?;
    Ok(UserSlice::new(UserPtr::from_addr(at.try_into()?), len))
}

/// The error that the caller sees for a structure that cannot be parsed.
pub(super) fn errno(error: WireError) -> Error {
    match error {
        WireError::TooLong => E2BIG,
        WireError::TooShort | WireError::BadField => EINVAL,
    }
}
