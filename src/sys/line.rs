// SPDX-License-Identifier: GPL-2.0

//! The cache line: what one processor takes from another to write a word of it. A word that is
//! often read is slow if another processor often writes to its line.

/// Its size in bytes. `kmalloc()` puts what is as large as a line, or a multiple of it, at the
/// beginning of one.
pub(crate) const CACHE_LINE: usize = 64;
