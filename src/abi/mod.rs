// SPDX-License-Identifier: GPL-2.0

//! The control interface of `/dev/addrconf`: ioctl numbers and the structures
//! they carry, shared by the kernel module and by every user-space program.
//!
//! Pure data: no allocation, no `unsafe`, no I/O, never sleeps. Structures are
//! written and read as bytes in the machine's own byte order, at the offsets
//! given in each type's documentation, so the same code serves as the C
//! layout's definition and as its parser.
//!
//! # Versioning
//!
//! The size of a structure travels in the ioctl number, as for
//! `PIDFD_GET_INFO` (`include/uapi/linux/pidfd.h`): a field is only ever added
//! at the end. A caller built against an older, shorter structure gets zeroes
//! for the fields it does not know; a caller with a newer, longer one is
//! served as long as what this module does not know is zero, and told `E2BIG`
//! otherwise (`copy_struct_from_user()` in `include/linux/uaccess.h`).

#![cfg_attr(not(MODULE), no_std)]
#![cfg_attr(not(MODULE), forbid(unsafe_code))]
#![cfg_attr(not(MODULE), warn(missing_docs))]

mod addr;
mod bypass;
mod ioctl;
mod leftover;
mod narrow;
mod query;
mod request;
mod terms;
mod update;
mod wire;

pub use addr::AddrEntry;
pub use bypass::{Bypass, Obstacle};
pub use ioctl::{nr_of, size_of_arg, Command, IOCTL_MAGIC};
pub use leftover::LeftoverEntry;
pub use narrow::{NarrowHeader, LSM_ATTR_CURRENT, LSM_ID_ADDRCONF};
pub use query::{ListRequest, QueryRequest};
pub use request::{AssignRequest, ReleaseRequest, Target, VersionReply};
pub use terms::{Name, SourceChoice, Terms};
pub use update::{Change, UpdateRequest};
pub use wire::{Wire, WireError, MAX_STRUCT};

/// Version of this interface. Raised when a structure grows or a command is
/// added; existing callers go on working (see [Versioning](self#versioning)).
///
/// | version | what came with it |
/// | --- | --- |
/// | 1 | version, assign, release, query, list |
/// | 2 | update, narrow; flags, choice of source and loopback address |
/// | 3 | release of everything; raw sockets can be allowed; the flags in query |
/// | 4 | leftovers, and refusals of ports with too many sockets, in query |
/// | 5 | what keeps a process from being associated, in assign |
pub const ABI_VERSION: u32 = 5;

/// Path of the control device.
pub const DEVICE_PATH: &str = "/dev/addrconf";

/// Directory of the read-only state for scripts.
pub const SYSFS_PATH: &str = "/sys/kernel/addrconf";

/// The most entries an address set may have.
pub const MAX_ADDRS: u32 = 1024;

/// The most bytes a name may have, its terminating NUL included.
pub const NAME_LEN: usize = 32;

/// The most process ids or association ids one call returns.
pub const MAX_LIST: u32 = 65_536;
