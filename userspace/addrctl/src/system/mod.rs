// SPDX-License-Identifier: GPL-2.0

//! What addrctl needs of the machine it runs on, as traits, so that commands
//! can be tested against a kernel made up for the test.

mod ioctl;
mod linux;
mod narrow;
mod pointers;

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use addrconf_abi::Command;
use rustix::io::Errno;

pub use linux::Linux;
pub use pointers::link;
#[cfg(test)]
pub use pointers::pointers;

/// Whether addrctl has `CAP_NET_ADMIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetAdmin {
    /// It has.
    Held,
    /// It has, but in a user namespace, where the module does not count it.
    InUserNamespace,
    /// It has not.
    Missing,
    /// `/proc` does not tell.
    Unknown,
}

/// An open control device.
pub trait Device {
    /// Makes one control call. `arg` is the encoded structure and receives the
    /// answer. `memory` is the memory the structure points to, a slice for
    /// each pointer in it in order; the implementation sets these pointers and
    /// their counts itself ([`link`]), so that no caller can make the kernel
    /// touch anything else.
    fn control(
        &self,
        command: Command,
        arg: &mut [u8],
        memory: &mut [&mut [u8]],
    ) -> Result<(), Errno>;
}

/// Processes and the device of one machine.
pub trait System {
    /// Opens the control device.
    fn open_device(&self) -> Result<Box<dyn Device + '_>, Errno>;

    /// The path [`System::open_device`] opens, for messages.
    fn device_path(&self) -> String;

    /// Opens a descriptor for a process: from then on the process is meant,
    /// not whatever process has its number later.
    fn pidfd_open(&self, pid: i32) -> Result<OwnedFd, Errno>;

    /// The process id of addrctl itself.
    fn own_pid(&self) -> i32;

    /// The command name of a process, if it can be read.
    fn comm(&self, pid: i32) -> Option<String>;

    /// The process (thread group) a thread belongs to, if it can be read.
    fn thread_group(&self, tid: i32) -> Option<i32>;

    /// Whether a process is a kernel thread; not where that cannot be read.
    fn is_kernel_thread(&self, pid: i32) -> bool;

    /// Whether addrctl itself has `CAP_NET_ADMIN`.
    fn net_admin(&self) -> NetAdmin;

    /// Narrows the association that addrctl itself is in. `context` is the
    /// encoded [`addrconf_abi::NarrowHeader`] with its entries.
    fn narrow(&self, context: &[u8]) -> Result<(), Errno>;

    /// Waits.
    fn sleep(&self, time: Duration);

    /// Becomes another program. Returns only when that fails.
    fn exec(&self, program: &OsString, args: &[OsString]) -> io::Error;
}
