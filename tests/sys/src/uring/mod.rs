// SPDX-License-Identifier: GPL-2.0

//! Socket calls made by the kernel's threads, through io_uring.

pub mod arena;
mod command;
mod files;
mod message;
mod pending;
pub mod table;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use io_uring::{opcode, squeue, types, IoUring};

use super::addr::Addr;
use super::descriptor::close;
use super::waiting::within;

pub use pending::Wait;

/// How long a polling thread may take to notice an operation.
const PATIENCE: Duration = Duration::from_secs(5);

/// The file of an operation.
#[derive(Clone, Copy)]
pub enum On<'a> {
    /// A file, through its descriptor.
    File(BorrowedFd<'a>),
    /// A file in the ring's own table.
    Slot(u32),
}

impl<'a, T: AsFd> From<&'a T> for On<'a> {
    fn from(file: &'a T) -> Self {
        Self::File(file.as_fd())
    }
}

impl On<'_> {
    fn fd(self) -> types::Fd {
        types::Fd(match self {
            Self::File(fd) => fd.as_raw_fd(),
            // With `Flags::FIXED_FILE` this is an index.
            Self::Slot(index) => index as i32,
        })
    }

    fn flags(self) -> squeue::Flags {
        match self {
            Self::File(_) => squeue::Flags::empty(),
            Self::Slot(_) => squeue::Flags::FIXED_FILE,
        }
    }
}

/// A ring. A kernel thread runs its operations, never the calling thread, except for those
/// that are only begun.
pub struct Ring(IoUring);

impl Default for Ring {
    fn default() -> Self {
        Self::new()
    }
}

impl Ring {
    /// A ring with worker threads.
    pub fn new() -> Self {
        Self(IoUring::new(8).expect("a ring"))
    }

    /// A ring that a kernel thread also polls for work.
    pub fn polled() -> Self {
        Self::polled_for(10_000)
    }

    /// Such a ring whose thread sleeps soon if there is no work.
    pub fn briefly_polled() -> Self {
        Self::polled_for(50)
    }

    /// A ring whose operations the calling thread continues when it next leaves the kernel,
    /// without being interrupted for them.
    pub fn cooperative() -> Self {
        let ring = IoUring::builder().setup_coop_taskrun().build(8);
        Self(ring.expect("a cooperative ring"))
    }

    fn polled_for(milliseconds: u32) -> Self {
        let ring = IoUring::builder().setup_sqpoll(milliseconds).build(8);
        Self(ring.expect("a polled ring"))
    }

    /// Runs an operation, and waits for its result.
    ///
    /// The memory that `entry` points to must stay in place until then.
    fn run(&mut self, entry: squeue::Entry) -> io::Result<i32> {
        let entry = entry.flags(squeue::Flags::ASYNC);
        // SAFETY: every caller, all in this folder, keeps the memory that `entry` points to in
        // place until this function returns. By then the operation has ended.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        self.0.submit_and_wait(1)?;
        self.result()
    }

    /// The result of an operation that has ended.
    fn result(&mut self) -> io::Result<i32> {
        let done = self.0.completion().next().expect("a completion");
        result_of(done.result())
    }

    /// Runs an operation on a descriptor or a slot.
    fn run_on(
        &mut self,
        on: On<'_>,
        make: impl FnOnce(types::Fd) -> squeue::Entry,
    ) -> io::Result<i32> {
        self.run(make(on.fd()).flags(on.flags()))
    }

    /// Runs an empty operation, so that the threads exist.
    pub fn warm_up(&mut self) {
        self.run(opcode::Nop::new().build()).expect("a nop");
    }

    /// `socket()`.
    pub fn socket(&mut self, domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
        let fd = self.run(opcode::Socket::new(domain, kind, protocol).build())?;
        // SAFETY: the kernel made this descriptor for the operation, so nothing owns it yet.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// `bind()`.
    pub fn bind<'a>(&mut self, on: impl Into<On<'a>>, addr: impl Into<Addr>) -> io::Result<()> {
        let addr = addr.into();
        let (ptr, len) = name(&addr);
        self.run_on(on.into(), |fd| opcode::Bind::new(fd, ptr, len).build())
            .map(drop)
    }

    /// `listen()`.
    pub fn listen<'a>(&mut self, on: impl Into<On<'a>>) -> io::Result<()> {
        self.run_on(on.into(), |fd| opcode::Listen::new(fd, 16).build())
            .map(drop)
    }

    /// `connect()`.
    pub fn connect<'a>(&mut self, on: impl Into<On<'a>>, addr: impl Into<Addr>) -> io::Result<()> {
        let addr = addr.into();
        let (ptr, len) = name(&addr);
        self.run_on(on.into(), |fd| opcode::Connect::new(fd, ptr, len).build())
            .map(drop)
    }

    /// `accept()`.
    pub fn accept<'a>(&mut self, on: impl Into<On<'a>>) -> io::Result<OwnedFd> {
        let none = std::ptr::null_mut();
        let fd = self.run_on(on.into(), |fd| {
            opcode::Accept::new(fd, none, none.cast()).build()
        })?;
        // SAFETY: the kernel made this descriptor for the operation, so nothing owns it yet.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Its descriptor's number.
    pub fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Its descriptor.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        // SAFETY: the result borrows the ring, which keeps the descriptor open.
        unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }

    /// Closes this process's descriptor of a polled ring, and keeps the memory.
    pub fn close_descriptor(&self) {
        // The caller ends with `_exit`, so the ring does not close the number again.
        close(self.0.as_raw_fd());
    }

    /// Makes the thread of a polled ring bind a socket, through the shared memory alone. The
    /// thread reads `addr` in the memory of the process that made the ring, and `sock` is a
    /// descriptor of that process.
    pub fn bind_by_memory(&mut self, sock: &impl AsFd, addr: &'static Addr) -> io::Result<()> {
        let (ptr, len) = name(addr);
        let entry = opcode::Bind::new(On::from(sock).fd(), ptr, len).build();
        // SAFETY: the address is `'static`, so it stays valid until the operation has ended.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        let mut result = None;
        within(PATIENCE, || {
            result = self.0.completion().next().map(|done| done.result());
            result.is_some()
        });
        match result {
            Some(result) => result_of(result).map(drop),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The result in a completion, where errors are negative numbers.
fn result_of(result: i32) -> io::Result<i32> {
    match result {
        errno @ ..=-1 => Err(io::Error::from_raw_os_error(-errno)),
        value => Ok(value),
    }
}

/// An address in the form that operations take.
fn name(addr: &Addr) -> (*const libc::sockaddr, libc::socklen_t) {
    (addr.bytes().as_ptr().cast(), addr.bytes().len() as u32)
}
