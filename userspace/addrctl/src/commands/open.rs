// SPDX-License-Identifier: GPL-2.0

//! Opening the control device, and the process or association that a command is
//! about.

use std::os::fd::{AsRawFd, OwnedFd};

use addrconf_abi::Target;
use rustix::io::Errno;

use super::args::TargetArgs;
use crate::error::{Error, Process, Subject};
use crate::system::{Device, System};

/// Opens the control device.
pub fn device(system: &dyn System) -> Result<Box<dyn Device + '_>, Error> {
    system.open_device().map_err(|cause| Error::OpenDevice {
        path: system.device_path(),
        net_admin: system.has_net_admin(),
        cause,
    })
}

/// A process that cannot be mistaken for a later one of the same number.
pub struct OpenProcess {
    pub pidfd: OwnedFd,
    pub process: Process,
}

pub fn process(system: &dyn System, pid: i32) -> Result<OpenProcess, Error> {
    // The name is read after the descriptor is there: should the process have
    // been replaced in between, the message would at worst name the new one.
    let pidfd = system.pidfd_open(pid);
    let process = Process {
        pid,
        comm: system.comm(pid),
    };
    match pidfd {
        Ok(pidfd) => Ok(OpenProcess { pidfd, process }),
        Err(cause) => Err(Error::FindProcess {
            process,
            thread_of: thread_of(system, pid, cause),
            cause,
        }),
    }
}

/// For the errors pidfd_open(2) has for threads, the process of the thread:
/// `EINVAL` until Linux 6.15, `ENOENT` since.
fn thread_of(system: &dyn System, pid: i32, cause: Errno) -> Option<i32> {
    if !matches!(cause, Errno::INVAL | Errno::NOENT) {
        return None;
    }
    system.thread_group(pid).filter(|&leader| leader != pid)
}

/// Whom the arguments of a command name.
pub enum OpenTarget {
    Process(OpenProcess),
    Association(u64),
}

impl OpenTarget {
    pub fn open(system: &dyn System, args: &TargetArgs) -> Result<Self, Error> {
        match (args.association, args.pid) {
            (Some(id), _) => Ok(Self::Association(id)),
            // The command line demands one of the two; no process has pid 0.
            (None, pid) => process(system, pid.unwrap_or(0)).map(Self::Process),
        }
    }

    /// For the module; the descriptor lives as long as `self`.
    pub fn target(&self) -> Target {
        match self {
            Self::Process(open) => Target::PidFd(open.pidfd.as_raw_fd()),
            Self::Association(id) => Target::Association(*id),
        }
    }

    /// For messages.
    pub fn subject(self) -> Subject {
        match self {
            Self::Process(open) => Subject::Process(open.process),
            Self::Association(id) => Subject::Association(id),
        }
    }
}
