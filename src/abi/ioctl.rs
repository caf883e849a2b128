// SPDX-License-Identifier: GPL-2.0

//! ioctl numbers, in the encoding of `include/uapi/asm-generic/ioctl.h`.

use super::check::CheckRequest;
use super::counts::{CountsRequest, TrafficRequest};
use super::define::{DefineRequest, FindRequest, JoinRequest, UndefineRequest};
use super::event::WatchRequest;
use super::grants::{GrantQuery, GrantRequest};
use super::query::{ListRequest, QueryRequest};
use super::request::{AssignRequest, ReleaseRequest, VersionReply};
use super::rules::{RuleQuery, SetRulesRequest};
use super::sockets::SocketsRequest;
use super::update::UpdateRequest;
use super::wire::Wire;

/// The "type" byte of every addrconf ioctl number. No driver listed in
/// `Documentation/userspace-api/ioctl/ioctl-number.rst` (Linux 7.3) uses it.
pub const IOCTL_MAGIC: u8 = 0xA7;

const WRITE: u32 = 1;
const READ: u32 = 2;
const NR_BITS: u32 = 8;
const TYPE_SHIFT: u32 = 8;
const SIZE_SHIFT: u32 = 16;
const SIZE_BITS: u32 = 14;
const DIR_SHIFT: u32 = 30;

/// A control call. The value is the "nr" byte of its ioctl number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Command {
    /// Report the version of the interface: fills a [`VersionReply`].
    Version = 0,
    /// Make an association and put a process into it: [`AssignRequest`].
    Assign = 1,
    /// Take a process out of its association, or end an association:
    /// [`ReleaseRequest`].
    Release = 2,
    /// Describe one association: [`QueryRequest`].
    Query = 3,
    /// Enumerate association ids: [`ListRequest`].
    List = 4,
    /// Change the set of an association: [`UpdateRequest`].
    Update = 5,
    /// Define an association: [`DefineRequest`].
    Define = 6,
    /// Undefine it: [`UndefineRequest`].
    Undefine = 7,
    /// Find the association with a name: [`FindRequest`].
    Find = 8,
    /// Put a process into an association that is there: [`JoinRequest`].
    Join = 9,
    /// Put rules in force, by which tasks become members: [`SetRulesRequest`].
    SetRules = 10,
    /// Tell one rule: [`RuleQuery`].
    Rule = 11,
    /// Grant a user a set, or take its grant back: [`GrantRequest`].
    Grant = 12,
    /// Tell one grant: [`GrantQuery`].
    Grants = 13,
    /// Begin to read events: [`WatchRequest`].
    Watch = 14,
    /// Tell how often something was refused: [`CountsRequest`].
    Counts = 15,
    /// Tell what would be decided about a call: [`CheckRequest`].
    Check = 16,
    /// List the sockets of associations: [`SocketsRequest`].
    Sockets = 17,
    /// Count the traffic of associations, or stop that: [`TrafficRequest`].
    Traffic = 18,
}

impl Command {
    /// The complete ioctl number of this command, with the structure size of this
    /// build.
    #[must_use]
    pub const fn number(self) -> u32 {
        let (dir, size) = match self {
            Self::Version => (READ, VersionReply::SIZE),
            Self::Assign => (READ | WRITE, AssignRequest::SIZE),
            Self::Release => (READ | WRITE, ReleaseRequest::SIZE),
            Self::Query => (READ | WRITE, QueryRequest::SIZE),
            Self::List => (READ | WRITE, ListRequest::SIZE),
            Self::Update => (READ | WRITE, UpdateRequest::SIZE),
            Self::Define => (READ | WRITE, DefineRequest::SIZE),
            Self::Undefine => (READ | WRITE, UndefineRequest::SIZE),
            Self::Find => (READ | WRITE, FindRequest::SIZE),
            Self::Join => (READ | WRITE, JoinRequest::SIZE),
            Self::SetRules => (READ | WRITE, SetRulesRequest::SIZE),
            Self::Rule => (READ | WRITE, RuleQuery::SIZE),
            Self::Grant => (READ | WRITE, GrantRequest::SIZE),
            Self::Grants => (READ | WRITE, GrantQuery::SIZE),
            Self::Watch => (WRITE, WatchRequest::SIZE),
            Self::Counts => (READ | WRITE, CountsRequest::SIZE),
            Self::Check => (READ | WRITE, CheckRequest::SIZE),
            Self::Sockets => (READ | WRITE, SocketsRequest::SIZE),
            Self::Traffic => (READ | WRITE, TrafficRequest::SIZE),
        };
        dir << DIR_SHIFT
            | (size as u32) << SIZE_SHIFT
            | (IOCTL_MAGIC as u32) << TYPE_SHIFT
            | self as u32
    }

    /// The command that an ioctl number names, whatever size it carries. `None` when
    /// its type, number or direction is not one of ours; the caller answers `ENOTTY`.
    #[must_use]
    pub const fn from_number(cmd: u32) -> Option<Self> {
        let command = match nr_of(cmd) {
            0 => Self::Version,
            1 => Self::Assign,
            2 => Self::Release,
            3 => Self::Query,
            4 => Self::List,
            5 => Self::Update,
            6 => Self::Define,
            7 => Self::Undefine,
            8 => Self::Find,
            9 => Self::Join,
            10 => Self::SetRules,
            11 => Self::Rule,
            12 => Self::Grant,
            13 => Self::Grants,
            14 => Self::Watch,
            15 => Self::Counts,
            16 => Self::Check,
            17 => Self::Sockets,
            18 => Self::Traffic,
            _ => return None,
        };
        let size_mask = ((1 << SIZE_BITS) - 1) << SIZE_SHIFT;
        if cmd & !size_mask == command.number() & !size_mask {
            Some(command)
        } else {
            None
        }
    }
}

/// The "nr" byte of an ioctl number.
#[must_use]
pub const fn nr_of(cmd: u32) -> u32 {
    cmd & ((1 << NR_BITS) - 1)
}

/// The size in bytes of the structure an ioctl number announces, 0 to 16383.
#[must_use]
pub const fn size_of_arg(cmd: u32) -> usize {
    ((cmd >> SIZE_SHIFT) & ((1 << SIZE_BITS) - 1)) as usize
}
