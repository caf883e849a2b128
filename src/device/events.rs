// SPDX-License-Identifier: GPL-2.0

//! Reading events from the control device, and numbers: what was refused, sent and received, as
//! `src/abi/event.rs` and `src/abi/counts.rs` document them.
//!
//! Context: process, may sleep.

use kernel::prelude::*;
use kernel::sync::SetOnce;

use crate::abi::{CountsRequest, Operation, TrafficRequest, WatchRequest, MAX_KEPT};
use crate::events::Way;
use crate::sys::events::Reader;

use super::caller::Caller;
use super::calls::{authorised, find};
use super::user::Argument;

/// Begins to read events with an open file, whose reader is kept in `place`.
pub(super) fn watch(place: &SetOnce<Reader>, arg: Argument) -> Result {
    let table = authorised()?;
    let request: WatchRequest = arg.read()?;
    if request.room > MAX_KEPT {
        return Err(EINVAL);
    }
    let only = match request.association {
        0 => None,
        id => {
            let found = table.registry().by_id(id).ok_or(ENOENT)?;
            Some(found.id())
        }
    };
    match place.populate(Reader::new(only, request.room, request.recent)?) {
        true => Ok(()),
        false => Err(EALREADY),
    }
}

/// Tells how often calls and packets of an association were refused, and its traffic.
pub(super) fn counts(arg: Argument) -> Result {
    let caller = Caller::permitted()?;
    let mut request: CountsRequest = arg.read()?;
    let association = find(&caller, request.target)?;
    let record = association.record();
    request.id = association.id().into();
    request.held_back = record.held_back();
    request.received = record.traffic(Way::In);
    request.sent = record.traffic(Way::Out);
    for (number, operation) in request.refused.iter_mut().zip(Operation::ALL) {
        *number = record.refused(operation);
    }
    arg.write(&request)
}

/// Counts the traffic of associations, or stops that, or tells whether it is counted.
pub(super) fn traffic(arg: Argument) -> Result {
    let table = authorised()?;
    let mut request: TrafficRequest = arg.read()?;
    // A caller whose memory cannot be written learns that before the call takes effect.
    arg.write(&request)?;
    request.counted = table.count_traffic(request.change)?;
    arg.write(&request)
}
