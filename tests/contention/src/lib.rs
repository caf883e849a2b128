// SPDX-License-Identifier: GPL-2.0

//! The module's hot operations on a host, with the words that they share: which words each
//! reads and writes, in which cache lines, and who else has them. `docs/contention.md` has
//! the result.
//!
//! The steps of a fork and of finding a member are those of `src/protocol`, the very code.
//! Beneath them are counterparts of kernel code. Each file names the code it stands for, and
//! has the same words in the same lines, written in the same order. What is not shared is
//! left out: memory is taken from a list of the thread's own, and a pointer is an index.
//!
//! Everything is made of [`word::Word`], so nothing reads or writes a shared word unnoticed.

pub mod association;
pub mod fork;
pub mod gate;
pub mod grace;
pub mod known;
pub mod layout;
pub mod machine;
pub mod meter;
pub mod operation;
pub mod report;
pub mod roll;
pub mod set;
pub mod socket;
pub mod table;
pub mod word;
