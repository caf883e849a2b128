// SPDX-License-Identifier: GPL-2.0

//! A kernel made up for tests: processes, and the control device with the
//! semantics that the ABI crate documents. It sees the same bytes the real one
//! would, and reads them with the ABI crate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use addrconf_abi::{
    AddrEntry, AssignRequest, Command, ListRequest, Name, QueryRequest, ReleaseRequest, Target,
    VersionReply, Wire, WireError, ABI_VERSION, MAX_ADDRS, MAX_STRUCT,
};
use rustix::io::Errno;

use crate::system::{link, pointers, Device, System};

/// The process addrctl is in tests.
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
    /// How many there ever were.
    pub last_id: u64,
    /// Opening the device fails with this.
    pub no_device: Option<Errno>,
    /// Calls of this command fail with this.
    pub failing: Option<(Command, Errno)>,
    /// Whether addrctl has `CAP_NET_ADMIN`.
    pub net_admin: Option<bool>,
    /// How many descriptors of the device are open.
    pub open_devices: usize,
    /// Programs executed, and what was open then.
    pub executed: Vec<(Vec<OsString>, usize)>,
    /// Executing fails with this.
    pub exec_error: Option<io::ErrorKind>,
    pidfds: BTreeMap<i32, i32>,
}

/// A made-up association.
#[derive(Default)]
pub struct FakeAssociation {
    /// Name.
    pub name: Name,
    /// Address set.
    pub entries: Vec<AddrEntry>,
    /// Processes.
    pub pids: Vec<i32>,
}

impl Fake {
    /// A kernel with addrctl and the processes named.
    pub fn with_processes(processes: &[(i32, &str)]) -> Self {
        let fake = Self::default();
        fake.state().net_admin = Some(true);
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

    fn has_net_admin(&self) -> Option<bool> {
        self.state().net_admin
    }

    fn exec(&self, program: &OsString, args: &[OsString]) -> io::Error {
        let mut state = self.state();
        let open = state.open_devices;
        let command = [std::slice::from_ref(program), args].concat();
        state.executed.push((command, open));
        state.exec_error.unwrap_or(io::ErrorKind::NotFound).into()
    }
}

struct FakeDevice<'a>(&'a Fake);

impl Drop for FakeDevice<'_> {
    fn drop(&mut self) {
        self.0.state().open_devices -= 1;
    }
}

impl Device for FakeDevice<'_> {
    fn control(
        &self,
        command: Command,
        arg: &mut [u8],
        memory: &mut [&mut [u8]],
    ) -> Result<(), Errno> {
        link(command, arg, memory)?;
        let mut state = self.0.state();
        match state.failing {
            Some((failing, errno)) if failing == command => return Err(errno),
            _ => {}
        }
        for (pointer, slice) in pointers(command).iter().zip(&*memory) {
            let address = u64::from_ne_bytes(arg[pointer.at..][..8].try_into().unwrap());
            assert_eq!(address, slice.as_ptr() as u64);
        }
        match (command, memory) {
            (Command::Version, _) => reply(
                arg,
                &VersionReply {
                    abi: ABI_VERSION,
                    max_addrs: MAX_ADDRS,
                    features: 0,
                },
            ),
            (Command::Assign, [addrs]) => state.assign(arg, addrs),
            (Command::Release, _) => state.release(arg),
            (Command::Query, [addrs, pids]) => state.query(arg, addrs, pids),
            (Command::List, [ids]) => state.list(arg, ids),
            _ => Err(Errno::FAULT),
        }
    }
}

impl State {
    fn process(&self, target: Target) -> Result<i32, Errno> {
        let pid = match target {
            Target::PidFd(fd) => *self.pidfds.get(&fd).ok_or(Errno::BADF)?,
            Target::Pid(pid) => pid,
            _ => return Err(Errno::INVAL),
        };
        let exists = self.processes.contains_key(&pid);
        exists.then_some(pid).ok_or(Errno::SRCH)
    }

    fn association(&self, target: Target) -> Result<u64, Errno> {
        if let Target::Association(id) = target {
            let exists = self.associations.contains_key(&id);
            return exists.then_some(id).ok_or(Errno::NOENT);
        }
        let pid = self.process(target)?;
        let mut all = self.associations.iter();
        let found = all.find(|(_, association)| association.pids.contains(&pid));
        found.map(|(id, _)| *id).ok_or(Errno::NOENT)
    }

    fn assign(&mut self, arg: &mut [u8], addrs: &[u8]) -> Result<(), Errno> {
        let mut request = AssignRequest::decode(arg).map_err(errno)?;
        assert_eq!(request.addr_count as usize * AddrEntry::SIZE, addrs.len());
        let pid = self.process(request.target)?;
        if self.association(request.target).is_ok() {
            return Err(Errno::EXIST);
        }
        let entries = addrs.chunks_exact(AddrEntry::SIZE);
        let association = FakeAssociation {
            name: request.name,
            entries: entries
                .map(AddrEntry::decode)
                .collect::<Result<_, _>>()
                .map_err(errno)?,
            pids: vec![pid],
        };
        self.last_id += 1;
        self.associations.insert(self.last_id, association);
        request.id = self.last_id;
        reply(arg, &request)
    }

    fn release(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = ReleaseRequest::decode(arg).map_err(errno)?;
        let id = self.association(request.target)?;
        let pids = &mut self.associations.get_mut(&id).unwrap().pids;
        let before = pids.len();
        match request.target {
            Target::Association(_) => pids.clear(),
            Target::PidFd(fd) => pids.retain(|pid| self.pidfds[&fd] != *pid),
            _ => return Err(Errno::INVAL),
        }
        request.tasks = (before - pids.len()) as u64;
        self.associations.retain(|_, a| !a.pids.is_empty());
        reply(arg, &request)
    }

    fn query(&mut self, arg: &mut [u8], addrs: &mut [u8], pids: &mut [u8]) -> Result<(), Errno> {
        let mut request = QueryRequest::decode(arg).map_err(errno)?;
        let id = self.association(request.target)?;
        let association = &self.associations[&id];
        let mut buf = [0; MAX_STRUCT];
        for (room, entry) in addrs.chunks_exact_mut(24).zip(&association.entries) {
            room.copy_from_slice(entry.encode(&mut buf));
        }
        for (room, pid) in pids.chunks_exact_mut(4).zip(&association.pids) {
            room.copy_from_slice(&pid.to_ne_bytes());
        }
        request.id = id;
        request.name = association.name;
        request.addr_count = association.entries.len() as u32;
        request.pid_count = association.pids.len() as u32;
        request.tasks = association.pids.len() as u64;
        reply(arg, &request)
    }

    fn list(&mut self, arg: &mut [u8], ids: &mut [u8]) -> Result<(), Errno> {
        let mut request = ListRequest::decode(arg).map_err(errno)?;
        let room = request.room as usize;
        let wanted: Vec<_> = self.associations.range(request.after + 1..).collect();
        for (room, (id, _)) in ids.chunks_exact_mut(8).zip(&wanted) {
            room.copy_from_slice(&id.to_ne_bytes());
        }
        request.count = wanted.len().min(room) as u32;
        request.more = wanted.len() > room;
        reply(arg, &request)
    }
}

fn reply(arg: &mut [u8], answer: &impl Wire) -> Result<(), Errno> {
    arg.copy_from_slice(answer.encode(&mut [0; MAX_STRUCT]));
    Ok(())
}

fn errno(error: WireError) -> Errno {
    match error {
        WireError::TooLong => Errno::TOOBIG,
        _ => Errno::INVAL,
    }
}
