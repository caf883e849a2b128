// SPDX-License-Identifier: GPL-2.0

//! The control call: an ioctl, for which no safe wrapper exists.

use std::ffi::c_void;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use addrconf_abi::Command;
use rustix::event::{poll, PollFd, PollFlags};
use rustix::fs::{major, minor, FileType};
use rustix::io::{retry_on_intr, Errno};
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode};

use super::{link, Device};

/// The name that the driver gives the device (`misc_register()`), as sysfs shows it.
const DEVNAME: &str = "DEVNAME=addrconf";

/// An ioctl of the addrconf device.
///
/// # Invariants
///
/// `arg` is as long as the structure of `command`, and each pointer in it
/// refers to memory, borrowed for longer than the call lasts, of at least as
/// many elements as the pointer's count says. So does each pointer in these elements.
struct ControlCall<'a> {
    command: Command,
    arg: &'a mut [u8],
}

// SAFETY: the opcode is the number of the command. By its definition in the ABI crate,
// the kernel reads and writes the structure at `as_ptr()` and the elements that its
// pointers refer to, at most as many as their counts say, and what pointers in these refer
// to in the same way, and nothing else. The type invariant makes all of these valid for
// writes. `output_from_ptr` ignores the pointer.
unsafe impl Ioctl for ControlCall<'_> {
    type Output = ();

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.command.number()
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.arg.as_mut_ptr().cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> Result<(), Errno> {
        Ok(())
    }
}

/// The open device.
///
/// # Invariants
///
/// The descriptor is the addrconf device's, or that of a driver which does not know
/// our command numbers.
pub struct ControlDevice(OwnedFd);

impl ControlDevice {
    /// Takes over a descriptor of the device.
    ///
    /// # Errors
    ///
    /// `ENOTTY` when the descriptor is not the device's: another driver can give our
    /// command numbers another meaning.
    pub fn new(fd: OwnedFd) -> Result<Self, Errno> {
        let stat = rustix::fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice {
            return Err(Errno::NOTTY);
        }
        let (major, minor) = (major(stat.st_rdev), minor(stat.st_rdev));
        // Without sysfs the name in /dev must do: only the driver or root gives it.
        match fs::read_to_string(format!("/sys/dev/char/{major}:{minor}/uevent")) {
            Ok(uevent) if !uevent.lines().any(|l| l == DEVNAME) => Err(Errno::NOTTY),
            // INVARIANT: the name was checked just above, or the driver or root gave it.
            _ => Ok(Self(fd)),
        }
    }
}

impl Device for ControlDevice {
    fn control(
        &self,
        command: Command,
        arg: &mut [u8],
        memory: &mut [&mut [u8]],
    ) -> Result<(), Errno> {
        link(command, arg, memory)?;
        retry_on_intr(|| {
            // INVARIANT: `link` checked the length, and set every pointer and count
            // from `memory`, which stays borrowed until this function returns. An
            // interrupted call changes neither.
            let call = ControlCall {
                command,
                arg: &mut *arg,
            };
            // SAFETY: `call` implements `Ioctl` correctly for a driver that gives the
            // number the meaning of the ABI crate. By the invariant of `self`, the
            // driver does, or knows no such number and touches no memory.
            unsafe { rustix::ioctl::ioctl(self.0.as_fd(), call) }
        })
    }

    fn read(&self, room: &mut [u8], wait: bool) -> Result<usize, Errno> {
        loop {
            match retry_on_intr(|| rustix::io::read(&self.0, &mut *room)) {
                Err(Errno::AGAIN) if wait => {}
                read => return read,
            }
            let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
            retry_on_intr(|| poll(&mut polled, None))?;
        }
    }
}
