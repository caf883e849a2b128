// SPDX-License-Identifier: GPL-2.0

//! Socket calls made by the kernel's threads, through io_uring.

mod command;
mod pending;

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use io_uring::{opcode, squeue, types, IoUring};

use crate::addr::Addr;
use crate::child::within;
use crate::sock::{source_control, Sock};
use crate::sys::family::Shared;
use crate::sys::socket::{control_bytes, header, part_of};

pub use pending::Wait;

/// How long a thread that polls may take to notice.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an operation is done on.
#[derive(Clone, Copy)]
pub enum On<'a> {
    /// A socket, by its descriptor.
    Sock(&'a Sock),
    /// A socket in the ring's own table of files.
    Slot(u32),
}

impl<'a> From<&'a Sock> for On<'a> {
    fn from(sock: &'a Sock) -> Self {
        Self::Sock(sock)
    }
}

impl On<'_> {
    fn fd(self) -> types::Fd {
        types::Fd(match self {
            Self::Sock(sock) => sock.as_fd().as_raw_fd(),
            // With `Flags::FIXED_FILE` this is an index.
            Self::Slot(index) => index as i32,
        })
    }

    fn flags(self) -> squeue::Flags {
        match self {
            Self::Sock(_) => squeue::Flags::empty(),
            Self::Slot(_) => squeue::Flags::FIXED_FILE,
        }
    }
}

/// A ring whose every operation is done by a kernel thread, never by the
/// calling one, but for those that are only begun.
pub struct Ring(IoUring);

impl Ring {
    /// A ring with worker threads.
    pub fn new() -> Self {
        Self(IoUring::new(8).expect("a ring"))
    }

    /// A ring that a kernel thread polls for work as well.
    pub fn polled() -> Self {
        Self::polled_for(10_000)
    }

    /// The same, whose thread soon sleeps when there is nothing to do.
    pub fn briefly_polled() -> Self {
        Self::polled_for(50)
    }

    fn polled_for(milliseconds: u32) -> Self {
        let ring = IoUring::builder().setup_sqpoll(milliseconds).build(8);
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
        self.result()
    }

    /// The result of what is done.
    fn result(&mut self) -> io::Result<i32> {
        let done = self.0.completion().next().expect("a completion");
        match done.result() {
            errno @ ..=-1 => Err(io::Error::from_raw_os_error(-errno)),
            value => Ok(value),
        }
    }

    /// The same, on a descriptor or a slot.
    fn run_on(
        &mut self,
        on: On<'_>,
        make: impl FnOnce(types::Fd) -> squeue::Entry,
    ) -> io::Result<i32> {
        self.run(make(on.fd()).flags(on.flags()))
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
        // SAFETY: the operation returned a new descriptor that nobody owns.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// `recv()` of what is there already; how many bytes that was.
    pub fn receive<'a>(&mut self, on: impl Into<On<'a>>) -> io::Result<i32> {
        let mut room = [0; 64];
        let (ptr, len) = (room.as_mut_ptr(), room.len() as u32);
        self.run_on(on.into(), |fd| {
            opcode::Recv::new(fd, ptr, len)
                .flags(libc::MSG_DONTWAIT)
                .build()
        })
    }

    /// `send()` to the connected peer.
    pub fn send<'a>(&mut self, on: impl Into<On<'a>>, data: &[u8]) -> io::Result<()> {
        let (ptr, len) = (data.as_ptr(), data.len() as u32);
        self.run_on(on.into(), |fd| opcode::Send::new(fd, ptr, len).build())
            .map(drop)
    }

    /// `send()` to an address, which exists here only.
    pub fn send_at<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        data: &[u8],
        addr: impl Into<Addr>,
    ) -> io::Result<()> {
        let addr = addr.into();
        let (to, to_len) = name(&addr);
        let (ptr, len) = (data.as_ptr(), data.len() as u32);
        self.run_on(on.into(), |fd| {
            let send = opcode::Send::new(fd, ptr, len);
            send.dest_addr(to).dest_addr_len(to_len).build()
        })
        .map(drop)
    }

    /// The same without copying the data.
    pub fn send_uncopied<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        data: &'static [u8],
        addr: impl Into<Addr>,
    ) -> io::Result<()> {
        let addr = addr.into();
        let (to, to_len) = name(&addr);
        let (ptr, len) = (data.as_ptr(), data.len() as u32);
        self.run_on(on.into(), |fd| {
            let send = opcode::SendZc::new(fd, ptr, len);
            send.dest_addr(to).dest_addr_len(to_len).build()
        })
        .map(drop)
    }

    /// `sendmsg()` to an address.
    pub fn send_to<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        data: &[u8],
        addr: impl Into<Addr>,
    ) -> io::Result<()> {
        self.send_message(on.into(), data, &addr.into(), Vec::new())
    }

    /// The same, from a source that the message itself asks for.
    pub fn send_from<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        data: &[u8],
        addr: impl Into<Addr>,
        source: IpAddr,
    ) -> io::Result<()> {
        let control = control_bytes(&source_control(source));
        self.send_message(on.into(), data, &addr.into(), control)
    }

    fn send_message(
        &mut self,
        on: On<'_>,
        data: &[u8],
        addr: &Addr,
        mut control: Vec<u8>,
    ) -> io::Result<()> {
        let mut part = part_of(data);
        let message = header(&mut part, addr.bytes(), &mut control);
        self.run_on(on, |fd| opcode::SendMsg::new(fd, &message).build())
            .map(drop)
    }

    /// Writes to a place in a file.
    pub fn write_at<'a>(
        &mut self,
        on: impl Into<On<'a>>,
        data: &[u8],
        place: u64,
    ) -> io::Result<()> {
        let write = |fd| opcode::Write::new(fd, data.as_ptr(), data.len() as u32);
        self.run_on(on.into(), |fd| write(fd).offset(place).build())
            .map(drop)
    }

    /// Puts files into the ring's own table of files, from slot 0.
    pub fn register(&mut self, files: &[&impl AsFd]) -> io::Result<()> {
        let fds: Vec<_> = files.iter().map(|f| f.as_fd().as_raw_fd()).collect();
        self.0.submitter().register_files(&fds)
    }

    /// Has the kernel keep the pages of some memory for operations.
    pub fn register_memory(&mut self, memory: &Shared) -> io::Result<()> {
        // SAFETY: no operation of this file uses what is registered.
        unsafe { self.0.submitter().register_buffers(&[memory.part()]) }
    }

    /// Makes room for sockets in the ring's own table of files.
    pub fn register_room(&mut self, slots: u32) -> io::Result<()> {
        self.0.submitter().register_files_sparse(slots)
    }

    /// `socket()` into a slot.
    pub fn socket_into(
        &mut self,
        slot: u32,
        domain: i32,
        kind: i32,
        protocol: i32,
    ) -> io::Result<()> {
        let to = types::DestinationSlot::try_from_slot_target(slot).expect("a slot");
        let socket = opcode::Socket::new(domain, kind, protocol);
        self.run(socket.file_index(Some(to)).build()).map(drop)
    }

    /// Makes a descriptor for what is in a slot.
    pub fn install(&mut self, slot: u32) -> io::Result<OwnedFd> {
        let fd = self.run(opcode::FixedFdInstall::new(types::Fixed(slot), 0).build())?;
        // SAFETY: the operation returned a new descriptor that nobody owns.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Its descriptor's number.
    pub fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Its descriptor.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        // SAFETY: the ring has it open for as long as this borrows it.
        unsafe { BorrowedFd::borrow_raw(self.0.as_raw_fd()) }
    }

    /// Closes this process's descriptor of a polled ring, but keeps the memory.
    pub fn close_descriptor(&self) {
        // SAFETY: whoever calls this leaves by `_exit`, so the ring does not
        // close the number a second time.
        unsafe { libc::close(self.0.as_raw_fd()) };
    }

    /// Has the thread of a polled ring bind a socket, by the memory that it
    /// shares alone. The thread reads `addr` in the memory of the process that
    /// made the ring, and `sock` is a descriptor there.
    pub fn bind_by_memory(&mut self, sock: &Sock, addr: &'static Addr) -> io::Result<()> {
        let (ptr, len) = name(addr);
        let entry = opcode::Bind::new(On::Sock(sock).fd(), ptr, len).build();
        // SAFETY: the address stays for ever.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        let mut result = None;
        within(PATIENCE, || {
            result = self.0.completion().next().map(|done| done.result());
            result.is_some()
        });
        match result {
            Some(errno @ ..=-1) => Err(io::Error::from_raw_os_error(-errno)),
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// An address as the operations take it.
fn name(addr: &Addr) -> (*const libc::sockaddr, libc::socklen_t) {
    (addr.bytes().as_ptr().cast(), addr.bytes().len() as u32)
}
