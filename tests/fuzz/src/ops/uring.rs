// SPDX-License-Identifier: GPL-2.0

//! The same operations through io_uring, where kernel threads may run them.

use std::io::Result;

use super::{send, Actor};
use crate::socket;
use crate::sys::uring::arena::{self, Arena, Op};

const OPS: [Op; 8] = [
    Op::Bind,
    Op::Connect,
    Op::Listen,
    Op::Accept,
    Op::Send,
    Op::SendTo,
    Op::SendUncopied,
    Op::Shutdown,
];

/// A few operations on any socket, on a new ring.
pub fn run(a: &mut Actor) -> Result<()> {
    let fd = a.any()?;
    run_on(a, fd)
}

/// [`run`] on this socket.
pub fn run_on(a: &mut Actor, fd: i32) -> Result<()> {
    let (name, data) = send::something(a, fd);
    let ops: Vec<(Op, bool)> = (0..1 + a.rng.below(4))
        .map(|_| {
            let op = if a.rng.percent(20) {
                let family = a.rng.pick(&[2, 10, 2, 10, 17, 1]);
                Op::Socket(
                    family,
                    a.rng.pick(&[1, 2, 3]),
                    a.rng.pick(&[0, 0, 6, 17, 262]),
                )
            } else {
                a.rng.pick(&OPS)
            };
            (op, a.rng.percent(60))
        })
        .collect();
    let polled = a.rng.percent(10);
    let memory = a.arena.get_or_insert_with(Arena::new);
    let mut last = Ok(());
    for (done, (op, _)) in arena::run(memory, polled, fd, &ops, &name, &data)
        .into_iter()
        .zip(&ops)
    {
        match (done, op) {
            // Results may be out of order. A new descriptor is never below 3.
            (Ok(new), Op::Socket(..)) if new > 2 && socket::is_socket(new) => {
                if !a.fds.contains(&new) {
                    a.fds.push(new);
                }
            }
            (Err(e), _) => last = Err(e),
            _ => {}
        }
    }
    last
}
