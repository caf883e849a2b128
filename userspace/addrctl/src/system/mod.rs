// SPDX-License-Identifier: GPL-2.0

//! What addrctl needs of the machine that it runs on, as traits: tests run the commands
//! against a made-up kernel.

pub mod cgroup;
mod facts;
mod ioctl;
mod journal;
mod linux;
mod narrow;
mod pointers;
mod rights;
mod sockets;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use addrconf_abi::Command;
use rustix::io::Errno;

pub use cgroup::Cgroup;
pub use facts::{Credentials, InterfaceAddress, Link};
pub use journal::Journal;
pub use linux::Linux;
pub use pointers::link;
#[cfg(test)]
pub use pointers::pointers;
pub use rights::{AskedRights, Failed, Rights};
pub use sockets::{unused_socket, Protocol, Socket, State};
pub use terminal::{Input, Screen};

/// Whether addrctl has `CAP_NET_ADMIN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetAdmin {
    /// It has it, in the initial user namespace.
    Held,
    /// It has it, but only in another user namespace, which the module does not accept.
    InUserNamespace,
    /// It does not have it.
    Missing,
    /// `/proc` cannot be read.
    Unknown,
}

/// An open control device.
pub trait Device {
    /// Makes one control call. `arg` is the encoded structure and receives the
    /// answer. `memory` has a slice for each pointer in the structure, in order, and, with
    /// rules to put in force, one more: the texts that these refer to, one after the other. The
    /// implementation sets all pointers and the counts itself ([`link`]), so that
    /// no caller can make the kernel touch any other memory.
    fn control(
        &self,
        command: Command,
        arg: &mut [u8],
        memory: &mut [&mut [u8]],
    ) -> Result<(), Errno>;

    /// Reads events into `room`, after a control call that begins it; returns how many bytes. If
    /// there are none: waits if `wait`, else `EAGAIN`. 0: there will be none.
    fn read(&self, room: &mut [u8], wait: bool) -> Result<usize, Errno>;
}

/// Processes and the device of one machine.
pub trait System {
    /// Opens the control device.
    fn open_device(&self) -> Result<Box<dyn Device + '_>, Errno>;

    /// The path that [`System::open_device`] opens, for messages.
    fn device_path(&self) -> String;

    /// Whether the module is loaded, as far as sysfs tells.
    fn is_loaded(&self) -> bool;

    /// What sysfs shows of the association that addrctl itself is in; nothing if it is in none.
    fn own_state(&self) -> io::Result<String>;

    /// The policy files that a path names, with their texts: a file, the files of a directory whose
    /// names end in `.toml`, by name, or `-` for the standard input.
    fn policy_files(&self, path: &Path) -> io::Result<Vec<(PathBuf, String)>>;

    /// Reads some of the standard input; 0 at its end.
    fn read_input(&self, room: &mut [u8]) -> io::Result<usize>;

    /// Opens a descriptor for a process, which never refers to a later process of the
    /// same number.
    fn pidfd_open(&self, pid: i32) -> Result<OwnedFd, Errno>;

    /// Opens the memory of a process (`/proc/PID/mem`), for which the kernel asks whether addrctl
    /// may trace the process.
    fn open_memory(&self, pid: i32) -> Result<OwnedFd, Errno>;

    /// Lets every user open the control device, or only root.
    fn share_device(&self, shared: bool) -> Result<(), Errno>;

    /// The process id of addrctl itself.
    fn own_pid(&self) -> i32;

    /// The command name of a process, if it can be read.
    fn comm(&self, pid: i32) -> Option<String>;

    /// The process (thread group) that a thread belongs to, if it can be read.
    fn thread_group(&self, tid: i32) -> Option<i32>;

    /// The parent of a process, if it can be read.
    fn parent(&self, pid: i32) -> Option<i32>;

    /// The parent of addrctl, its parent and so on, as far as they can be read.
    fn ancestors(&self) -> Vec<i32>;

    /// The addresses of all interfaces in the network namespace of addrctl, if they can be read.
    fn interface_addresses(&self) -> Option<Vec<InterfaceAddress>>;

    /// The same without the interfaces.
    fn local_addresses(&self) -> Option<Vec<IpAddr>> {
        let all = self.interface_addresses()?;
        Some(all.into_iter().map(|found| found.addr).collect())
    }

    /// The security modules of the kernel, in order and separated by commas, if they can be read.
    fn security_modules(&self) -> Option<String>;

    /// The resolvers that programs ask, as far as the machine says.
    fn nameservers(&self) -> Vec<IpAddr>;

    /// The rights of a process, if they can be read.
    fn credentials(&self, pid: i32) -> Option<Credentials>;

    /// The unit of systemd that a process is in, if it is in one.
    fn unit_of(&self, pid: i32) -> Option<String>;

    /// The Internet sockets of a protocol in the network namespace of addrctl, except those without
    /// a port. `NotFound`: the kernel does not tell those of this protocol.
    fn sockets(&self, protocol: Protocol) -> io::Result<Vec<Socket>>;

    /// The TCP sockets that listen or are connected, as far as they can be read.
    fn tcp_sockets(&self) -> Vec<Socket> {
        let all = self.sockets(Protocol::Tcp).unwrap_or_default();
        let counts =
            |socket: &Socket| matches!(socket.state, State::Listening | State::Established);
        all.into_iter().filter(counts).collect()
    }

    /// The processes that hold these sockets, by inode number, as far as they can be read.
    fn holders(&self, inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<i32>>;

    /// The journal of systemd.
    fn journal(&self) -> io::Result<Journal>;

    /// Tells people something that is no error.
    fn note(&self, text: &str);

    /// Whether a process is a kernel thread; false where that cannot be read.
    fn is_kernel_thread(&self, pid: i32) -> bool;

    /// Whether addrctl itself has `CAP_NET_ADMIN`.
    fn net_admin(&self) -> NetAdmin;

    /// Narrows the association that addrctl itself is in. `context` is the encoded
    ///  [`addrconf_abi::NarrowHeader`] with its entries.
    fn narrow(&self, context: &[u8]) -> Result<(), Errno>;

    /// Sleeps for `time`.
    fn sleep(&self, time: Duration);

    /// The time since the machine was started, as events tell it (`CLOCK_BOOTTIME`).
    fn clock(&self) -> Duration;

    /// Whether the standard output is a terminal.
    fn is_terminal(&self) -> bool;

    /// Takes over the terminal that is the standard output. Keys come from the standard input, or
    /// from the controlling terminal if that is none.
    fn screen(&self) -> io::Result<Box<dyn Screen + '_>>;

    /// Looks up users and groups. Returns the end of a sentence about what is not known.
    fn look_up_rights(&self, asked: &AskedRights) -> Result<Rights, String>;

    /// The number of a user, by name or number. Returns the end of a sentence about what is not
    /// known.
    fn user_id(&self, text: &str) -> Result<u32, String>;

    /// The same for a group.
    fn group_id(&self, text: &str) -> Result<u32, String>;

    /// The name of a user, if it has one.
    fn user_name(&self, uid: u32) -> Option<String>;

    /// The name of a group, if it has one.
    fn group_name(&self, gid: u32) -> Option<String>;

    /// Opens a descriptor that only names a file (`O_PATH`).
    fn open_path(&self, path: &Path) -> Result<OwnedFd, Errno>;

    /// The control group (version 2) with this path: of a directory below `/sys/fs/cgroup`, or
    /// as in `/proc/PID/cgroup`. It need not be there. `EOPNOTSUPP` for another directory.
    fn cgroup(&self, path: &Path) -> Result<Cgroup, Errno>;

    /// Whether control groups have the paths here that the kernel tells: not so in a container.
    fn cgroup_paths_are_real(&self) -> bool;

    /// The paths of the control group with this path and of all below it, as far as they can be
    /// read.
    fn cgroup_tree(&self, path: &Path) -> Vec<PathBuf>;

    /// The processes in the control group with this path, without those below it; 0 for one of
    /// another pid namespace.
    fn cgroup_processes(&self, path: &Path) -> Result<Vec<i32>, Errno>;

    /// Runs `systemctl` with these arguments.
    fn systemctl(&self, args: &[&str]) -> io::Result<Output>;

    /// Gives addrctl these rights, for good. When it fails, some may be taken already.
    fn take_rights(&self, rights: &Rights) -> Result<(), Failed>;

    /// Executes `program` in the place of addrctl. Returns only when that fails.
    fn exec(&self, program: &OsString, args: &[OsString]) -> io::Error;
}
