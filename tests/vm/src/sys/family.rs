// SPDX-License-Identifier: GPL-2.0

//! What sockets of unusual families need: rings in memory that is shared with
//! the kernel, and ioctls about network devices.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use super::check;

/// Asks for a tunnel device of a name.
pub const TUNSETIFF: libc::c_ulong = 0x4004_54ca;
/// Has a tunnel device stay when nobody has it open.
const TUNSETPERSIST: libc::c_ulong = 0x4004_54cb;
/// Says which user a tunnel device belongs to.
const TUNSETOWNER: libc::c_ulong = 0x4004_54cc;
/// Sets the flags of a network device.
pub const SIOCSIFFLAGS: libc::c_ulong = 0x8914;

/// struct ifreq: a name, then what the call is about.
pub type DeviceRequest = [u8; 40];

/// A request about the device `name` with a number of 16 bits.
pub fn device_request(name: &str, value: i16) -> DeviceRequest {
    let mut request = [0; 40];
    request[..name.len()].copy_from_slice(name.as_bytes());
    request[16..18].copy_from_slice(&value.to_ne_bytes());
    request
}

/// Calls an ioctl about a network device.
pub fn device_ioctl(
    fd: BorrowedFd<'_>,
    number: libc::c_ulong,
    mut request: DeviceRequest,
) -> io::Result<()> {
    assert!([TUNSETIFF, SIOCSIFFLAGS].contains(&number));
    // SAFETY: these calls read and write a struct ifreq, which `request` is.
    let ret = unsafe { libc::ioctl(fd.as_raw_fd(), number, request.as_mut_ptr()) };
    check(ret.into()).map(drop)
}

/// Has a tunnel device stay, and belong to a user.
pub fn give_tunnel_to(fd: BorrowedFd<'_>, user: u32) -> io::Result<()> {
    for (number, value) in [(TUNSETOWNER, user), (TUNSETPERSIST, 1)] {
        let value = libc::c_ulong::from(value);
        // SAFETY: these calls take a number and no pointer.
        check(unsafe { libc::ioctl(fd.as_raw_fd(), number, value) }.into())?;
    }
    Ok(())
}

/// Reads a socket option of any size.
pub fn option_bytes(fd: BorrowedFd<'_>, level: i32, name: i32, room: usize) -> io::Result<Vec<u8>> {
    exchange_option(fd, level, name, vec![0; room])
}

/// Reads a socket option that is asked for by what is in `value`.
pub fn exchange_option(
    fd: BorrowedFd<'_>,
    level: i32,
    name: i32,
    mut value: Vec<u8>,
) -> io::Result<Vec<u8>> {
    let mut len = value.len() as libc::socklen_t;
    let ptr = value.as_mut_ptr().cast();
    // SAFETY: `ptr` is room for `len` bytes.
    let ret = unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, ptr, &mut len) };
    check(ret.into())?;
    value.truncate(len as usize);
    Ok(value)
}

/// Makes a pair of connected sockets.
pub fn socket_pair(domain: i32, kind: i32, protocol: i32) -> io::Result<()> {
    let mut fds = [0; 2];
    // SAFETY: `fds` is room for two descriptors.
    check(unsafe { libc::socketpair(domain, kind, protocol, fds.as_mut_ptr()) }.into())?;
    for fd in fds {
        // SAFETY: the call returned new descriptors that nobody else owns.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Memory that is shared with the kernel.
///
/// # Invariants
///
/// `at` is the start of a mapping of `len` bytes, readable and writable, which
/// this owns.
#[derive(Debug)]
pub struct Shared {
    at: NonNull<u8>,
    len: usize,
}

impl Shared {
    /// Memory of this process for the kernel to read and write.
    pub fn new(len: usize) -> io::Result<Self> {
        Self::map(len, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    }

    /// A part of what a socket shares.
    pub fn of(fd: BorrowedFd<'_>, len: usize, offset: i64) -> io::Result<Self> {
        Self::map(len, libc::MAP_SHARED, fd.as_raw_fd(), offset)
    }

    fn map(len: usize, flags: i32, fd: i32, offset: i64) -> io::Result<Self> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = flags | libc::MAP_POPULATE;
        // SAFETY: a new mapping at an address of the kernel's choice touches
        // no memory that is in use.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len, access, flags, fd, offset) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let at = NonNull::new(at.cast()).expect("a mapping");
        // INVARIANT: just mapped so.
        Ok(Self { at, len })
    }

    /// Its address, for the kernel.
    pub fn address(&self) -> u64 {
        self.at.as_ptr() as u64
    }

    /// All of it, for the kernel.
    pub fn part(&self) -> libc::iovec {
        libc::iovec {
            iov_base: self.at.as_ptr().cast(),
            iov_len: self.len,
        }
    }

    /// Puts its pages into a pipe, which keeps them.
    pub fn put_into(&self, pipe: BorrowedFd<'_>) -> io::Result<usize> {
        let part = self.part();
        // SAFETY: `part` is memory that is there, by the invariants; the kernel
        // reads it.
        let put = unsafe { libc::vmsplice(pipe.as_raw_fd(), &part, 1, libc::SPLICE_F_NONBLOCK) };
        check(put as _).map(|n| n as usize)
    }

    /// Writes bytes.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.len);
        // SAFETY: by the invariant and the check above the bytes are within
        // the mapping; the kernel does not write there before it is told to.
        unsafe {
            let to = self.at.as_ptr().add(offset);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    /// Whether these bytes are somewhere in it.
    pub fn contains(&self, wanted: &[u8]) -> bool {
        let byte = |offset: usize| {
            // SAFETY: by the invariant, and `offset` is below `len`; volatile
            // because the kernel may be writing.
            unsafe { self.at.as_ptr().add(offset).read_volatile() }
        };
        (0..self.len - wanted.len())
            .any(|at| wanted.iter().enumerate().all(|(i, b)| byte(at + i) == *b))
    }

    /// Publishes a ring's counter.
    pub fn publish(&self, offset: usize, value: u32) {
        assert!(offset % 4 == 0 && offset + 4 <= self.len);
        // SAFETY: by the invariant and the check above it is an aligned
        // number within the mapping.
        let counter = unsafe { &*self.at.as_ptr().add(offset).cast::<AtomicU32>() };
        counter.store(value, Ordering::Release);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: by the invariant the mapping is this one's own, and nothing
        // borrows from it for longer than a call.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.len) };
    }
}
