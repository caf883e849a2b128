// SPDX-License-Identifier: GPL-2.0

//! Operations that send and receive.

use std::io;
use std::net::IpAddr;

use io_uring::opcode;

use super::{name, On, Ring};
use crate::addr::Addr;
use crate::control_message::{control_bytes, source_control};
use crate::message::{header, part_of};

impl Ring {
    /// `recv()` without waiting. Returns the number of bytes.
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

    /// `send()` to an address, which only io_uring offers.
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

    /// `send()` to an address without copying the data.
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

    /// `sendmsg()` to an address, from a source that a control message names.
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
        control: Vec<u8>,
    ) -> io::Result<()> {
        let mut part = part_of(data);
        let message = header(&mut part, addr.bytes(), &control);
        self.run_on(on, |fd| opcode::SendMsg::new(fd, &message).build())
            .map(drop)
    }

    /// Writes at an offset in a file.
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
}
