// SPDX-License-Identifier: GPL-2.0

//! Opening the control device, and the process or association that a command is
//! about.

use std::os::fd::{AsRawFd, OwnedFd};

use addrconf_abi::Target;
use rustix::io::Errno;

use super::args::{TargetArgs, Which, Whom};
use crate::client::{CallError, Client};
use crate::error::{ErrorKind, Process, Reason, Subject};
use crate::refusal::{not_permitted, Refusal, Rights};
use crate::system::{NetAdmin, System};
use crate::text::printable;

/// Opens the control device.
pub fn client(system: &dyn System) -> Result<Client<'_>, Reason> {
    let device = system.open_device();
    device
        .map(Client::new)
        .map_err(|cause| no_device(system, cause))
}

fn no_device(system: &dyn System, cause: Errno) -> Reason {
    let path = system.device_path();
    let not_loaded = |found: String| {
        let what = format!("the addrconf module is not loaded ({found})");
        Reason::new(ErrorKind::NotLoaded, what)
            .next("run `modprobe addrconf` or `insmod addrconf.ko`")
    };
    match cause {
        Errno::NOENT if system.is_loaded() => hidden(&path),
        Errno::NOENT => not_loaded(format!("no {path}")),
        Errno::NODEV | Errno::NXIO => not_loaded(format!("{path} has no driver")),
        Errno::ACCESS if Rights::of(system) == Rights::Member => not_permitted(Rights::Member),
        Errno::ACCESS => {
            let what = format!("no permission to open {path}");
            Reason::new(ErrorKind::NotPermitted, what)
                .next("run addrctl as root, or let root grant you addresses (`addrctl grant`)")
        }
        // The module denied it, not the mode of the file.
        Errno::PERM => not_permitted(Rights::of(system)),
        Errno::NOTTY => Reason::other(format!("{path} is not the device of the addrconf module")),
        _ => Reason::other(format!("{path} cannot be opened: {cause}")),
    }
}

/// The module is there, and its device is not.
fn hidden(path: &str) -> Reason {
    let what = format!("the addrconf module is loaded, but there is no {path} here");
    Reason::new(ErrorKind::NoDevice, what)
        .next(
            "in a unit of systemd, PrivateDevices=yes hides it; in a container, it must be passed \
             in",
        )
        .next(
            "where no device file is made by itself, `mknod` makes it with the numbers in \
             /sys/class/misc/addrconf/dev",
        )
}

/// The process of this number, as messages name it.
pub fn named(system: &dyn System, pid: i32) -> Process {
    let comm = system.comm(pid);
    Process { pid, comm }
}

/// Opens a process: the descriptor never refers to a later process of the same number.
pub fn process(system: &dyn System, pid: i32) -> Result<OwnedFd, Reason> {
    system
        .pidfd_open(pid)
        .map_err(|cause| match (thread_of(system, pid, cause), cause) {
            (Some(leader), _) => Reason::new(
                ErrorKind::NotAProcess,
                format!("process {pid} is a thread of process {leader}"),
            )
            .next("name the process, its threads follow"),
            (None, Errno::SRCH | Errno::NOENT) => Reason::new(
                ErrorKind::NotFound,
                format!("there is no process {pid} in this pid namespace"),
            )
            .next(format!("check the number, for example with `ps -p {pid}`")),
            (None, _) => Reason::other(format!("the process cannot be opened: {cause}")),
        })
}

/// The process of a thread, if `cause` is what pidfd_open(2) answers to threads:
/// `EINVAL` until Linux 6.15, `ENOENT` since.
fn thread_of(system: &dyn System, pid: i32, cause: Errno) -> Option<i32> {
    if !matches!(cause, Errno::INVAL | Errno::NOENT) {
        return None;
    }
    system.thread_group(pid).filter(|&leader| leader != pid)
}

/// What the arguments of a command name, held open.
pub enum OpenTarget {
    /// A process.
    Process(OwnedFd),
    /// An association: no later one has the same id.
    Association(u64),
}

impl OpenTarget {
    /// Opens what `args` name.
    pub fn open(
        system: &dyn System,
        client: &Client<'_>,
        args: &TargetArgs,
    ) -> Result<Self, Reason> {
        Self::of(system, client, args.whom())
    }

    /// Opens a process or an association.
    pub fn of(system: &dyn System, client: &Client<'_>, whom: Whom) -> Result<Self, Reason> {
        match whom {
            Whom::Process(pid) => process(system, pid).map(Self::Process),
            Whom::Association(which) => id(system, client, which).map(Self::Association),
        }
    }

    /// For the module; the descriptor lives as long as `self`.
    pub fn target(&self) -> Target {
        match self {
            Self::Process(pidfd) => Target::PidFd(pidfd.as_raw_fd()),
            Self::Association(id) => Target::Association(*id),
        }
    }
}

/// The id of an association.
pub fn id(system: &dyn System, client: &Client<'_>, which: Which) -> Result<u64, Reason> {
    let name = match which {
        Which::Id(id) => return Ok(id),
        Which::Named(name) => name,
    };
    client.find(name).map_err(|cause| match cause {
        CallError::Refused(Errno::NOENT) => Reason::new(
            ErrorKind::NotFound,
            format!("no association has the name {}", name.as_str()),
        )
        .next("`addrctl list` shows the associations there are, `addrctl define` makes one"),
        _ => Refusal::new(system, client, cause).reason(),
    })
}

/// The id of the only association that is meant, if not all are.
pub fn only(
    system: &dyn System,
    client: &Client<'_>,
    which: Option<Which>,
) -> Result<Option<u64>, Reason> {
    which.map(|which| id(system, client, which)).transpose()
}

/// The number of a user, given by name or number.
pub fn user(system: &dyn System, text: &str) -> Result<u32, Reason> {
    system.user_id(text).map_err(|what| {
        Reason::new(ErrorKind::Malformed, what).next("`getent passwd` lists those there are")
    })
}

/// A user, as it was given, for messages.
pub fn user_subject(text: &str) -> Subject {
    Subject::Thing(format!("user {}", printable(text)).into())
}

/// The memory of a process, with which a caller without `CAP_NET_ADMIN` shows that it may trace
/// the process. `None` if the caller has the capability, the process is addrctl itself, or the
/// memory cannot be opened: then the module refuses the call.
pub fn memory(system: &dyn System, pid: i32) -> Option<OwnedFd> {
    match system.net_admin() {
        NetAdmin::Missing | NetAdmin::InUserNamespace if pid != system.own_pid() => {
            system.open_memory(pid).ok()
        }
        _ => None,
    }
}

/// What `args` name, for messages.
pub fn subject(system: &dyn System, args: &TargetArgs) -> Subject {
    subject_of(system, args.whom())
}

/// A process or an association, for messages.
pub fn subject_of(system: &dyn System, whom: Whom) -> Subject {
    match whom {
        Whom::Process(pid) => Subject::Process(named(system, pid)),
        Whom::Association(which) => association(which),
    }
}

/// An association, or `all` of something if none is named, for messages.
pub fn association_or(which: Option<Which>, all: &'static str) -> Subject {
    which.map_or_else(|| Subject::Thing(all.into()), association)
}

/// An association, for messages.
pub fn association(which: Which) -> Subject {
    Subject::Association(which.to_string().into())
}
