// SPDX-License-Identifier: GPL-2.0

//! Waiting for input: `poll()`, `select()`, `epoll`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::epoll::{self as rustix_epoll, CreateFlags, EventData, EventFlags};
use rustix::event::Timespec;

use super::check;

/// Waits until one of the descriptors is readable or the time is over.
fn poll(polled: &mut [libc::pollfd], milliseconds: i32) -> io::Result<()> {
    let count = polled.len() as libc::nfds_t;
    // SAFETY: the slice guarantees an array of `count` entries, which the kernel may write.
    check(unsafe { libc::poll(polled.as_mut_ptr(), count, milliseconds) }.into()).map(drop)
}

/// The entry that asks a descriptor for input.
fn asked(fd: impl AsRawFd) -> libc::pollfd {
    libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    }
}

/// Waits until one of many descriptors is readable or the time is over. Returns which are
/// readable.
pub fn poll_many(fds: &[BorrowedFd<'_>], milliseconds: i32) -> io::Result<Vec<bool>> {
    let mut polled: Vec<_> = fds.iter().copied().map(asked).collect();
    poll(&mut polled, milliseconds)?;
    Ok(polled.iter().map(|p| p.revents != 0).collect())
}

/// Waits until one of the descriptors is readable or the time is over. Returns which are
/// readable.
pub fn poll_readable<const N: usize>(
    fds: [BorrowedFd<'_>; N],
    milliseconds: i32,
) -> io::Result<[bool; N]> {
    let mut polled = fds.map(asked);
    poll(&mut polled, milliseconds)?;
    Ok(polled.map(|p| p.revents != 0))
}

/// Whether a socket has input, or a connection to accept.
pub fn is_ready(fd: impl AsRawFd) -> bool {
    let mut polled = [asked(fd)];
    poll(&mut polled, 0).is_ok() && polled[0].revents != 0
}

/// An `epoll` instance that watches one descriptor for input.
pub fn epoll(watched: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let epoll = rustix_epoll::create(CreateFlags::CLOEXEC)?;
    rustix_epoll::add(&epoll, watched, EventData::new_u64(0), EventFlags::IN)?;
    Ok(epoll)
}

/// Waits for input on what an `epoll` instance watches.
pub fn epoll_wait(epoll: BorrowedFd<'_>, milliseconds: i32) -> io::Result<bool> {
    let limit = Timespec {
        tv_sec: i64::from(milliseconds / 1000),
        tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
    };
    let mut events = Vec::with_capacity(1);
    let room = rustix::buffer::spare_capacity(&mut events);
    let got = rustix_epoll::wait(epoll, room, Some(&limit))?;
    Ok(got == 1)
}

/// Waits for input with `select()`.
pub fn select(fd: BorrowedFd<'_>, seconds: i64) -> io::Result<bool> {
    let fd = fd.as_raw_fd();
    // SAFETY: the C library defines the set so that all bits may be zero.
    let mut set: libc::fd_set = unsafe { std::mem::zeroed() };
    assert!((fd as usize) < libc::FD_SETSIZE);
    // SAFETY: the check above guarantees that `fd` is within the set.
    unsafe { libc::FD_SET(fd, &mut set) };
    let mut limit = libc::timeval {
        tv_sec: seconds,
        tv_usec: 0,
    };
    let none = std::ptr::null_mut();
    // SAFETY: this function owns `set` and `limit`, and there are no other sets.
    let got = check(unsafe { libc::select(fd + 1, &mut set, none, none, &mut limit) }.into())?;
    Ok(got == 1)
}
