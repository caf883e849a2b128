// SPDX-License-Identifier: GPL-2.0

//! The terms of an association: all that it is made with except its set. One type for
//! the calls that carry them, the module that keeps them, and the programs that
//! request and show them.

use core::net::Ipv4Addr;

use super::wire::{flag, WireError};
use super::NAME_LEN;

/// The terms of an association: all that it is made with except its set. The default
/// is what a caller of the first version of the interface gets.
///
/// Each call carries the fields at its own offsets, in the order in which they were
/// added; see [`super::AssignRequest`] and [`super::QueryRequest`]. A yes-or-no field
/// is a bit of a word of flags in both:
///
/// | bit | since | field |
/// | --- | --- | --- |
/// | 0 | 2 | `exclusive` |
/// | 3 | 3 | `allow_raw` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Name, or the empty name.
    pub name: Name,
    /// Wildcard sockets of unassociated processes neither receive on the
    /// addresses of the set nor conflict over them.
    pub exclusive: bool,
    /// Raw sockets are allowed. Their source is enforced like that of other sockets,
    /// and they receive what is for the set.
    pub allow_raw: bool,
    /// Which address of the set a socket without an address sends from.
    pub source: SourceChoice,
    /// Dedicated loopback address, in 127.0.0.0/8 but not 127.0.0.1. In a request
    /// `None` means a free one. A part has none.
    pub loopback: Option<Ipv4Addr>,
}

impl Terms {
    /// The default.
    pub const DEFAULT: Self = Self {
        name: Name([0; NAME_LEN]),
        exclusive: false,
        allow_raw: false,
        source: SourceChoice::Route,
        loopback: None,
    };

    const EXCLUSIVE: u32 = 1;
    const ALLOW_RAW: u32 = 8;

    /// The bits of the word of flags that belong to [`Terms`].
    pub(super) const FLAGS: u32 = Self::EXCLUSIVE | Self::ALLOW_RAW;

    /// The terms of a part of an association with these terms.
    #[must_use]
    pub fn narrowed(self, name: Name) -> Self {
        Self {
            name,
            loopback: None,
            ..self
        }
    }

    /// Its bits of the word of flags.
    pub(super) fn flags(&self) -> u32 {
        flag(self.exclusive, Self::EXCLUSIVE) | flag(self.allow_raw, Self::ALLOW_RAW)
    }

    /// Reads its bits from a word of flags; ignores other bits.
    pub(super) fn set_flags(&mut self, flags: u32) {
        self.exclusive = flags & Self::EXCLUSIVE != 0;
        self.allow_raw = flags & Self::ALLOW_RAW != 0;
    }

    /// The bytes of the loopback address; zero for none.
    pub(super) fn loopback_bytes(&self) -> [u8; 4] {
        self.loopback.map_or([0; 4], |addr| addr.octets())
    }

    /// The loopback address that these bytes encode; `None` for zero.
    pub(super) fn loopback_from(bytes: [u8; 4]) -> Option<Ipv4Addr> {
        (bytes != [0; 4]).then(|| bytes.into())
    }
}

/// The name of an association: up to [`NAME_LEN`] − 1 bytes of
/// `A-Z a-z 0-9 . _ -`, not starting with `.` or `-`; empty means none.
///
/// # Invariants
///
/// The bytes up to the first NUL are of that alphabet, the rest is NUL, and
/// the last byte is NUL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name([u8; NAME_LEN]);

impl Name {
    /// Checks and takes a name. `None` when it is too long or holds a character
    /// outside the alphabet.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        if name.contains('\0') {
            return None;
        }
        let mut bytes = [0; NAME_LEN];
        // One byte stays free for the NUL.
        let room = bytes.len() - 1;
        bytes
            .get_mut(..room)?
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        Self::from_bytes(bytes).ok()
    }

    pub(super) fn from_bytes(bytes: [u8; NAME_LEN]) -> Result<Self, WireError> {
        let len = bytes
            .iter()
            .position(|&b| b == 0)
            .ok_or(WireError::BadField)?;
        let (text, rest) = bytes.split_at(len);
        let alphabet = |&b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if !text.iter().all(alphabet)
            || matches!(text.first(), Some(b'.' | b'-'))
            || rest.iter().any(|&b| b != 0)
        {
            return Err(WireError::BadField);
        }
        // INVARIANT: alphabet and padding were checked above, and `position`
        // found a NUL after which all is NUL, so the last byte is NUL.
        Ok(Self(bytes))
    }

    /// The name with its padding.
    pub(super) fn as_bytes(&self) -> &[u8; NAME_LEN] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0] == 0
    }

    /// The name without padding; empty when there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&b| b == 0).unwrap_or(NAME_LEN);
        core::str::from_utf8(&self.0[..len]).unwrap_or("")
    }
}

/// Which address of the set a socket without an address sends from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum SourceChoice {
    /// The preferred source of the route to the destination if it is in the set, else
    /// an address of the set on the interface through which the route leaves, else
    /// the primary address.
    #[default]
    Route = 0,
    /// The primary address, always.
    Primary = 1,
    /// Any host address of the set, at random for each socket.
    Random = 2,
}

impl SourceChoice {
    pub(super) fn from_value(value: u32) -> Result<Self, WireError> {
        match value {
            0 => Ok(Self::Route),
            1 => Ok(Self::Primary),
            2 => Ok(Self::Random),
            _ => Err(WireError::BadField),
        }
    }
}
