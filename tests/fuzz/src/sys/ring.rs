// SPDX-License-Identifier: GPL-2.0

//! An io_uring that does whatever it is told. What operations point to lives
//! for ever, since they may be done late.

use io_uring::{opcode, squeue, types, IoUring};

use super::Result;

/// Memory for operations, for ever.
pub struct Arena {
    names: Vec<&'static mut [u8]>,
    data: Vec<&'static mut [u8]>,
    next: usize,
}

const ROOM: usize = 2048;

impl Arena {
    /// New memory; it is never given back.
    pub fn new() -> Self {
        let leak = |len: usize| Box::leak(vec![0_u8; len].into_boxed_slice());
        Self {
            names: (0..16).map(|_| leak(128)).collect(),
            data: (0..16).map(|_| leak(ROOM)).collect(),
            next: 0,
        }
    }

    /// Copies a name and a payload to where they stay until 15 others came.
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

/// What a ring is to do.
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

/// Has a new ring do operations on `fd`, and gives those done within a few
/// milliseconds. `polled`: by a thread of the kernel that looks for work.
pub fn run(
    arena: &mut Arena,
    polled: bool,
    fd: i32,
    ops: &[(Op, bool)],
    name: &[u8],
    data: &[u8],
) -> Vec<Result<i32>> {
    let ring = if polled {
        IoUring::builder().setup_sqpoll(10).build(8)
    } else {
        IoUring::new(8)
    };
    let mut ring: IoUring = match ring {
        Ok(ring) => ring,
        Err(e) => return vec![Err(e.raw_os_error().unwrap_or(0))],
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
        // SAFETY: what `entry` points to is in the arena, which stays for
        // ever; that a later operation overwrites it is the fuzzer's intent.
        let _ = unsafe { ring.submission().push(&entry) };
    }
    let time = types::Timespec::new().nsec(20_000_000);
    let args = types::SubmitArgs::new().timespec(&time);
    let _ = ring.submitter().submit_with_args(ops.len(), &args);
    let done = ring.completion().map(|c| match c.result() {
        error @ ..=-1 => Err(-error),
        value => Ok(value),
    });
    done.collect()
}

/// `setsockopt()` of a number by a new ring.
pub fn set_option(fd: i32, level: i32, name: i32, value: i32) -> Result<()> {
    let failed = |e: std::io::Error| e.raw_os_error().unwrap_or(0);
    let mut ring = IoUring::new(2).map_err(failed)?;
    // For ever: the option may be set late.
    let value: &'static i32 = Box::leak(Box::new(value));
    let (ptr, fd) = (std::ptr::from_ref(value).cast(), types::Fd(fd));
    let entry = opcode::SetSockOpt::new(fd, level as u32, name as u32, ptr, 4).build();
    // SAFETY: `value` stays for ever.
    let _ = unsafe { ring.submission().push(&entry) };
    ring.submit_and_wait(1).map_err(failed)?;
    let done = ring.completion().next().map(|c| c.result());
    match done {
        Some(error @ ..=-1) => Err(-error),
        _ => Ok(()),
    }
}
