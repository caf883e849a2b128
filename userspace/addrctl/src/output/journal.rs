// SPDX-License-Identifier: GPL-2.0

//! Events as entries of the journal of systemd. `docs/addrctl.md` has the fields.

use addrconf_abi::{Event, Happening};

use super::event::{comm, EventView};

/// `MESSAGE_ID` of what was refused.
const REFUSAL: &str = "a7e537b25dfe4b79b3c228c64e1edb0c";
/// `MESSAGE_ID` of everything else.
const CHANGE: &str = "c32b68ceb53c454eb03076852afc1cd8";

/// Priorities of syslog(3).
const WARNING: u8 = 4;
const INFORMATION: u8 = 6;

/// The fields of the entry for an event. Those that mean nothing are left out.
pub fn journal_entry(event: &Event) -> Vec<(&'static str, Vec<u8>)> {
    let view = EventView::new(event);
    let (id, priority) = match event.what {
        Some(Happening::Refused) => (REFUSAL, WARNING),
        Some(Happening::Lost) => (CHANGE, WARNING),
        _ => (CHANGE, INFORMATION),
    };
    let mut entry = vec![
        ("MESSAGE", view.text().into_bytes()),
        ("MESSAGE_ID", id.into()),
        ("PRIORITY", priority.to_string().into_bytes()),
        ("SYSLOG_IDENTIFIER", "addrconf".into()),
        ("ADDRCONF_EVENT", view.event.into()),
    ];
    let mut add = |name, value: Option<String>| {
        entry.extend(value.map(|value| (name, value.into_bytes())));
    };
    let some = |number: u32| (number != 0).then(|| number.to_string());
    let association = Some(view.association).filter(|&id| id != 0);
    add("ADDRCONF_ASSOCIATION", association.map(|id| id.to_string()));
    add(
        "ADDRCONF_NAME",
        Some(view.name).filter(|name| !name.is_empty()),
    );
    add("ADDRCONF_OPERATION", view.operation.map(str::to_owned));
    add("ADDRCONF_REASON", view.reason.map(str::to_owned));
    add("ADDRCONF_ADDRESS", view.address);
    add("ADDRCONF_PORT", view.port.map(|port| port.to_string()));
    add("ADDRCONF_ERRNO", view.errno);
    add("ADDRCONF_HELD_BACK", some(view.held_back));
    add("ADDRCONF_LOST", some(view.lost));
    add("OBJECT_PID", view.pid.map(|pid| pid.to_string()));
    // As the process chose it: any bytes.
    let comm = Some(comm(event)).filter(|comm| !comm.is_empty());
    entry.extend(comm.map(|comm| ("ADDRCONF_COMM", comm.to_vec())));
    entry
}
