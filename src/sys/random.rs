// SPDX-License-Identifier: GPL-2.0

//! Random numbers.
//!
//! C header: `include/linux/random.h`

use core::num::NonZero;

use super::raw;

/// A random number from 0 up to `ceiling`, exclusive. Any context.
pub(crate) fn below(ceiling: NonZero<u32>) -> u32 {
    // SAFETY: The ceiling is not 0.
    unsafe { raw::acf_helper_random_below(ceiling.get()) }
}
