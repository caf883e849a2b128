// SPDX-License-Identifier: GPL-2.0

//! Mappings of memory: shared with the kernel or with other processes, or filled on first
//! use.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustix::fs::MemfdFlags;

use super::check;
use super::descriptor::place;

/// Maps `len` bytes of a file, or anonymous memory if `fd` is −1, at an address that the
/// kernel chooses.
fn map(fd: i32, len: usize, access: i32, flags: i32, offset: i64) -> io::Result<NonNull<u8>> {
    // SAFETY: a new mapping at an address that the kernel chooses replaces no memory
    // that is in use.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), len, access, flags, fd, offset) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(NonNull::new(at.cast()).expect("a mapping"))
}

/// Maps anonymous memory, `MAP_PRIVATE` or `MAP_SHARED` with later children.
pub(crate) fn anonymous(len: usize, flags: i32) -> io::Result<NonNull<u8>> {
    map(-1, len, READ_WRITE, flags | libc::MAP_ANONYMOUS, 0)
}

const READ_WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;

/// Counters that several processes share.
pub type Cells = &'static [AtomicU64];

/// Cells that this process shares with children that it makes later.
pub fn shared_cells(count: usize) -> io::Result<Cells> {
    let at = anonymous(count * size_of::<AtomicU64>(), libc::MAP_SHARED)?;
    // SAFETY: the mapping was just made, with room for `count` cells of zeroes, aligned
    // to a page. Nobody unmaps it, and all that share it use it as atomics.
    Ok(unsafe { std::slice::from_raw_parts(at.as_ptr().cast(), count) })
}

/// Makes a file of cells. Its descriptor gets this number and stays open across `exec`, so
/// that processes can share the cells.
pub fn make_cells(number: i32, count: usize) -> io::Result<()> {
    let fd = rustix::fs::memfd_create(c"world", MemfdFlags::empty())?;
    rustix::fs::ftruncate(&fd, (count * size_of::<AtomicU64>()) as u64)?;
    place(fd, number)
}

/// Maps such a file of cells. The mapping is never removed.
pub fn map_cells(number: i32, count: usize) -> io::Result<Cells> {
    let len = count * size_of::<AtomicU64>();
    let at = map(number, len, READ_WRITE, libc::MAP_SHARED, 0)?;
    // SAFETY: the mapping was just made, with room for `count` cells, aligned to a page.
    // Nobody unmaps it, and all that share it use it as atomics.
    Ok(unsafe { std::slice::from_raw_parts(at.as_ptr().cast(), count) })
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
    /// Anonymous memory, which the kernel reads and writes.
    pub fn new(len: usize) -> io::Result<Self> {
        Self::map(len, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    }

    /// Part of the memory that a socket shares.
    pub fn of(fd: BorrowedFd<'_>, len: usize, offset: i64) -> io::Result<Self> {
        Self::map(len, libc::MAP_SHARED, fd.as_raw_fd(), offset)
    }

    fn map(len: usize, flags: i32, fd: i32, offset: i64) -> io::Result<Self> {
        let at = map(fd, len, READ_WRITE, flags | libc::MAP_POPULATE, offset)?;
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

    /// Puts its pages into a pipe, which holds references to them.
    pub fn put_into(&self, pipe: BorrowedFd<'_>) -> io::Result<usize> {
        let part = self.part();
        // SAFETY: the type invariants guarantee that `part` is memory that is there; the
        // kernel reads it.
        let put = unsafe { libc::vmsplice(pipe.as_raw_fd(), &part, 1, libc::SPLICE_F_NONBLOCK) };
        check(put as _).map(|n| n as usize)
    }

    /// Writes bytes.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.len);
        // SAFETY: the type invariants and the check above guarantee that the bytes are
        // within the mapping. The kernel writes there only after a later call asks it to.
        unsafe {
            let to = self.at.as_ptr().add(offset);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    /// Whether it contains these bytes.
    pub fn contains(&self, wanted: &[u8]) -> bool {
        let byte = |offset: usize| {
            // SAFETY: the type invariants guarantee the byte, as the range below keeps
            // `offset` below `len`; volatile because the kernel may be writing.
            unsafe { self.at.as_ptr().add(offset).read_volatile() }
        };
        (0..self.len - wanted.len())
            .any(|at| wanted.iter().enumerate().all(|(i, b)| byte(at + i) == *b))
    }

    /// Publishes a ring's counter.
    pub fn publish(&self, offset: usize, value: u32) {
        assert!(offset % 4 == 0 && offset + 4 <= self.len);
        // SAFETY: the type invariants and the check above guarantee an aligned number
        // within the mapping.
        let counter = unsafe { &*self.at.as_ptr().add(offset).cast::<AtomicU32>() };
        counter.store(value, Ordering::Release);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the type invariants guarantee that this owns the mapping, and nothing
        // borrows from it for longer than a call.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.len) };
    }
}

/// The first bytes of a file, or anonymous memory, of which no page is present yet. Only
/// the kernel reads it, for the calls below.
///
/// # Invariants
///
/// `at` is the start of a mapping of `len` bytes, readable, which this owns.
#[derive(Debug)]
pub struct Mapped {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: no method but `drop` changes the mapping, and only the kernel reads its pages.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps the first bytes of a file.
    pub fn of(fd: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        Self::map(fd.as_raw_fd(), len, libc::MAP_PRIVATE)
    }

    /// Maps anonymous memory.
    pub fn anonymous(len: usize) -> io::Result<Self> {
        Self::map(-1, len, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)
    }

    fn map(fd: i32, len: usize, flags: i32) -> io::Result<Self> {
        let at = map(fd, len, libc::PROT_READ, flags, 0)?;
        // INVARIANT: it was just made.
        Ok(Self { at, len })
    }

    /// Its address.
    pub fn address(&self) -> u64 {
        self.at.as_ptr() as u64
    }

    /// Sends it on a connection.
    pub fn send(&self, fd: BorrowedFd<'_>) -> io::Result<usize> {
        let at = self.at.as_ptr().cast();
        // SAFETY: the type invariants guarantee `len` bytes, which only the kernel reads. If
        // it cannot fault a page in, it returns an error.
        let sent = unsafe { libc::send(fd.as_raw_fd(), at, self.len, 0) };
        check(sent as _).map(|n| n as usize)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the type invariants guarantee that this owns the mapping.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.len) };
    }
}
