// SPDX-License-Identifier: GPL-2.0

//! The watchers. Each one observes from a place that the module does not control.

pub mod clients;
pub mod events;
pub mod members;
pub mod packets;
pub mod probes;
pub mod services;
pub mod sockets;

use std::time::{Duration, Instant};

use crate::world::World;

/// Calls `look` again and again until the run ends, with pauses of at least `pause`
/// milliseconds. A watcher takes at most half of the time, so that tenants get to act.
fn again(world: World, pause: u64, mut look: impl FnMut()) {
    while !world.stopped() {
        let started = Instant::now();
        look();
        // In parts, as the pause may be long and the run may end meanwhile.
        let until = Instant::now() + started.elapsed().max(Duration::from_millis(pause));
        while Instant::now() < until && !world.stopped() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
