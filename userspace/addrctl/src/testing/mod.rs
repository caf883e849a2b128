// SPDX-License-Identifier: GPL-2.0

//! A made-up kernel for tests: processes, and the control device with the semantics
//! that the ABI crate documents. It gets the same bytes as the real one, and reads them
//! with the ABI crate. The machine is in `system.rs`, the control calls are in `device.rs`.

mod defined;
mod device;
mod events;
mod grants;
mod journal;
mod leftovers;
mod machine;
mod narrow;
mod questions;
mod rules;
mod shown;
mod sockets;
mod system;
mod terminal;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use addrconf_abi::{AddrEntry, Command, Event, Obstacle, Terms, Traffic, ABI_VERSION};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::system::{AskedRights, Credentials, Protocol, Socket};

pub use journal::FakeJournal;
pub use machine::{FakeCgroup, FakeFile, FakeUnit};
pub use rules::FakeRule;
pub use sockets::tcp;
pub use terminal::Typed;

/// The process id of addrctl in tests.
pub const OWN_PID: i32 = 100;

/// A made-up kernel.
#[derive(Default)]
pub struct Fake(RefCell<State>);

/// What is in it.
#[derive(Default)]
pub struct State {
    /// Command names by process id.
    pub processes: BTreeMap<i32, String>,
    /// Processes by id of a thread that is not the first.
    pub threads: BTreeMap<i32, i32>,
    /// Associations by id.
    pub associations: BTreeMap<u64, FakeAssociation>,
    /// How many associations there ever were.
    pub last_id: u64,
    /// The module is loaded, although the device is not there.
    pub hidden_device: bool,
    /// Opening the device fails with this.
    pub no_device: Option<Errno>,
    /// Interface version of the module; `None` when it is not loaded.
    pub module: Option<u32>,
    /// Children by parent.
    pub children: BTreeMap<i32, Vec<i32>>,
    /// Narrowing fails with this.
    pub no_narrowing: Option<Errno>,
    /// Calls of this command fail with this.
    pub failing: Option<(Command, Errno)>,
    /// Whether addrctl has `CAP_NET_ADMIN`.
    pub net_admin: Option<bool>,
    /// Whether addrctl is in a user namespace.
    pub user_namespace: bool,
    /// The ancestors of addrctl.
    pub ancestors: Vec<i32>,
    /// The addresses of the machine, if they are known.
    pub local: Option<Vec<IpAddr>>,
    /// Those of them on an interface that is down.
    pub down: Vec<IpAddr>,
    /// The security modules of the kernel, if they are known.
    pub security_modules: Option<String>,
    /// The resolvers that programs ask.
    pub nameservers: Vec<IpAddr>,
    /// The rights of processes.
    pub credentials: BTreeMap<i32, Credentials>,
    /// The sockets of the machine, and the processes that hold each.
    pub sockets: Vec<(Socket, Vec<i32>)>,
    /// Their associations, by cookie.
    pub owners: BTreeMap<u64, u64>,
    /// The kernel does not tell the sockets of these protocols.
    pub untold: Vec<Protocol>,
    /// What addrctl noted.
    pub notes: Vec<String>,
    /// This process is a kernel thread.
    pub kernel_thread: Option<i32>,
    /// How many descriptors of the device are open.
    pub open_devices: usize,
    /// Programs executed, and how many descriptors of the device were open then.
    pub executed: Vec<(Vec<OsString>, usize)>,
    /// The rights that were looked up, and whether they were taken, for each.
    pub rights: Vec<(AskedRights, bool)>,
    /// Looking rights up fails with this, or taking them.
    pub no_rights: Option<&'static str>,
    pub no_taking: Option<Errno>,
    /// How long addrctl slept, and what happens when it sleeps next.
    pub slept: Duration,
    pub while_asleep: Option<Box<dyn FnOnce()>>,
    /// Associating fails because of this obstacle.
    pub obstacle: Option<Obstacle>,
    /// Executing fails with this.
    pub exec_error: Option<io::ErrorKind>,
    /// The rules in force.
    pub rules: Vec<FakeRule>,
    /// How many generations of rules there were.
    pub generation: u64,
    /// The id of the last rule.
    pub last_rule: u32,
    /// So many of the next calls about rules find that somebody else has just changed them.
    pub meddling: u32,
    /// Files by path.
    pub files: BTreeMap<PathBuf, FakeFile>,
    /// Control groups by path, which begins with a slash.
    pub cgroups: BTreeMap<PathBuf, FakeCgroup>,
    /// Control groups have other paths than on the machine.
    pub in_container: bool,
    /// Units of systemd by name.
    pub units: BTreeMap<String, FakeUnit>,
    /// Executing `systemctl` fails with this, or it says this.
    pub no_systemctl: Option<io::ErrorKind>,
    pub systemctl_says: Option<&'static str>,
    /// The grants, by user.
    pub grants: BTreeMap<u32, Vec<AddrEntry>>,
    /// The user of addrctl, and the processes that it may trace.
    pub own_uid: u32,
    pub own: Vec<i32>,
    /// Whether every user may open the device.
    pub shared_device: bool,
    /// Changing that fails with this.
    pub no_sharing: Option<Errno>,
    /// Policy files by path.
    pub policies: BTreeMap<PathBuf, String>,
    /// What is left of the standard input.
    pub input: Vec<u8>,
    /// What sysfs shows of the association of addrctl.
    pub own_state: String,
    /// Whether traffic is counted, and what associations received and sent.
    pub counts_traffic: bool,
    pub traffic: BTreeMap<u64, (Traffic, Traffic)>,
    /// Refusals that the module remembers, and events after them.
    pub recent: Vec<Event>,
    pub events: Vec<Event>,
    /// The socket of the journal, if there is one.
    pub journal: Option<PathBuf>,
    /// Refusals that come when time passes next.
    pub coming: Vec<Event>,
    /// The association that ends when time passes next.
    pub ending: Option<u64>,
    /// Events that the open device reads, if it reads any.
    pub watched: Option<VecDeque<Event>>,
    /// The only association whose events these are, or 0.
    watched_id: u64,
    /// The columns and lines of the terminal, if the output is one.
    pub terminal: Option<(u16, u16)>,
    /// What is typed there, one after the other.
    pub typed: VecDeque<Typed>,
    /// What it showed, each time that it was drawn.
    pub screens: Vec<String>,
    pidfds: BTreeMap<i32, i32>,
    memories: BTreeMap<i32, i32>,
    opened: BTreeMap<i32, PathBuf>,
    /// The protocols whose sockets were dumped, and so have cookies.
    dumped: Vec<Protocol>,
}

/// A made-up association.
#[derive(Default)]
pub struct FakeAssociation {
    /// Its terms.
    pub terms: Terms,
    /// Address set.
    pub entries: Vec<AddrEntry>,
    /// Processes.
    pub pids: Vec<i32>,
    /// Local addresses of established connections.
    pub connections: Vec<AddrEntry>,
    /// It is there without processes.
    pub defined: bool,
    /// The user that made it under its grant.
    pub granted_to: Option<u32>,
    /// For how many more calls it has a socket, those of list and those that this refuses.
    pub lingering: u32,
    /// It is a part on the private loopback of its whole.
    pub keeps_loopback: bool,
}

impl FakeAssociation {
    /// The set, in addrctl's own type.
    pub fn set(&self) -> AddressSet {
        AddressSet::from_entries(self.entries.clone())
    }

    /// The number of its sockets.
    fn sockets(&self) -> u64 {
        self.connections.len() as u64 + u64::from(self.lingering > 0)
    }

    /// Whether it has any.
    fn has_sockets(&self) -> bool {
        self.sockets() > 0
    }

    /// Whether every address of `prefix` is in the set.
    fn covers(&self, prefix: AddrEntry) -> bool {
        self.set().entries().iter().any(|own| own.covers(&prefix))
    }
}

impl Fake {
    /// A kernel with addrctl and the processes named.
    pub fn with_processes(processes: &[(i32, &str)]) -> Self {
        let fake = Self::default();
        fake.state().net_admin = Some(true);
        fake.state().module = Some(ABI_VERSION);
        let own = (OWN_PID, "addrctl");
        for (pid, comm) in processes.iter().chain([&own]) {
            fake.state().processes.insert(*pid, (*comm).to_owned());
        }
        fake
    }

    /// What is in it now.
    pub fn state(&self) -> std::cell::RefMut<'_, State> {
        self.0.borrow_mut()
    }
}
