// SPDX-License-Identifier: GPL-2.0

//! The control interface of `/dev/addrconf`: ioctl numbers and the structures
//! they carry, shared by the kernel module and by every user-space program.
//!
//! Pure data: no allocation, no `unsafe`, no I/O, never sleeps. Structures are
//! written and read as bytes in the machine's own byte order, at the offsets that
//! each type documents. So the same code both defines and parses the C layout.
//!
//! # Versioning
//!
//! The ioctl number carries the size of the structure, as it does for
//! `PIDFD_GET_INFO` (`include/uapi/linux/pidfd.h`). New fields are only ever added at
//! the end. A caller with an older, shorter structure does not pass the newer fields:
//! they count as zero. A caller with a newer, longer structure is served as long as
//! every byte that this module does not know is zero; otherwise it gets `E2BIG`
//! (`copy_struct_from_user()` in `include/linux/uaccess.h`).

#![cfg_attr(not(MODULE), no_std)]
#![cfg_attr(not(MODULE), forbid(unsafe_code))]
#![cfg_attr(not(MODULE), warn(missing_docs))]

mod addr;
mod bypass;
mod check;
mod counts;
mod define;
mod event;
mod grants;
mod ioctl;
mod leftover;
mod narrow;
mod query;
mod refusal;
mod request;
mod rules;
mod sockets;
mod target;
mod terms;
mod update;
mod wire;

pub use addr::AddrEntry;
pub use bypass::{Bypass, Obstacle};
pub use check::CheckRequest;
pub use counts::{CountsRequest, Traffic, TrafficRequest};
pub use define::{DefineRequest, FindRequest, JoinRequest, UndefineRequest};
pub use event::{Event, Happening, WatchRequest, COMM_LEN};
pub use grants::{GrantQuery, GrantRequest};
pub use ioctl::{nr_of, size_of_arg, Command, IOCTL_MAGIC};
pub use leftover::LeftoverEntry;
pub use narrow::{NarrowHeader, LSM_ATTR_CURRENT, LSM_ID_ADDRCONF};
pub use query::{ListRequest, QueryRequest};
pub use refusal::{Operation, Refusal};
pub use request::{AssignRequest, ReleaseRequest, VersionReply};
pub use rules::{RuleEntry, RuleQuery, SetRulesRequest, UserText};
pub use sockets::{SocketEntry, SocketsRequest};
pub use target::Target;
pub use terms::{HostLoopback, Name, SourceChoice, Terms};
pub use update::{Change, UpdateRequest};
pub use wire::{Wire, WireError, MAX_STRUCT};

/// Version of this interface. Raised when a structure grows or a command is added.
/// Existing callers keep working (see [Versioning](self#versioning)).
///
/// | version | what it added |
/// | --- | --- |
/// | 1 | version, assign, release, query, list |
/// | 2 | update, narrow; flags, choice of source and loopback address |
/// | 3 | release of everything; `allow_raw`; the flags in query |
/// | 4 | in query: leftovers, and eight bytes that are reserved now |
/// | 5 | in assign: the obstacle that prevented an association |
/// | 6 | define, undefine, find, join; in release: `unused`; in query: `defined` |
/// | 7 | in assign, define and query: addresses of the host's loopback, `signal`; rules |
/// | 8 | grants; in assign and join: `proof`; in join: `move`; in narrow: `keep_loopback`; in query: `granted_to` |
/// | 9 | watch, counts, and reading of events |
/// | 10 | check, sockets, traffic; in counts: what was received and sent |
pub const ABI_VERSION: u32 = 10;

/// Path of the control device.
pub const DEVICE_PATH: &str = "/dev/addrconf";

/// Directory of the read-only state for scripts.
pub const SYSFS_PATH: &str = "/sys/kernel/addrconf";

/// The largest number of entries of an address set.
pub const MAX_ADDRS: u32 = 1024;

/// The largest size of a name in bytes, its terminating NUL included.
pub const NAME_LEN: usize = 32;

/// The largest number of rules.
pub const MAX_RULES: u32 = 256;

/// The largest number of users with a grant.
pub const MAX_GRANTS: u32 = 256;

/// How many refusals the module remembers, of all associations.
pub const MAX_RECENT: u32 = 512;

/// The largest number of events that are kept for a reader.
pub const MAX_KEPT: u32 = 65_536;

/// The largest number of sockets that one call returns.
pub const MAX_SOCKETS: u32 = 1 << 20;

/// The largest number of process ids or association ids that one call returns.
pub const MAX_LIST: u32 = 65_536;
