// SPDX-License-Identifier: GPL-2.0

//! A made-up kernel for tests: processes, and the control device with the semantics
//! that the ABI crate documents. It gets the same bytes as the real one, and reads them
//! with the ABI crate. The control calls are in `device.rs`.

mod defined;
mod device;
mod leftovers;
mod narrow;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use addrconf_abi::{AddrEntry, Command, Obstacle, Terms, ABI_VERSION};
use rustix::io::Errno;

use crate::address::AddressSet;
use crate::system::{AskedRights, Device, Failed, NetAdmin, Rights, System};
use device::FakeDevice;

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
    /// How long addrctl slept.
    pub slept: Duration,
    /// Associating fails because of this obstacle.
    pub obstacle: Option<Obstacle>,
    /// Executing fails with this.
    pub exec_error: Option<io::ErrorKind>,
    pidfds: BTreeMap<i32, i32>,
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
    /// For how many more calls it has a socket, those of list and those that this refuses.
    pub lingering: u32,
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

impl System for Fake {
    fn open_device(&self) -> Result<Box<dyn Device + '_>, Errno> {
        if let Some(errno) = self.state().no_device {
            return Err(errno);
        }
        self.state().open_devices += 1;
        Ok(Box::new(FakeDevice(self)))
    }

    fn device_path(&self) -> String {
        addrconf_abi::DEVICE_PATH.to_owned()
    }

    fn is_loaded(&self) -> bool {
        self.state().hidden_device
    }

    fn pidfd_open(&self, pid: i32) -> Result<OwnedFd, Errno> {
        let mut state = self.state();
        if state.threads.contains_key(&pid) {
            return Err(Errno::INVAL);
        }
        if !state.processes.contains_key(&pid) {
            return Err(Errno::SRCH);
        }
        let fd: OwnedFd = File::open("/dev/null").unwrap().into();
        state.pidfds.insert(fd.as_raw_fd(), pid);
        Ok(fd)
    }

    fn own_pid(&self) -> i32 {
        OWN_PID
    }

    fn comm(&self, pid: i32) -> Option<String> {
        self.state().processes.get(&pid).cloned()
    }

    fn thread_group(&self, tid: i32) -> Option<i32> {
        self.state().threads.get(&tid).copied()
    }

    fn ancestors(&self) -> Vec<i32> {
        self.state().ancestors.clone()
    }

    fn local_addresses(&self) -> Option<Vec<IpAddr>> {
        self.state().local.clone()
    }

    fn note(&self, text: &str) {
        self.state().notes.push(text.to_owned());
    }

    fn is_kernel_thread(&self, pid: i32) -> bool {
        self.state().kernel_thread == Some(pid)
    }

    fn net_admin(&self) -> NetAdmin {
        let state = self.state();
        match state.net_admin {
            Some(true) if state.user_namespace => NetAdmin::InUserNamespace,
            Some(true) => NetAdmin::Held,
            Some(false) => NetAdmin::Missing,
            None => NetAdmin::Unknown,
        }
    }

    fn narrow(&self, context: &[u8]) -> Result<(), Errno> {
        self.state().narrow(context)
    }

    fn sleep(&self, time: Duration) {
        self.state().slept += time;
    }

    fn look_up_rights(&self, asked: &AskedRights) -> Result<Rights, String> {
        let mut state = self.state();
        match state.no_rights {
            Some(what) => Err(what.to_owned()),
            None => {
                state.rights.push((asked.clone(), false));
                Ok(Rights::default())
            }
        }
    }

    fn take_rights(&self, _: &Rights) -> Result<(), Failed> {
        let mut state = self.state();
        if let Some(errno) = state.no_taking {
            return Err(("set the user", errno));
        }
        if let Some((_, taken)) = state.rights.last_mut() {
            *taken = true;
        }
        Ok(())
    }

    fn exec(&self, program: &OsString, args: &[OsString]) -> io::Error {
        let mut state = self.state();
        let open = state.open_devices;
        let command = [std::slice::from_ref(program), args].concat();
        state.executed.push((command, open));
        state.exec_error.unwrap_or(io::ErrorKind::NotFound).into()
    }
}
