// SPDX-License-Identifier: GPL-2.0

//! Random numbers.
//!
//! C header: `include/linux/random.h`

use core::num::NonZero;

use super::raw;

/// A random number from 0 to `ceiling`, exclusive. Context: any.
pub(crate) fn below(ceiling: NonZero<u32>) -> u32 {
    // SAFETY: get_random_u32_below() requires a ceiling above 0, which `NonZero` is.
    unsafe { raw::acf_helper_random_below(ceiling.get()) }
}
