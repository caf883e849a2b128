// SPDX-License-Identifier: GPL-2.0

//! The terms of an association: all that it is made with except its set. One type for
//! the calls that carry them, the module that keeps them, and the programs that
//! request and show them.

use core::fmt;
use core::net::Ipv4Addr;

use super::wire::{flag, Fields, FieldsMut, WireError};
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
/// | 5 | 7 | `signal` |
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
    /// A refused call also sends the task `SIGSYS`, with the call and the errno in `siginfo_t`.
    pub signal: bool,
    /// Which address of the set a socket without an address sends from.
    pub source: SourceChoice,
    /// Dedicated loopback address, in 127.64.0.0/10. In a request `None` means a free one. A
    /// part has none.
    pub loopback: Option<Ipv4Addr>,
    /// Addresses of the host's loopback that the association reaches, from its dedicated
    /// address, in place of those of its own. A part has none.
    pub host_loopback: Option<HostLoopback>,
}

impl Terms {
    /// The default.
    pub const DEFAULT: Self = Self {
        name: Name([0; NAME_LEN]),
        exclusive: false,
        allow_raw: false,
        signal: false,
        source: SourceChoice::Route,
        loopback: None,
        host_loopback: None,
    };

    const EXCLUSIVE: u32 = 1;
    const ALLOW_RAW: u32 = 8;
    const SIGNAL: u32 = 32;

    /// The bits of the word of flags that belong to [`Terms`].
    pub(super) const FLAGS: u32 = Self::EXCLUSIVE | Self::ALLOW_RAW | Self::SIGNAL;

    /// The terms of a part of an association with these terms.
    #[must_use]
    pub fn narrowed(self, name: Name) -> Self {
        Self {
            name,
            loopback: None,
            host_loopback: None,
            ..self
        }
    }

    /// Its bits of the word of flags.
    pub(super) fn flags(&self) -> u32 {
        flag(self.exclusive, Self::EXCLUSIVE)
            | flag(self.allow_raw, Self::ALLOW_RAW)
            | flag(self.signal, Self::SIGNAL)
    }

    /// Reads its bits from a word of flags; ignores other bits.
    pub(super) fn set_flags(&mut self, flags: u32) {
        self.exclusive = flags & Self::EXCLUSIVE != 0;
        self.allow_raw = flags & Self::ALLOW_RAW != 0;
        self.signal = flags & Self::SIGNAL != 0;
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

/// Addresses of the host's loopback that an association reaches in place of its own.
///
/// # Invariants
///
/// A network within 127.0.0.0/8, with the bits beyond its length zero, that has neither
/// 127.0.0.1 nor an address of 127.64.0.0/10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostLoopback {
    addr: Ipv4Addr,
    len: u8,
}

impl HostLoopback {
    /// Checks an address and a length in bits, 32 for a single address. `None` if it is not such
    /// a network.
    #[must_use]
    pub fn new(addr: Ipv4Addr, len: u8) -> Option<Self> {
        let net = Self { addr, len };
        let (first, last) = net.ends()?;
        let apart = |from: u32, to: u32| last < from || to < first;
        let is_network = first == addr.to_bits();
        // INVARIANT: checked here.
        (is_network
            && first >> 24 == 127
            && last >> 24 == 127
            && apart(LOCALHOST, LOCALHOST)
            && apart(DEDICATED, DEDICATED_LAST))
        .then_some(net)
    }

    /// The first and the last address. `None` if the length is no length of a network.
    fn ends(&self) -> Option<(u32, u32)> {
        let hosts = match self.len {
            1..=32 => u32::MAX.checked_shr(self.len.into()).unwrap_or(0),
            _ => return None,
        };
        let bits = self.addr.to_bits();
        Some((bits & !hosts, bits | hosts))
    }

    /// The address, whose bits beyond the length are zero.
    #[must_use]
    pub const fn addr(&self) -> Ipv4Addr {
        self.addr
    }

    /// The length in bits.
    #[must_use]
    pub const fn len_bits(&self) -> u8 {
        self.len
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, addr: Ipv4Addr) -> bool {
        let bits = addr.to_bits();
        self.ends()
            .is_some_and(|(first, last)| first <= bits && bits <= last)
    }

    /// Whether this is an address of 127.64.0.0/10, of which associations have their dedicated
    /// ones.
    #[must_use]
    pub const fn is_dedicated(addr: Ipv4Addr) -> bool {
        let bits = addr.to_bits();
        DEDICATED <= bits && bits <= DEDICATED_LAST
    }

    /// Reads an address, a length, and three bytes that are zero; all zero for none.
    pub(super) fn parse(f: &mut Fields<'_>) -> Result<Option<Self>, WireError> {
        let [a, b, c, d, len, rest @ ..] = f.bytes::<8>();
        match ([a, b, c, d], len, rest) {
            ([0, 0, 0, 0], 0, [0, 0, 0]) => Ok(None),
            (addr, len, [0, 0, 0]) => Self::new(addr.into(), len)
                .map(Some)
                .ok_or(WireError::BadField),
            _ => Err(WireError::BadField),
        }
    }

    /// Writes what [`Self::parse`] reads.
    pub(super) fn emit(net: Option<Self>, out: &mut FieldsMut<'_>) {
        out.bytes(&net.map_or([0; 4], |n| n.addr.octets()));
        out.u8(net.map_or(0, |n| n.len));
        out.bytes(&[0; 3]);
    }
}

/// The form used on the command line: a single address has no length.
impl fmt::Display for HostLoopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len {
            32 => write!(f, "{}", self.addr),
            len => write!(f, "{}/{len}", self.addr),
        }
    }
}

const LOCALHOST: u32 = Ipv4Addr::LOCALHOST.to_bits();
/// 127.64.0.0 and the last address of its /10.
const DEDICATED: u32 = Ipv4Addr::new(127, 64, 0, 0).to_bits();
const DEDICATED_LAST: u32 = DEDICATED | 0x003f_ffff;

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
