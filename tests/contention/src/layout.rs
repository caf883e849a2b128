// SPDX-License-Identifier: GPL-2.0

//! Where things are in memory.

use std::ops::Range;
use std::ptr;

/// The addresses that a thing takes.
pub fn place<T>(thing: &T) -> Range<usize> {
    let first = ptr::from_ref(thing).addr();
    first..first + size_of::<T>()
}

/// Those that a slice takes.
pub fn places<T>(things: &[T]) -> Range<usize> {
    let first = things.as_ptr().addr();
    first..first + size_of_val(things)
}
