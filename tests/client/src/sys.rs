// SPDX-License-Identifier: GPL-2.0

//! The system calls of the client, with valid and invalid arguments, and loading and
//! unloading the module.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use addrconf_abi::LSM_ID_ADDRCONF;

/// The number of `lsm_set_self_attr(2)`. The distance between two new calls is the
/// same on every architecture (`scripts/syscall.tbl`: 434 and 460).
pub const LSM_SET_SELF_ATTR: libc::c_long = libc::SYS_pidfd_open + (460 - 434);

fn check(ret: libc::c_long) -> io::Result<()> {
    match ret {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Calls an ioctl of the control device with the argument `arg`, which the kernel
/// may write to. The caller keeps alive the memory that the structure points to.
pub fn ioctl(fd: BorrowedFd<'_>, number: u32, arg: &mut [u8]) -> io::Result<()> {
    // The number says how many bytes the kernel may touch.
    assert!(addrconf_abi::size_of_arg(number) <= arg.len());
    // SAFETY: `arg` is writable and lives until the call returns. The assertion above
    // guarantees that it has the size that the number announces.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), number.into(), arg.as_mut_ptr()) }.into())
}

/// Calls an ioctl with an unmapped address.
///
/// `address` must be one where no process has memory: 0, or one in the kernel's half.
pub fn ioctl_nowhere(fd: BorrowedFd<'_>, number: u32, address: u64) -> io::Result<()> {
    assert!(address == 0 || address >> 63 == 1);
    // SAFETY: the assertion above guarantees that nothing of this process is mapped at
    // `address`, so the kernel writes to none of its memory.
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
    // SAFETY: the kernel reads `len` bytes at `ptr`, which are those of `bytes`.
    check(unsafe { libc::syscall(LSM_SET_SELF_ATTR, attribute, ptr, len, 0) })
}

/// The module's file in the virtual machine.
const MODULE: &str = "/lib/addrconf/addrconf.ko";

/// Unloads the module. Fails at once if it is in use.
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
