// SPDX-License-Identifier: GPL-2.0

//! Those who watch, each from a place where the module has no say.

pub mod clients;
pub mod members;
pub mod packets;
pub mod probes;
pub mod services;
pub mod sockets;

use std::time::{Duration, Instant};

use crate::world::World;

/// Has a watcher look again and again until all is over; for at most half of
/// the time, so that there is something to see.
fn again(world: World, pause: u64, mut look: impl FnMut()) {
    while !world.stopped() {
        let started = Instant::now();
        look();
        // In parts: a look may have taken long.
        let until = Instant::now() + started.elapsed().max(Duration::from_millis(pause));
        while Instant::now() < until && !world.stopped() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
