// SPDX-License-Identifier: GPL-2.0

//! A tenant has very many sockets on one port. The host's clients see whether the services
//! of the host on that port still answer, and the probes what other tenants and this one
//! get there.

use std::io::Result;
use std::thread::sleep;
use std::time::Duration;

use libc::{AF_INET, AF_INET6, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM, SO_REUSEADDR, SO_REUSEPORT};

use super::{sockets, Actor};
use crate::addr;
use crate::services;
use crate::socket;
use crate::sys::addr::Addr;
use crate::sys::clock::now;
use crate::sys::errno;
use crate::sys::watch::is_ready;
use crate::world::Counter;

/// The sockets of a crowd, on an ordinary kernel. A process has 1024 descriptors.
const MANY: usize = 600;
/// The longest life of a crowd, in milliseconds.
const LASTS: usize = 6000;

/// Starts a child that crowds a port. Only one exists at a time, with a pause between two.
pub fn crowd(a: &mut Actor) -> Result<()> {
    let time = LASTS as u64 * 3 / 2 * 1_000_000;
    if a.depth > 2 || !a.world.may_crowd_a_port(time) {
        return Ok(());
    }
    a.spawn(0x9027, live)
}

fn live(a: &mut Actor) {
    let milliseconds = LASTS / 4 + a.rng.below(LASTS * 3 / 4);
    let end = now() + milliseconds as u64 * 1_000_000;
    let own = a.rng.percent(50);
    let port = if own {
        a.rng.pick(&addr::PORTS)
    } else {
        services::port(a.world, a.rng.below(services::ALL.len()))
    };
    let (kind, share) = a.rng.pick(&[
        (SOCK_STREAM, SO_REUSEPORT),
        (SOCK_DGRAM, SO_REUSEPORT),
        (SOCK_DGRAM, SO_REUSEADDR),
    ]);
    let many = MANY / a.world.pace() as usize;
    let v6 = a.rng.percent(50);
    let opened = (0..many).take_while(|_| match open(a, v6, kind, share, port) {
        Ok(()) => true,
        Err(e) => {
            a.world.count_error(errno(&e));
            false
        }
    });
    if opened.count() == many {
        a.world.count(Counter::CrowdedPorts);
    }
    while now() < end && !a.world.stopped() {
        for _ in 0..a.rng.below(30) {
            // What one of them does may fail: it listens, or has no peer.
            let _ = match a.rng.below(3) {
                0 => sockets::connect(a),
                1 => dissolve(a),
                _ => sockets::listen(a),
            };
        }
        for fd in a.fds.clone() {
            if is_ready(fd) {
                if let Ok(new) = socket::accept(fd, SOCK_NONBLOCK) {
                    let _ = sockets::receive_from(a, new, libc::MSG_DONTWAIT);
                    socket::close(new);
                }
            }
        }
        let _ = sockets::receive(a);
        sleep(Duration::from_millis(100 * a.world.pace()));
    }
}

/// Opens a socket of the crowd.
fn open(a: &mut Actor, v6: bool, kind: i32, share: i32, port: u16) -> Result<()> {
    let family = if v6 { AF_INET6 } else { AF_INET };
    let fd = socket::socket(family, kind | SOCK_NONBLOCK, 0)?;
    a.fds.push(fd);
    socket::set_option_bytes(fd, libc::SOL_SOCKET, share, &1_i32.to_ne_bytes())?;
    sockets::ask_where(fd);
    socket::bind(fd, &addr::bytes(addr::WILDCARDS[usize::from(v6)], port))?;
    if kind == SOCK_STREAM {
        socket::listen(fd, 8)?;
    }
    Ok(())
}

/// Ends what a connection or a listener was. The socket stays on its port.
fn dissolve(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    socket::connect(fd, Addr::unspecified(0).bytes())
}
