// SPDX-License-Identifier: GPL-2.0

//! Operations that wait for something to come to a socket, while whoever began
//! them does something else.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use io_uring::{opcode, squeue, types};

use super::{name, On, Ring, PATIENCE};
use crate::addr::Addr;
use crate::child::within;
use crate::sock::Sock;
use crate::sys::process::pipe;

/// How much an operation takes at once.
const ROOM: usize = 64;

/// The group of buffers for what an operation receives again and again.
const GROUP: u16 = 7;

/// What waits.
#[derive(Clone, Copy)]
pub enum Wait {
    /// `accept()`.
    Accept,
    /// The same of one connection after the other.
    AcceptMany,
    /// `recv()`.
    Receive,
    /// The same of one message after the other.
    ReceiveMany,
    /// `recvmsg()`.
    ReceiveMessage,
    /// `read()`.
    Read,
    /// `splice()` to a pipe.
    Splice,
}

impl Ring {
    /// A ring whose operations the calling thread tries itself, and goes on with
    /// when there is something for them. One of them, or what comes of it, may
    /// be on its way at a time.
    pub fn begin(&mut self, on: &Sock, what: Wait) {
        self.begin_with(on, what, squeue::Flags::empty());
    }

    /// The same by a worker thread.
    pub fn begin_by_worker(&mut self, on: &Sock, what: Wait) {
        self.begin_with(on, what, squeue::Flags::ASYNC);
    }

    fn begin_with(&mut self, on: &Sock, what: Wait, flags: squeue::Flags) {
        let entry = self.entry(On::Sock(on).fd(), what).flags(flags);
        // SAFETY: what `entry` points to stays for ever, see `entry()`.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        self.0.submit().expect("submit");
        let taken = within(PATIENCE, || self.0.submission().is_empty());
        assert!(taken, "the polling thread does not take it");
    }

    /// What such an operation refers to is never freed: it may outlive whoever
    /// began it.
    fn entry(&mut self, fd: types::Fd, what: Wait) -> squeue::Entry {
        let none = std::ptr::null_mut();
        let room = Box::leak(Box::new([0_u8; ROOM]));
        let (ptr, len) = (room.as_mut_ptr(), ROOM as u32);
        match what {
            Wait::Accept => opcode::Accept::new(fd, none, none.cast()).build(),
            Wait::AcceptMany => opcode::AcceptMulti::new(fd).build(),
            Wait::Receive => opcode::Recv::new(fd, ptr, len).build(),
            Wait::ReceiveMany => {
                let one = opcode::ProvideBuffers::new(ptr, ROOM as i32, 1, GROUP, 0);
                self.run(one.build()).expect("a buffer");
                opcode::RecvMulti::new(fd, GROUP).build()
            }
            Wait::ReceiveMessage => {
                let part = Box::leak(Box::new(libc::iovec {
                    iov_base: ptr.cast(),
                    iov_len: ROOM,
                }));
                // SAFETY: all fields may be zero: null pointers of length zero.
                let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
                message.msg_iov = part;
                message.msg_iovlen = 1;
                opcode::RecvMsg::new(fd, Box::leak(Box::new(message))).build()
            }
            Wait::Read => opcode::Read::new(fd, ptr, len).build(),
            Wait::Splice => {
                let ends: &'static (OwnedFd, OwnedFd) =
                    Box::leak(Box::new(pipe().expect("a pipe")));
                let to = types::Fd(ends.1.as_raw_fd());
                opcode::Splice::new(fd, -1, to, -1, len).build()
            }
        }
    }

    /// `bind()` by the calling thread.
    pub fn bind_by_caller(&mut self, sock: &Sock, addr: impl Into<Addr>) -> io::Result<()> {
        let addr: &'static Addr = Box::leak(Box::new(addr.into()));
        let (ptr, len) = name(addr);
        let entry = opcode::Bind::new(On::Sock(sock).fd(), ptr, len).build();
        // SAFETY: the address stays for ever.
        unsafe { self.0.submission().push(&entry) }.expect("room in the ring");
        self.0.submit_and_wait(1)?;
        self.result().map(drop)
    }

    /// Waits for the result of what was begun: a descriptor, or how many bytes
    /// came.
    pub fn finish(&mut self) -> io::Result<i32> {
        loop {
            match self.0.submit_and_wait(1) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
                Ok(_) => return self.result(),
            }
        }
    }
}
