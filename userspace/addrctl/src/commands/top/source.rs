// SPDX-License-Identifier: GPL-2.0

//! What is shown, as the module tells it.

use addrconf_abi::Event;
use rustix::io::Errno;

use super::rows::{Row, Snapshot};
use crate::client::{Association, CallError, Client};
use crate::commands::args::Which;
use crate::commands::open;
use crate::error::{Reason, Subject};
use crate::output::Traffic;
use crate::refusal::Refusal;
use crate::system::System;

/// How often events are read for one refresh: more than enough for all that the module keeps for a
/// reader. If more come meanwhile, they are read for the next one.
const READS: usize = 64;

/// The module, and of which associations it is asked.
pub struct Source<'a> {
    system: &'a dyn System,
    client: Client<'a>,
    /// The only association, if it is not all.
    only: Option<u64>,
    whom: Subject,
}

impl<'a> Source<'a> {
    /// Opens the device, and finds the association if only one is meant. `whom` is what messages
    /// call it.
    pub fn open(
        system: &'a dyn System,
        which: Option<Which>,
        whom: Subject,
    ) -> Result<Self, Reason> {
        let client = open::client(system)?;
        Ok(Self {
            only: open::only(system, &client, which)?,
            system,
            client,
            whom,
        })
    }

    /// The associations now. None if only one is meant and it has ended.
    pub fn snapshot(&self) -> Result<Snapshot, Reason> {
        self.look().map_err(|cause| self.refused(cause))
    }

    /// The same, but it is an error if only one is meant and it is not there.
    pub fn required_snapshot(&self) -> Result<Snapshot, Reason> {
        let snapshot = self.snapshot()?;
        match self.only {
            Some(_) if snapshot.rows.is_empty() => {
                Err(self.refused(CallError::Refused(Errno::NOENT)))
            }
            _ => Ok(snapshot),
        }
    }

    /// Begins to read events, after the refusals that the module remembers.
    pub fn watch(&self) -> Result<(), Reason> {
        let watched = self.client.watch(self.only, true);
        watched.map_err(|cause| self.refused(cause))
    }

    /// The events that have come since the last time.
    pub fn events(&self) -> Result<Vec<Event>, Reason> {
        let mut all = Vec::new();
        for _ in 0..READS {
            let events = self.client.events(false);
            let events = events.map_err(|cause| self.refused(cause))?;
            if events.is_empty() {
                break;
            }
            all.extend(events);
        }
        Ok(all)
    }

    fn look(&self) -> Result<Snapshot, CallError> {
        let at = self.system.clock();
        let found = match self.only {
            Some(id) => self.client.describe(&[id])?,
            None => self.client.describe_all()?,
        };
        let has_traffic = self.client.counts_traffic();
        let mut rows = Vec::new();
        for association in found {
            rows.extend(self.row(association, has_traffic)?);
        }
        Ok(Snapshot { at, rows })
    }

    /// The row of an association, unless it has ended meanwhile.
    fn row(&self, association: Association, has_traffic: bool) -> Result<Option<Row>, CallError> {
        let counts = self.client.counts_of(association.id)?;
        Ok(counts.map(|counts| Row {
            id: association.id,
            name: association.terms.name.as_str().to_owned(),
            process_count: association.process_count,
            task_count: association.task_count,
            socket_count: association.socket_count,
            refused_count: counts.refused.iter().sum(),
            refused_per_second: None,
            traffic: has_traffic.then(|| Traffic::new(&counts)),
            received_bytes_per_second: None,
            sent_bytes_per_second: None,
        }))
    }

    fn refused(&self, cause: CallError) -> Reason {
        Refusal::new(self.system, &self.client, cause).about(&self.whom)
    }
}
