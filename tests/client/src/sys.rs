// SPDX-License-Identifier: GPL-2.0

//! The system calls, with arguments good and bad, and the module itself.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use addrconf_abi::LSM_ID_ADDRCONF;

/// The number of `lsm_set_self_attr(2)`. New calls have the same distance to
/// each other on every architecture (`scripts/syscall.tbl`: 434 and 460).
pub const LSM_SET_SELF_ATTR: libc::c_long = libc::SYS_pidfd_open + (460 - 434);

fn check(ret: libc::c_long) -> io::Result<()> {
    match ret {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Calls an ioctl of the control device whose argument is `arg`, which the
/// kernel may write to. What a structure names besides is the caller's to keep.
pub fn ioctl(fd: BorrowedFd<'_>, number: u32, arg: &mut [u8]) -> io::Result<()> {
    // The number says how many bytes the kernel may touch.
    assert!(addrconf_abi::size_of_arg(number) <= arg.len());
    // SAFETY: `arg` is writable memory of at least the size that the number
    // announces, checked above, and lives through the call.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), number.into(), arg.as_mut_ptr()) }.into())
}

/// Calls an ioctl with an address that belongs to nobody.
///
/// `address` must be an address where no process has memory: 0, or one in the
/// kernel's half.
pub fn ioctl_nowhere(fd: BorrowedFd<'_>, number: u32, address: u64) -> io::Result<()> {
    assert!(address == 0 || address >> 63 == 1);
    // SAFETY: nothing of this process is mapped there, so the kernel finds
    // nothing to write to.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), number.into(), address) }.into())
}

/// Sets an attribute of this process that belongs to the addrconf LSM:
/// `lsm_set_self_attr()`.
pub fn set_self(attribute: u32, content: &[u8]) -> io::Result<()> {
    // struct lsm_ctx: id, flags, len, ctx_len, then the content.
    let len = (32 + content.len()) as u64;
    let mut bytes = Vec::new();
    for field in [LSM_ID_ADDRCONF, 0, len, content.len() as u64] {
        bytes.extend(field.to_ne_bytes());
    }
    bytes.extend(content);
    let (ptr, len) = (bytes.as_ptr(), bytes.len() as u32);
    // SAFETY: the kernel reads `len` bytes at `ptr`.
    check(unsafe { libc::syscall(LSM_SET_SELF_ATTR, attribute, ptr, len, 0) })
}

/// Where the virtual machine has the module.
const MODULE: &str = "/lib/addrconf/addrconf.ko";

/// Unloads the module, without waiting until it is unused.
pub fn unload_module() -> io::Result<()> {
    let name = c"addrconf".as_ptr();
    // SAFETY: `name` ends in NUL.
    check(unsafe { libc::syscall(libc::SYS_delete_module, name, libc::O_NONBLOCK) })
}

/// Loads the module.
pub fn load_module() -> io::Result<()> {
    let file = File::open(MODULE)?;
    // SAFETY: the parameters are an empty string that ends in NUL.
    check(unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), c"".as_ptr(), 0) })
}
