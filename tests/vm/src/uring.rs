// SPDX-License-Identifier: GPL-2.0

//! Socket calls made by the kernel's threads, through io_uring.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use io_uring::{opcode, squeue, types, IoUring};

use crate::addr::Addr;
use crate::sock::Sock;

/// A ring whose every operation is done by a kernel thread, never by the
/// calling one.
pub struct Ring(IoUring);

impl Ring {
    /// A ring with worker threads.
    pub fn new() -> Self {
        Self(IoUring::new(8).expect("a ring"))
    }

    /// A ring that a kernel thread polls for work as well.
    pub fn polled() -> Self {
        let ring = IoUring::builder().setup_sqpoll(10_000).build(8);
        Self(ring.expect("a polled ring"))
    }

    /// Has an operation done.
    ///
    /// What `entry` refers to must live and stay in place until then.
    fn run(&mut self, entry: squeue::Entry) -> io::Result<i32> {
        let entry = entry.flags(squeue::Flags::ASYNC);
        // SAFETY: every caller in this file keeps what `entry` points to in
        // place until this function returns, and by then it is done.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        self.0.submit_and_wait(1)?;
        let done = self.0.completion().next().expect("a completion");
        match done.result() {
            errno @ ..=-1 => Err(io::Error::from_raw_os_error(-errno)),
            value => Ok(value),
        }
    }

    /// Does nothing, so that the threads exist.
    pub fn warm_up(&mut self) {
        self.run(opcode::Nop::new().build()).expect("a nop");
    }

    /// `socket()`.
    pub fn socket(&mut self, domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
        let fd = self.run(opcode::Socket::new(domain, kind, protocol).build())?;
        // SAFETY: the operation returned a new descriptor that nobody owns.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// `bind()`.
    pub fn bind(&mut self, sock: &Sock, addr: impl Into<Addr>) -> io::Result<()> {
        let addr = addr.into();
        let (ptr, len) = (addr.bytes().as_ptr(), addr.bytes().len() as u32);
        self.run(opcode::Bind::new(fd(sock), ptr.cast(), len).build())
            .map(drop)
    }

    /// `listen()`.
    pub fn listen(&mut self, sock: &Sock) -> io::Result<()> {
        self.run(opcode::Listen::new(fd(sock), 16).build())
            .map(drop)
    }

    /// `connect()`.
    pub fn connect(&mut self, sock: &Sock, addr: impl Into<Addr>) -> io::Result<()> {
        let addr = addr.into();
        let (ptr, len) = (addr.bytes().as_ptr(), addr.bytes().len() as u32);
        self.run(opcode::Connect::new(fd(sock), ptr.cast(), len).build())
            .map(drop)
    }

    /// `sendmsg()` to an address.
    pub fn send_to(&mut self, sock: &Sock, data: &[u8], addr: impl Into<Addr>) -> io::Result<()> {
        let addr = addr.into();
        let mut part = libc::iovec {
            iov_base: data.as_ptr().cast_mut().cast(),
            iov_len: data.len(),
        };
        // SAFETY: all fields may be zero: null pointers of length zero.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = addr.bytes().as_ptr().cast_mut().cast();
        message.msg_namelen = addr.bytes().len() as u32;
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        self.run(opcode::SendMsg::new(fd(sock), &message).build())
            .map(drop)
    }
}

fn fd(sock: &Sock) -> types::Fd {
    types::Fd(sock.as_fd().as_raw_fd())
}
