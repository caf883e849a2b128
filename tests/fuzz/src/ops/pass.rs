// SPDX-License-Identifier: GPL-2.0

//! Passes sockets: with `SCM_RIGHTS` between tenants and from the host, and with
//! `pidfd_getfd()`.

use std::io::Result;
use std::os::fd::IntoRawFd;

use super::Actor;
use crate::received;
use crate::socket;
use crate::sys::errno;
use crate::sys::message::Outgoing;
use crate::sys::process::take_descriptor;
use crate::world::SLOTS;

/// The abstract Unix address of mailbox `nr`. The first process to bind it has it.
pub fn mailbox(nr: usize) -> Vec<u8> {
    let mut name = (libc::AF_UNIX as u16).to_ne_bytes().to_vec();
    name.push(0);
    name.extend(format!("fuzz{nr}").bytes());
    name
}

/// Sends some sockets of this process to a random mailbox.
pub fn send(a: &mut Actor) -> Result<()> {
    let through = socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0)?;
    let mut fds = Vec::new();
    for _ in 0..1 + a.rng.below(3) {
        fds.extend(a.any()?.to_ne_bytes());
    }
    let control = received::write(libc::SOL_SOCKET, libc::SCM_RIGHTS, &fds);
    let name = mailbox(a.rng.below(2 * SLOTS));
    let out = Outgoing {
        name: &name,
        data: b"take these",
        control: &control,
    };
    let sent = socket::send_message(through, &out, libc::MSG_DONTWAIT);
    socket::close(through);
    sent.map(drop)
}

/// Opens a mailbox for a moment, and takes the descriptors sent to it.
pub fn receive(a: &mut Actor) -> Result<()> {
    let through = socket::socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0)?;
    let nr = a.rng.below(2 * SLOTS);
    let mut result = socket::bind(through, &mailbox(nr));
    if result.is_ok() {
        a.act_meanwhile();
        let (mut data, mut control) = ([0; 64], [0; 256]);
        for _ in 0..4 {
            let flags = libc::MSG_DONTWAIT;
            match socket::receive(through, &mut data, &mut control, flags) {
                Ok(got) => {
                    let extra = received::read(&control[..got.control]);
                    a.fds.extend(extra.descriptors);
                }
                Err(e) if errno(&e) == libc::EAGAIN => break,
                Err(e) => {
                    result = Err(e);
                    break;
                }
            }
        }
    }
    socket::close(through);
    result
}

impl Actor {
    fn act_meanwhile(&mut self) {
        for _ in 0..3 {
            let _ = super::sockets::receive(self);
            let _ = super::send::send_to(self);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Takes a descriptor from another process.
pub fn steal(a: &mut Actor) -> Result<()> {
    let pid = a.world.noted_pid(a.rng.below(64));
    let taken = take_descriptor(pid, 3 + a.rng.below(24) as i32)?.into_raw_fd();
    if socket::is_socket(taken) {
        a.fds.push(taken);
    } else {
        socket::close(taken);
    }
    Ok(())
}
