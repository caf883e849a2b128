// SPDX-License-Identifier: GPL-2.0

//! Services of the host whose sockets every tenant inherits, each by a number that is
//! the same for all, and which it must not disturb.

use crate::world::World;

/// What one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP listener.
    Listener,
    /// A UDP socket.
    Datagrams,
    /// A TCP connection to the machine next door.
    Connection,
}

/// All of them, with what distinguishes their ports: those of a group have the same.
pub const ALL: [(Kind, u16); 7] = [
    (Kind::Listener, 0),
    (Kind::Datagrams, 1),
    (Kind::Datagrams, 2),
    (Kind::Datagrams, 2),
    (Kind::Listener, 3),
    (Kind::Listener, 3),
    (Kind::Connection, 4),
];

/// The descriptor of the first one, in every process.
const FIRST: i32 = 101;
/// Below those that the kernel chooses by itself.
const PORTS_FROM: u16 = 20_000;
/// Times they can be made anew until ports are used again.
const GENERATIONS: u64 = 1000;

/// The descriptor of one.
pub fn descriptor(nr: usize) -> i32 {
    FIRST + nr as i32
}

/// The port of one, as they are now.
pub fn port(world: World, nr: usize) -> u16 {
    let generation = (world.generation() % GENERATIONS) as u16;
    PORTS_FROM + 8 * generation + ALL[nr].1
}

/// The port of a TCP listener.
pub fn port_of_a_listener(world: World) -> u16 {
    port(world, 0)
}

/// Whether it is one of a group.
pub fn is_grouped(nr: usize) -> bool {
    ALL.iter().filter(|other| other.1 == ALL[nr].1).count() > 1
}
