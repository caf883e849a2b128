// SPDX-License-Identifier: GPL-2.0

//! An io_uring for any operations. The memory that operations point to lives for ever,
//! since the kernel may run them late.

use std::io;

use io_uring::{opcode, squeue, types, IoUring};

use super::result_of;

/// Memory for operations, which is never freed.
pub struct Arena {
    names: Vec<&'static mut [u8]>,
    data: Vec<&'static mut [u8]>,
    next: usize,
}

const ROOM: usize = 2048;

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl Arena {
    /// New memory.
    pub fn new() -> Self {
        let leak = |len: usize| Box::leak(vec![0_u8; len].into_boxed_slice());
        Self {
            names: (0..16).map(|_| leak(128)).collect(),
            data: (0..16).map(|_| leak(ROOM)).collect(),
            next: 0,
        }
    }

    /// Copies a name and a payload. The copies stay until the sixteenth later call.
    fn keep(&mut self, name: &[u8], data: &[u8]) -> ((*const u8, u32), (*mut u8, u32)) {
        self.next = (self.next + 1) % self.names.len();
        let (n, d) = (&mut self.names[self.next], &mut self.data[self.next]);
        let (name, data) = (&name[..name.len().min(128)], &data[..data.len().min(ROOM)]);
        n[..name.len()].copy_from_slice(name);
        d[..data.len()].copy_from_slice(data);
        (
            (n.as_ptr(), name.len() as u32),
            (d.as_mut_ptr(), data.len() as u32),
        )
    }
}

/// An operation.
#[derive(Clone, Copy)]
pub enum Op {
    /// `socket()`.
    Socket(i32, i32, i32),
    /// `bind()`.
    Bind,
    /// `connect()`.
    Connect,
    /// `listen()`.
    Listen,
    /// `accept()`.
    Accept,
    /// `send()`.
    Send,
    /// `sendto()`.
    SendTo,
    /// `sendto()` without a copy.
    SendUncopied,
    /// `shutdown()`.
    Shutdown,
}

/// Runs operations on `fd` through a new ring. Returns the results of those that end within
/// a few milliseconds. `polled`: whether a kernel thread polls the ring.
pub fn run(
    arena: &mut Arena,
    polled: bool,
    fd: i32,
    ops: &[(Op, bool)],
    name: &[u8],
    data: &[u8],
) -> Vec<io::Result<i32>> {
    let ring = if polled {
        IoUring::builder().setup_sqpoll(10).build(8)
    } else {
        IoUring::new(8)
    };
    let mut ring: IoUring = match ring {
        Ok(ring) => ring,
        Err(e) => return vec![Err(e)],
    };
    for &(op, asynchronous) in ops.iter().take(8) {
        let ((name, name_len), (ptr, len)) = arena.keep(name, data);
        let (sockaddr, fd) = (name.cast::<libc::sockaddr>(), types::Fd(fd));
        let none = std::ptr::null_mut();
        let entry = match op {
            Op::Socket(f, k, p) => opcode::Socket::new(f, k, p).build(),
            Op::Bind => opcode::Bind::new(fd, sockaddr, name_len).build(),
            Op::Connect => opcode::Connect::new(fd, sockaddr, name_len).build(),
            Op::Listen => opcode::Listen::new(fd, 4).build(),
            Op::Accept => opcode::Accept::new(fd, none, none.cast()).build(),
            Op::Send => opcode::Send::new(fd, ptr, len).build(),
            Op::SendTo => {
                let send = opcode::Send::new(fd, ptr, len);
                send.dest_addr(sockaddr).dest_addr_len(name_len).build()
            }
            Op::SendUncopied => {
                let send = opcode::SendZc::new(fd, ptr, len);
                send.dest_addr(sockaddr).dest_addr_len(name_len).build()
            }
            Op::Shutdown => opcode::Shutdown::new(fd, 2).build(),
        };
        let entry = if asynchronous {
            entry.flags(squeue::Flags::ASYNC)
        } else {
            entry
        };
        // SAFETY: the arena guarantees that the memory that `entry` points to lives for ever.
        // That later operations overwrite it is intended.
        let _ = unsafe { ring.submission().push(&entry) };
    }
    let time = types::Timespec::new().nsec(20_000_000);
    let args = types::SubmitArgs::new().timespec(&time);
    let _ = ring.submitter().submit_with_args(ops.len(), &args);
    ring.completion().map(|c| result_of(c.result())).collect()
}

/// `setsockopt()` of a number through a new ring.
pub fn set_option(fd: i32, level: i32, name: i32, value: i32) -> io::Result<()> {
    let mut ring = IoUring::new(2)?;
    // Leaked, since the kernel may set the option late.
    let value: &'static i32 = Box::leak(Box::new(value));
    let (ptr, fd) = (std::ptr::from_ref(value).cast(), types::Fd(fd));
    let entry = opcode::SetSockOpt::new(fd, level as u32, name as u32, ptr, 4).build();
    // SAFETY: `value` is leaked, so it stays valid.
    let _ = unsafe { ring.submission().push(&entry) };
    ring.submit_and_wait(1)?;
    let done = ring.completion().next();
    done.map_or(Ok(()), |c| result_of(c.result()).map(drop))
}
