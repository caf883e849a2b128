// SPDX-License-Identifier: GPL-2.0

//! The machine itself: `/dev/addrconf`, pidfds, `/proc`, exec.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::iter;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Output};
use std::time::Duration;

use addrconf_abi::SYSFS_PATH;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags};

use super::ioctl::ControlDevice;
use super::{
    cgroup, facts, journal, narrow, rights, sockets, terminal, AskedRights, Cgroup, Credentials,
    Device, Failed, InterfaceAddress, Journal, NetAdmin, Protocol, Rights, Screen, Socket, System,
};

/// The running Linux.
pub struct Linux {
    device: PathBuf,
}

impl Linux {
    /// The running Linux, with the control device at `device`.
    pub fn new(device: PathBuf) -> Self {
        Self { device }
    }
}

impl System for Linux {
    fn open_device(&self) -> Result<Box<dyn Device + '_>, Errno> {
        // The program that `run` executes must not get the descriptor.
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let fd = rustix::fs::open(&self.device, flags, Mode::empty())?;
        Ok(Box::new(ControlDevice::new(fd)?))
    }

    fn device_path(&self) -> String {
        self.device.display().to_string()
    }

    fn is_loaded(&self) -> bool {
        Path::new(SYSFS_PATH).exists()
    }

    fn own_state(&self) -> io::Result<String> {
        fs::read_to_string(Path::new(SYSFS_PATH).join("self"))
    }

    fn policy_files(&self, path: &Path) -> io::Result<Vec<(PathBuf, String)>> {
        if path == Path::new("-") {
            return Ok(vec![("stdin".into(), io::read_to_string(io::stdin())?)]);
        }
        let mut paths = vec![path.to_owned()];
        if path.is_dir() {
            let all: io::Result<Vec<_>> = fs::read_dir(path)?.map(|e| Ok(e?.path())).collect();
            paths = all?;
            paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
            paths.sort();
        }
        let read = |path: PathBuf| fs::read_to_string(&path).map(|text| (path, text));
        paths.into_iter().map(read).collect()
    }

    fn read_input(&self, room: &mut [u8]) -> io::Result<usize> {
        io::stdin().read(room)
    }

    fn pidfd_open(&self, pid: i32) -> Result<OwnedFd, Errno> {
        let pid = Pid::from_raw(pid).ok_or(Errno::SRCH)?;
        rustix::process::pidfd_open(pid, PidfdFlags::empty())
    }

    fn open_memory(&self, pid: i32) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::open(format!("/proc/{pid}/mem"), flags, Mode::empty())
    }

    fn share_device(&self, shared: bool) -> Result<(), Errno> {
        let mode = if shared { 0o666 } else { 0o600 };
        rustix::fs::chmod(&self.device, Mode::from_raw_mode(mode))
    }

    fn own_pid(&self) -> i32 {
        rustix::process::getpid().as_raw_nonzero().get()
    }

    fn comm(&self, pid: i32) -> Option<String> {
        let bytes = fs::read(format!("/proc/{pid}/comm")).ok()?;
        let comm = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        Some(String::from_utf8_lossy(comm).into_owned())
    }

    fn thread_group(&self, tid: i32) -> Option<i32> {
        facts::status_field(&tid.to_string(), "Tgid")?.parse().ok()
    }

    fn parent(&self, pid: i32) -> Option<i32> {
        facts::status_field(&pid.to_string(), "PPid")?.parse().ok()
    }

    fn ancestors(&self) -> Vec<i32> {
        iter::successors(self.parent(self.own_pid()), |&pid| self.parent(pid))
            .take_while(|&pid| pid > 0)
            .collect()
    }

    fn interface_addresses(&self) -> Option<Vec<InterfaceAddress>> {
        facts::interface_addresses()
    }

    fn security_modules(&self) -> Option<String> {
        facts::security_modules()
    }

    fn nameservers(&self) -> Vec<IpAddr> {
        facts::nameservers()
    }

    fn credentials(&self, pid: i32) -> Option<Credentials> {
        facts::credentials_of(pid)
    }

    fn unit_of(&self, pid: i32) -> Option<String> {
        facts::unit_of(pid)
    }

    fn sockets(&self, protocol: Protocol) -> io::Result<Vec<Socket>> {
        sockets::dump(protocol)
    }

    fn holders(&self, inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<i32>> {
        sockets::holders(inodes)
    }

    fn journal(&self) -> io::Result<Journal> {
        Journal::open(Path::new(journal::SOCKET))
    }

    fn note(&self, text: &str) {
        // When standard error is closed, the note has no reader.
        let _ = writeln!(io::stderr(), "addrctl: note: {text}");
    }

    fn is_kernel_thread(&self, pid: i32) -> bool {
        facts::status_field(&pid.to_string(), "Kthread").as_deref() == Some("1")
    }

    fn net_admin(&self) -> NetAdmin {
        facts::net_admin()
    }

    fn narrow(&self, context: &[u8]) -> Result<(), Errno> {
        narrow::narrow(context)
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn clock(&self) -> Duration {
        facts::clock()
    }

    fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn screen(&self) -> io::Result<Box<dyn Screen + '_>> {
        terminal::take()
    }

    fn look_up_rights(&self, asked: &AskedRights) -> Result<Rights, String> {
        rights::look_up(asked)
    }

    fn user_id(&self, text: &str) -> Result<u32, String> {
        rights::user_id(text)
    }

    fn group_id(&self, text: &str) -> Result<u32, String> {
        rights::group_id(text)
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        rights::user_name(uid)
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        rights::group_name(gid)
    }

    fn open_path(&self, path: &Path) -> Result<OwnedFd, Errno> {
        rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
    }

    fn cgroup(&self, path: &Path) -> Result<Cgroup, Errno> {
        cgroup::find(path)
    }

    fn cgroup_paths_are_real(&self) -> bool {
        cgroup::paths_are_real()
    }

    fn cgroup_tree(&self, path: &Path) -> Vec<PathBuf> {
        cgroup::tree(path)
    }

    fn cgroup_processes(&self, path: &Path) -> Result<Vec<i32>, Errno> {
        cgroup::processes(path)
    }

    fn systemctl(&self, args: &[&str]) -> io::Result<Output> {
        process::Command::new("systemctl")
            .args(args)
            // Messages in another language cannot be told apart.
            .env("LC_ALL", "C")
            .stdin(process::Stdio::null())
            .output()
    }

    fn take_rights(&self, rights: &Rights) -> Result<(), Failed> {
        rights::take(rights)
    }

    fn exec(&self, program: &OsString, args: &[OsString]) -> io::Error {
        process::Command::new(program).args(args).exec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux() -> Linux {
        Linux::new("/nonexistent/addrconf".into())
    }

    #[test]
    fn a_missing_device_is_enoent_and_a_file_is_not_the_device() {
        assert_eq!(linux().open_device().err(), Some(Errno::NOENT));
        let file = std::env::current_exe().unwrap();
        let error = Linux::new(file).open_device().err();
        // The file of a running program cannot be written to.
        assert!(matches!(error, Some(Errno::TXTBSY | Errno::NOTTY)));
    }

    #[test]
    fn another_character_device_is_recognised() {
        let null = Linux::new("/dev/null".into());
        // Without sysfs, opening it succeeds, and the driver does not know our calls.
        let error = null.open_device().and_then(|device| {
            let mut arg = [0; 16];
            device.control(addrconf_abi::Command::Version, &mut arg, &mut [])
        });
        assert_eq!(error, Err(Errno::NOTTY));
    }

    #[test]
    fn a_program_that_does_not_exist_is_not_executed() {
        let error = linux().exec(&"/nonexistent/program".into(), &[]);
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn this_very_process_can_be_named_and_opened() {
        let linux = linux();
        let pid = linux.own_pid();
        assert!(linux.pidfd_open(pid).is_ok());
        assert!(linux.comm(pid).is_some());
        assert_eq!(linux.thread_group(pid), Some(pid));
        assert_ne!(linux.net_admin(), NetAdmin::Unknown);
        assert!(!linux.is_kernel_thread(pid));
    }
}
