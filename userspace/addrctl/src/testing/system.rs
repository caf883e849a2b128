// SPDX-License-Identifier: GPL-2.0

//! The made-up machine: what commands see of it without the control device.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use rustix::io::Errno;

use super::device::FakeDevice;
use super::terminal::FakeScreen;
use super::{Fake, OWN_PID};
use crate::system::{
    AskedRights, Cgroup, Credentials, Device, Failed, InterfaceAddress, Journal, Link, NetAdmin,
    Protocol, Rights, Screen, Socket, System,
};

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

    fn own_state(&self) -> io::Result<String> {
        let state = self.state();
        match state.module {
            Some(abi) if abi >= 9 => Ok(state.own_state.clone()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn policy_files(&self, path: &Path) -> io::Result<Vec<(PathBuf, String)>> {
        let state = self.state();
        let named = |(at, _): &(&PathBuf, &String)| at.starts_with(path);
        let found: Vec<_> = state.policies.iter().filter(named).collect();
        match found.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(found
                .into_iter()
                .map(|(at, text)| (at.clone(), text.clone()))
                .collect()),
        }
    }

    fn read_input(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        // It arrives in pieces.
        let count = room.len().min(7).min(state.input.len());
        for (place, byte) in room.iter_mut().zip(state.input.drain(..count)) {
            *place = byte;
        }
        Ok(count)
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

    fn open_memory(&self, pid: i32) -> Result<OwnedFd, Errno> {
        let mut state = self.state();
        if !state.own.contains(&pid) {
            return Err(Errno::ACCESS);
        }
        let fd: OwnedFd = File::open("/dev/null").unwrap().into();
        state.memories.insert(fd.as_raw_fd(), pid);
        Ok(fd)
    }

    fn share_device(&self, shared: bool) -> Result<(), Errno> {
        let mut state = self.state();
        if let Some(errno) = state.no_sharing {
            return Err(errno);
        }
        state.shared_device = shared;
        Ok(())
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

    fn parent(&self, pid: i32) -> Option<i32> {
        let state = self.state();
        let mut all = state.children.iter();
        all.find(|(_, below)| below.contains(&pid))
            .map(|(parent, _)| *parent)
    }

    fn ancestors(&self) -> Vec<i32> {
        self.state().ancestors.clone()
    }

    fn interface_addresses(&self) -> Option<Vec<InterfaceAddress>> {
        let state = self.state();
        let found = |&addr: &IpAddr| InterfaceAddress {
            interface: "eth0".to_owned(),
            addr,
            link: match state.down.contains(&addr) {
                true => Link::Down,
                false => Link::Up,
            },
        };
        Some(state.local.as_ref()?.iter().map(found).collect())
    }

    fn security_modules(&self) -> Option<String> {
        self.state().security_modules.clone()
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        self.state().nameservers.clone()
    }

    fn credentials(&self, pid: i32) -> Option<Credentials> {
        self.state().credentials.get(&pid).cloned()
    }

    fn unit_of(&self, pid: i32) -> Option<String> {
        let state = self.state();
        let path = state
            .cgroups
            .iter()
            .find(|(_, group)| group.pids.contains(&pid));
        let name = path?.0.file_name()?.to_str()?;
        Some(name.to_owned())
    }

    fn sockets(&self, protocol: Protocol) -> io::Result<Vec<Socket>> {
        self.state().dump(protocol)
    }

    fn holders(&self, inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<i32>> {
        self.state().holders(inodes)
    }

    fn journal(&self) -> io::Result<Journal> {
        match &self.state().journal {
            Some(path) => Journal::open(path),
            None => Err(io::ErrorKind::NotFound.into()),
        }
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
        self.state().pass(time);
        let happens = self.state().while_asleep.take();
        if let Some(happens) = happens {
            happens();
        }
    }

    fn clock(&self) -> Duration {
        self.state().slept
    }

    fn is_terminal(&self) -> bool {
        self.state().terminal.is_some()
    }

    fn screen(&self) -> io::Result<Box<dyn Screen + '_>> {
        Ok(Box::new(FakeScreen::new(self)))
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

    fn user_id(&self, text: &str) -> Result<u32, String> {
        self.state().user_id(text)
    }

    fn group_id(&self, text: &str) -> Result<u32, String> {
        self.state().group_id(text)
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        self.state().user_name(uid)
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        self.state().group_name(gid)
    }

    fn open_path(&self, path: &Path) -> Result<OwnedFd, Errno> {
        self.state().open_path(path)
    }

    fn cgroup(&self, path: &Path) -> Result<Cgroup, Errno> {
        self.state().cgroup(path)
    }

    fn cgroup_paths_are_real(&self) -> bool {
        !self.state().in_container
    }

    fn cgroup_tree(&self, path: &Path) -> Vec<PathBuf> {
        self.state().cgroup_tree(path)
    }

    fn cgroup_processes(&self, path: &Path) -> Result<Vec<i32>, Errno> {
        self.state().cgroup_processes(path)
    }

    fn systemctl(&self, args: &[&str]) -> io::Result<Output> {
        self.state().systemctl(args)
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
