// SPDX-License-Identifier: GPL-2.0

//! How often something was refused.

use super::refusal::Operation;
use super::target::Target;
use super::wire::{Fields, FieldsMut, Wire, WireError};

/// Numbers that [`CountsRequest`] has room for.
const ROOM: usize = 16;

/// How often calls and packets of an association were refused, since it was made.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind, as in [`super::QueryRequest`] |
/// | 4 | 4 | flags, zero |
/// | 8 | 8 | target value |
/// | 16 | 8 | out: id |
/// | 24 | 8 | out: refused events that were held back from readers |
/// | 32 | 128 | out: a number of 8 bytes for each [`Operation`], in their order; the rest is reserved |
///
/// The numbers are exact. They are read one after the other, while more may be refused.
///
/// # Errors
///
/// As for [`super::QueryRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountsRequest {
    /// The process or association to describe.
    pub target: Target,
    /// Out: id.
    pub id: u64,
    /// Out: events that were held back.
    pub held_back: u64,
    /// Out: how often each operation was refused, in the order of [`Operation::ALL`].
    pub refused: [u64; Operation::ALL.len()],
}

impl CountsRequest {
    /// A question about `target`.
    #[must_use]
    pub const fn about(target: Target) -> Self {
        Self {
            target,
            id: 0,
            held_back: 0,
            refused: [0; Operation::ALL.len()],
        }
    }
}

impl Wire for CountsRequest {
    const SIZE: usize = 32 + 8 * ROOM;
    const MIN_SIZE: usize = Self::SIZE;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        f.reserved_u32()?;
        let mut counts = Self::about(Target::from_parts(kind, f.u64())?);
        counts.id = f.u64();
        counts.held_back = f.u64();
        for number in &mut counts.refused {
            *number = f.u64();
        }
        Ok(counts)
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(0);
        out.u64(value);
        out.u64(self.id);
        out.u64(self.held_back);
        for number in self.refused {
            out.u64(number);
        }
    }
}
