// SPDX-License-Identifier: GPL-2.0

//! Events, and how often something was refused.

use addrconf_abi::{Command, CountsRequest, Event, Target, WatchRequest, Wire};
use rustix::io::Errno;

use super::{CallError, Client};

/// The numbers of an association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its id.
    pub id: u64,
    /// Its name; empty if it has none.
    pub name: String,
    /// What the module counted.
    pub counts: CountsRequest,
}

/// How many events are read at once.
const AT_ONCE: usize = 64;

impl Client<'_> {
    /// Begins to read the events of an association, or of all, with `recent` refusals first.
    pub fn watch(&self, association: Option<u64>, recent: bool) -> Result<(), CallError> {
        let request = WatchRequest {
            association: association.unwrap_or(0),
            room: 0,
            recent,
        };
        self.call(Command::Watch, &request, &mut []).map(drop)
    }

    /// The next events, after [`Self::watch`]. Waits for one if `wait`. None: there are none now
    /// or, if it should wait, no more.
    pub fn events(&self, wait: bool) -> Result<Vec<Event>, CallError> {
        let mut bytes = [0; AT_ONCE * Event::SIZE];
        let len = match self.device.read(&mut bytes, wait) {
            Ok(len) => len,
            Err(Errno::AGAIN) if !wait => 0,
            Err(errno) => return Err(CallError::Refused(errno)),
        };
        let read = bytes.get(..len).ok_or(CallError::BadAnswer)?;
        read.chunks_exact(Event::SIZE)
            .map(|bytes| Event::decode(bytes).map_err(|_| CallError::BadAnswer))
            .collect()
    }

    /// How often calls and packets of an association were refused.
    pub fn counts(&self, target: Target) -> Result<CountsRequest, CallError> {
        self.call(Command::Counts, &CountsRequest::about(target), &mut [])
    }

    /// The numbers of one association or, without those that end meanwhile, of all.
    pub fn counted(&self, only: Option<u64>) -> Result<Vec<Counted>, CallError> {
        let ids = match only {
            Some(id) => vec![id],
            None => self.list()?,
        };
        let mut all = Vec::new();
        for id in ids {
            match self.counted_of(id) {
                Ok(counted) => all.push(counted),
                Err(CallError::Refused(Errno::NOENT)) if only.is_none() => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(all)
    }

    fn counted_of(&self, id: u64) -> Result<Counted, CallError> {
        let target = Target::Association(id);
        Ok(Counted {
            id,
            counts: self.counts(target)?,
            name: self.query(target)?.terms.name.as_str().to_owned(),
        })
    }

    /// The same of the association with this id; nothing if it has ended since it was listed.
    pub fn counts_of(&self, id: u64) -> Result<Option<CountsRequest>, CallError> {
        match self.counts(Target::Association(id)) {
            Ok(counts) => Ok(Some(counts)),
            Err(CallError::Refused(Errno::NOENT)) => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}
