// SPDX-License-Identifier: GPL-2.0

//! Network devices, and ioctls on them.

use std::ffi::CString;
use std::io;
use std::os::fd::AsRawFd;

use super::check;

/// Creates or opens the tunnel device with a name.
pub const TUNSETIFF: libc::c_ulong = 0x4004_54ca;
/// Keeps a tunnel device when nobody has it open.
const TUNSETPERSIST: libc::c_ulong = 0x4004_54cb;
/// Sets the user that a tunnel device belongs to.
const TUNSETOWNER: libc::c_ulong = 0x4004_54cc;
/// Sets the flags of a network device.
pub const SIOCSIFFLAGS: libc::c_ulong = 0x8914;

/// struct ifreq: a name, then the argument of the ioctl.
pub type DeviceRequest = [u8; 40];

/// A request for the device `name` with an argument of 16 bits.
pub fn device_request(name: &str, value: i16) -> DeviceRequest {
    let mut request = [0; 40];
    request[..name.len()].copy_from_slice(name.as_bytes());
    request[16..18].copy_from_slice(&value.to_ne_bytes());
    request
}

/// Calls an ioctl on a network device.
pub fn device_ioctl(
    fd: impl AsRawFd,
    number: libc::c_ulong,
    mut request: DeviceRequest,
) -> io::Result<()> {
    assert!([TUNSETIFF, SIOCSIFFLAGS].contains(&number));
    // SAFETY: the check above guarantees that the ioctl reads and writes a struct ifreq,
    // and `request` is one.
    let ret = unsafe { libc::ioctl(fd.as_raw_fd(), number, request.as_mut_ptr()) };
    check(ret.into()).map(drop)
}

/// Makes a tunnel device persistent, and gives it to a user.
pub fn give_tunnel_to(fd: impl AsRawFd, user: u32) -> io::Result<()> {
    for (number, value) in [(TUNSETOWNER, user), (TUNSETPERSIST, 1)] {
        let value = libc::c_ulong::from(value);
        // SAFETY: these two ioctls take a number and no pointer.
        check(unsafe { libc::ioctl(fd.as_raw_fd(), number, value) }.into())?;
    }
    Ok(())
}

/// The index of an interface.
pub fn interface_index(name: &str) -> io::Result<u32> {
    let name = CString::new(name)?;
    // SAFETY: the `CString` guarantees a string that ends in NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}
