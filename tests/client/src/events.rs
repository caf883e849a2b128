// SPDX-License-Identifier: GPL-2.0

//! Events, and numbers of refusals.

use std::io::{self, Read};

use addrconf_abi::{Command, CountsRequest, Event, Target, WatchRequest, Wire};

use super::Device;

impl Device {
    /// Begins to read events.
    pub fn watch(&self, request: &WatchRequest) -> io::Result<()> {
        self.call(Command::Watch, request).map(drop)
    }

    /// Reads events, at most so many. Waits for one, unless the file is not to block.
    pub fn events(&self, most: usize) -> io::Result<Vec<Event>> {
        let mut bytes = vec![0; most * Event::SIZE];
        let len = (&self.0).read(&mut bytes)?;
        assert_eq!(len % Event::SIZE, 0, "part of an event");
        let read = bytes[..len].chunks_exact(Event::SIZE);
        Ok(read
            .map(|bytes| Event::decode(bytes).expect("an event"))
            .collect())
    }

    /// How often something was refused to an association.
    pub fn counts(&self, target: Target) -> io::Result<CountsRequest> {
        self.call(Command::Counts, &CountsRequest::about(target))
    }
}
