// SPDX-License-Identifier: GPL-2.0

//! The rows, the model and the drawing, without a module and a terminal.

mod draw;
mod model;
mod rows;

use std::time::Duration;

use addrconf_abi::{Event, Happening, Name, Operation, Refusal};
use ratatui::crossterm::event::KeyCode;

use super::model::Model;
use super::rows::{Row, Snapshot};
use crate::output::Traffic;

/// An association with a process to which so much was refused.
fn row(id: u64, name: &str, refused: u64) -> Row {
    Row {
        id,
        name: name.to_owned(),
        process_count: 1,
        task_count: 2,
        socket_count: 3,
        refused_count: refused,
        refused_per_second: None,
        traffic: None,
        received_bytes_per_second: None,
        sent_bytes_per_second: None,
    }
}

/// An association that received and sent so many bytes.
fn with_traffic(id: u64, received_bytes: u64, sent_bytes: u64) -> Row {
    let traffic = Some(Traffic {
        received_bytes,
        sent_bytes,
        ..Traffic::default()
    });
    Row {
        traffic,
        ..row(id, "", 0)
    }
}

/// These rows, so many milliseconds after the start.
fn at(millis: u64, rows: &[Row]) -> Snapshot {
    Snapshot {
        at: Duration::from_millis(millis),
        rows: rows.to_vec(),
    }
}

/// A refusal, at this second.
fn refusal(second: u64, association: u64, comm: &[u8]) -> Event {
    let mut event = Event {
        operation: Some(Operation::Bind),
        refusal: Some(Refusal::AddressOutside),
        time: second * 1_000_000_000,
        pid: 812,
        ..Event::of(Happening::Refused, association, Name::default())
    };
    event.comm[..comm.len()].copy_from_slice(comm);
    event
}

/// Three associations, of which the second had most refused.
fn three() -> Model {
    let rows = [row(1, "web", 5), row(2, "shop", 9), row(3, "", 0)];
    Model::new(Duration::from_secs(2), at(1_000, &rows))
}

/// Presses keys, none of which may end it.
fn press(model: &mut Model, keys: &[KeyCode]) {
    for key in keys {
        assert!(model.press((*key).into()).is_continue(), "{key}");
    }
}
