// SPDX-License-Identifier: GPL-2.0

//! The calls of the made-up kernel about events, which its state has a list of.

use std::time::Duration;

use addrconf_abi::{CountsRequest, Event, WatchRequest, Wire, MAX_STRUCT};
use rustix::io::Errno;

use super::device::{errno, reply};
use super::State;

impl State {
    /// Begins to read events: those that the state has, refusals first if they are wanted.
    pub(super) fn watch(&mut self, arg: &[u8]) -> Result<(), Errno> {
        let request = WatchRequest::decode(arg).map_err(errno)?;
        if self.watched.is_some() {
            return Err(Errno::ALREADY);
        }
        self.watched_id = request.association;
        let wants = |event: &&Event| self.is_watched(event);
        let recent = self.recent.iter().filter(|_| request.recent);
        let all = recent.chain(&self.events).filter(wants);
        self.watched = Some(all.copied().collect());
        Ok(())
    }

    /// Reads events, as many as there is room for.
    pub(super) fn read_events(&mut self, room: &mut [u8], wait: bool) -> Result<usize, Errno> {
        let left = self.watched.as_mut().ok_or(Errno::INVAL)?;
        let mut len = 0;
        let mut buf = [0; MAX_STRUCT];
        for place in room.chunks_exact_mut(Event::SIZE) {
            let Some(event) = left.pop_front() else { break };
            place.copy_from_slice(event.encode(&mut buf));
            len += Event::SIZE;
        }
        match len {
            0 if !wait => Err(Errno::AGAIN),
            len => Ok(len),
        }
    }

    /// Lets time pass, in which refusals come: they are counted, told and remembered.
    pub(super) fn pass(&mut self, time: Duration) {
        self.slept += time;
        if let Some(id) = self.ending.take() {
            self.associations.remove(&id);
        }
        let coming = std::mem::take(&mut self.coming);
        let told = coming.iter().filter(|event| self.is_watched(event));
        let told: Vec<_> = told.copied().collect();
        if let Some(watched) = &mut self.watched {
            watched.extend(told);
        }
        self.recent.extend(coming);
    }

    fn is_watched(&self, event: &Event) -> bool {
        self.watched_id == 0 || self.watched_id == event.association
    }

    /// Tells how often something was refused to an association.
    pub(super) fn counts(&mut self, arg: &mut [u8]) -> Result<(), Errno> {
        let mut request = CountsRequest::decode(arg).map_err(errno)?;
        let id = self.association(request.target)?;
        request.id = id;
        if let Some(&(received, sent)) = self.traffic.get(&id) {
            (request.received, request.sent) = (received, sent);
        }
        for event in &self.recent {
            if let (true, Some(operation)) = (event.association == id, event.operation) {
                request.refused[operation.index()] += 1;
            }
        }
        reply(arg, &request)
    }
}
