// SPDX-License-Identifier: GPL-2.0

//! Services of the host. Every tenant inherits their sockets, at the same descriptors
//! in each process, and must not disturb them.

use crate::world::World;

/// The kind of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP listener.
    Listener,
    /// A UDP socket.
    Datagrams,
    /// A TCP connection to the machine next door.
    Connection,
}

/// All services, with the offsets of their ports. Those of a reuseport group have the
/// same offset.
pub const ALL: [(Kind, u16); 7] = [
    (Kind::Listener, 0),
    (Kind::Datagrams, 1),
    (Kind::Datagrams, 2),
    (Kind::Datagrams, 2),
    (Kind::Listener, 3),
    (Kind::Listener, 3),
    (Kind::Connection, 4),
];

/// The descriptor of the first service, in every process.
const FIRST: i32 = 101;
/// The first port. All are below the kernel's range of ephemeral ports.
const PORTS_FROM: u16 = 20_000;
/// How many times the services can be made again before ports repeat.
const GENERATIONS: u64 = 1000;

/// The descriptor of a service.
pub fn descriptor(nr: usize) -> i32 {
    FIRST + nr as i32
}

/// The port of a service, in the present generation.
pub fn port(world: World, nr: usize) -> u16 {
    let generation = (world.generation() % GENERATIONS) as u16;
    PORTS_FROM + 8 * generation + ALL[nr].1
}

/// The port of a TCP listener.
pub fn port_of_a_listener(world: World) -> u16 {
    port(world, 0)
}

/// Whether a service is in a reuseport group.
pub fn is_grouped(nr: usize) -> bool {
    ALL.iter().filter(|other| other.1 == ALL[nr].1).count() > 1
}
