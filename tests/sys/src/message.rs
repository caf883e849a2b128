// SPDX-License-Identifier: GPL-2.0

//! Sending messages one by one or in batches, with control messages of any bytes, and
//! receiving messages.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::check;
use super::control_message::{control_bytes, controls, Control};
use super::socket::{Name, ADDR_ROOM};

/// One message to send.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// The destination; empty for the connected peer.
    pub name: &'a [u8],
    /// Payload.
    pub data: &'a [u8],
    /// Control messages, well-formed or not.
    pub control: &'a [u8],
}

/// Data in the form that the system calls take.
pub fn part_of(data: &[u8]) -> libc::iovec {
    libc::iovec {
        iov_base: data.as_ptr().cast_mut().cast(),
        iov_len: data.len(),
    }
}

/// A message in the form that the sending calls take. They only read it. It points to
/// `part`, `to` and `control`.
pub fn header(part: &mut libc::iovec, to: &[u8], control: &[u8]) -> libc::msghdr {
    // SAFETY: the C library defines the structure so that all fields may be zero:
    // null pointers of length zero.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    if !to.is_empty() {
        message.msg_name = to.as_ptr().cast_mut().cast();
        message.msg_namelen = to.len() as u32;
    }
    if !control.is_empty() {
        message.msg_control = control.as_ptr().cast_mut().cast();
        message.msg_controllen = control.len() as _;
    }
    message
}

/// Sends to an address; to the connected peer when `addr` is empty.
pub fn sendto(fd: impl AsRawFd, data: &[u8], flags: i32, addr: &[u8]) -> io::Result<usize> {
    let to = if addr.is_empty() {
        std::ptr::null()
    } else {
        addr.as_ptr().cast()
    };
    let (fd, len) = (fd.as_raw_fd(), addr.len() as u32);
    // SAFETY: the slices guarantee `data.len()` bytes of `data` and `len` of `to`,
    // which the kernel reads.
    let ret = unsafe { libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, to, len) };
    check(ret as _).map(|n| n as usize)
}

/// Sends a message with one `sendmsg()`.
pub fn send_message(fd: impl AsRawFd, out: &Outgoing<'_>, flags: i32) -> io::Result<usize> {
    let mut part = part_of(out.data);
    let message = header(&mut part, out.name, out.control);
    // SAFETY: `message` names `part` and the slices of `out`, which are borrowed until
    // the call has ended; the kernel only reads them.
    check(unsafe { libc::sendmsg(fd.as_raw_fd(), &message, flags) } as _).map(|n| n as usize)
}

/// Sends several messages with one `sendmmsg()`. Returns how many were sent.
pub fn send_messages(fd: impl AsRawFd, out: &[Outgoing<'_>], flags: i32) -> io::Result<usize> {
    let mut parts: Vec<_> = out.iter().map(|one| part_of(one.data)).collect();
    let mut headers: Vec<libc::mmsghdr> = out
        .iter()
        .zip(&mut parts)
        .map(|(one, part)| libc::mmsghdr {
            msg_hdr: header(part, one.name, one.control),
            msg_len: 0,
        })
        .collect();
    let (fd, count) = (fd.as_raw_fd(), headers.len() as u32);
    // SAFETY: there are `count` headers. They name `parts` and the slices of `out`,
    // which are borrowed until the call has ended.
    let ret = unsafe { libc::sendmmsg(fd, headers.as_mut_ptr(), count, flags as _) };
    check(ret.into()).map(|n| n as usize)
}

/// Sends a message with a control message to an address.
pub fn sendmsg(fd: impl AsRawFd, data: &[u8], to: &[u8], control: &Control) -> io::Result<usize> {
    let out = Outgoing {
        name: to,
        data,
        control: &control_bytes(control),
    };
    send_message(fd, &out, 0)
}

/// Sends a message twice to one address with one `sendmmsg()`, the second time with a
/// control message. Returns how many were sent.
pub fn send_twice(
    fd: impl AsRawFd,
    data: &[u8],
    to: &[u8],
    control: &Control,
) -> io::Result<usize> {
    let messages = &mut [(to, Vec::new()), (to, control_bytes(control))];
    send_batch(fd, data, messages, 0)
}

/// A message of a batch: its destination (empty for the connected peer), and its control
/// messages, well-formed or not.
pub type Message<'a> = (&'a [u8], Vec<u8>);

/// Sends the same data in several messages with one `sendmmsg()`. Returns how many were
/// sent.
pub fn send_batch(
    fd: impl AsRawFd,
    data: &[u8],
    messages: &[Message<'_>],
    flags: i32,
) -> io::Result<usize> {
    let out: Vec<_> = messages
        .iter()
        .map(|(name, control)| Outgoing {
            name,
            data,
            control,
        })
        .collect();
    send_messages(fd, &out, flags)
}

/// Receives into `data` with `recvfrom()`. Asks for the sender's address if there is a
/// `name`.
fn recv(
    fd: impl AsRawFd,
    data: &mut [u8],
    flags: i32,
    name: Option<&mut Name>,
) -> io::Result<usize> {
    let none = (std::ptr::null_mut(), std::ptr::null_mut());
    let (from, len) = name.map_or(none, Name::place);
    let (fd, ptr, room) = (fd.as_raw_fd(), data.as_mut_ptr().cast(), data.len());
    // SAFETY: the slice guarantees room for `room` bytes at `ptr`, and `Name::place`
    // for `len` at `from`; null pointers ask for no address.
    check(unsafe { libc::recvfrom(fd, ptr, room, flags, from, len) } as _).map(|n| n as usize)
}

/// Receives a message into `data`. Returns its length and the sender's address.
pub fn receive_from(fd: impl AsRawFd, data: &mut [u8], flags: i32) -> io::Result<(usize, Vec<u8>)> {
    let mut name = Name::new();
    let got = recv(fd, data, flags, Some(&mut name))?;
    Ok((got, name.written()))
}

/// Receives a message. Returns it and the sender's address.
pub fn recvfrom(fd: impl AsRawFd, room: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut data = vec![0; room];
    let (got, from) = receive_from(fd, &mut data, 0)?;
    data.truncate(got);
    Ok((data, from))
}

/// Receives `count` bytes, and waits until all have come.
pub fn receive_all(fd: impl AsRawFd, count: usize) -> io::Result<usize> {
    recv(fd, &mut vec![0; count], libc::MSG_WAITALL, None)
}

/// Receives a message of up to `room` bytes in another thread, while this thread runs
/// `meanwhile`, which may close the descriptor.
pub fn receive_meanwhile(
    fd: OwnedFd,
    room: usize,
    meanwhile: impl FnOnce(OwnedFd),
) -> io::Result<usize> {
    // The number, since `meanwhile` may close the descriptor. It opens no other one.
    let number = fd.as_raw_fd();
    let waiting = std::thread::spawn(move || recv(number, &mut vec![0; room], 0, None));
    meanwhile(fd);
    waiting.join().expect("the other thread")
}

/// How much of each buffer a received message filled.
pub struct Incoming {
    /// Bytes of the sender's address.
    pub name: usize,
    /// Bytes of payload.
    pub data: usize,
    /// Bytes of control messages.
    pub control: usize,
}

/// Receives a message with `recvmsg()`. Asks for the sender's address if `name` is not
/// empty.
pub fn receive(
    fd: impl AsRawFd,
    name: &mut [u8],
    data: &mut [u8],
    control: &mut [u8],
    flags: i32,
) -> io::Result<Incoming> {
    let mut part = libc::iovec {
        iov_base: data.as_mut_ptr().cast(),
        iov_len: data.len(),
    };
    // SAFETY: the C library defines the structure so that all fields may be zero:
    // null pointers of length zero.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    if !name.is_empty() {
        message.msg_name = name.as_mut_ptr().cast();
        message.msg_namelen = name.len() as u32;
    }
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = control.len() as _;
    // SAFETY: `message` names `part` and the three slices, with their lengths. They
    // are borrowed exclusively until the call has ended.
    let got = check(unsafe { libc::recvmsg(fd.as_raw_fd(), &mut message, flags) } as _)?;
    Ok(Incoming {
        name: (message.msg_namelen as usize).min(name.len()),
        data: (got as usize).min(data.len()),
        control: message.msg_controllen as usize,
    })
}

/// A message, the sender's address, and the control messages that came with it.
pub type Received = (Vec<u8>, Vec<u8>, Vec<Control>);

/// Receives a message.
pub fn recvmsg(fd: impl AsRawFd, room: usize) -> io::Result<Received> {
    let (mut data, mut from, mut control) = (vec![0; room], vec![0; ADDR_ROOM], vec![0; 256]);
    let got = receive(fd, &mut from, &mut data, &mut control, 0)?;
    data.truncate(got.data);
    from.truncate(got.name);
    Ok((data, from, controls(&control[..got.control])))
}
