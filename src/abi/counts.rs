// SPDX-License-Identifier: GPL-2.0

//! How often something was refused, and how much was sent and received.

use super::refusal::Operation;
use super::target::Target;
use super::wire::{Fields, FieldsMut, Wire, WireError};

/// Numbers that [`CountsRequest`] has room for.
const ROOM: usize = 16;

/// How often calls and packets of an association were refused since it was made, and its traffic
/// while that was counted ([`TrafficRequest`]).
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | target kind, as in [`super::QueryRequest`] |
/// | 4 | 4 | flags, zero |
/// | 8 | 8 | target value |
/// | 16 | 8 | out: id |
/// | 24 | 8 | out: refused events that were held back from readers |
/// | 32 | 128 | out: a number of 8 bytes for each [`Operation`], in their order; the rest is reserved |
/// | 160 | 8 | since 10, out: packets that its sockets received |
/// | 168 | 8 | since 10, out: bytes of these |
/// | 176 | 8 | since 10, out: packets that its sockets sent |
/// | 184 | 8 | since 10, out: bytes of these |
///
/// The numbers of refusals are exact. They are read one after the other, while more may be refused.
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
    /// Out: what its sockets received.
    pub received: Traffic,
    /// Out: what its sockets sent.
    pub sent: Traffic,
}

/// IP packets of sockets, also those that stay on the machine, as they are on the wire: where the stack
/// or the network card splits a packet into segments, or has put it together, these count; fragments
/// of IP do not. What a filter or a full buffer drops later counts, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
}

impl Traffic {
    /// Nothing.
    pub const NONE: Self = Self {
        packets: 0,
        bytes: 0,
    };

    fn parse(f: &mut Fields<'_>) -> Self {
        Self {
            packets: f.u64(),
            bytes: f.u64(),
        }
    }

    fn emit(self, out: &mut FieldsMut<'_>) {
        out.u64(self.packets);
        out.u64(self.bytes);
    }
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
            received: Traffic::NONE,
            sent: Traffic::NONE,
        }
    }
}

impl Wire for CountsRequest {
    const SIZE: usize = 32 + 8 * ROOM + 32;
    const MIN_SIZE: usize = 32 + 8 * ROOM;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let kind = f.u32();
        f.reserved_u32()?;
        let mut counts = Self::about(Target::from_parts(kind, f.u64())?);
        counts.id = f.u64();
        counts.held_back = f.u64();
        let mut numbers = [0; ROOM];
        for number in &mut numbers {
            *number = f.u64();
        }
        counts
            .refused
            .copy_from_slice(&numbers[..Operation::ALL.len()]);
        counts.received = Traffic::parse(f);
        counts.sent = Traffic::parse(f);
        Ok(counts)
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        let (kind, value) = self.target.to_parts();
        out.u32(kind);
        out.u32(0);
        out.u64(value);
        out.u64(self.id);
        out.u64(self.held_back);
        let mut numbers = [0; ROOM];
        numbers[..self.refused.len()].copy_from_slice(&self.refused);
        for number in numbers {
            out.u64(number);
        }
        self.received.emit(out);
        self.sent.emit(out);
    }
}

/// Count the traffic of associations, or stop that, or tell whether it is counted. It is not at
/// first. The numbers stay while it is not counted.
///
/// | offset | size | field |
/// | --- | --- | --- |
/// | 0 | 4 | 0: change nothing, 1: count no more, 2: count |
/// | 4 | 4 | out: 1 while it is counted |
///
/// # Errors
///
/// * `EINVAL`: the structure is malformed;
/// * `EPERM`: the caller has no `CAP_NET_ADMIN`, or is associated;
/// * `EFAULT`: the structure cannot be read or written;
/// * `ENOMEM`;
/// * `E2BIG`: the structure is newer than the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficRequest {
    /// Whether to count from now on; `None` changes nothing.
    pub change: Option<bool>,
    /// Out: whether it is counted.
    pub counted: bool,
}

impl Wire for TrafficRequest {
    const SIZE: usize = 8;
    const MIN_SIZE: usize = 8;

    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let change = match f.u32() {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            _ => return Err(WireError::BadField),
        };
        Ok(Self {
            change,
            counted: f.u32() != 0,
        })
    }

    fn emit(&self, out: &mut FieldsMut<'_>) {
        out.u32(match self.change {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
        out.u32(self.counted.into());
    }
}
