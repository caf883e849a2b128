// SPDX-License-Identifier: GPL-2.0

//! Events as entries of the journal of systemd.

use addrconf_abi::{Event, Happening, Name, Operation, Refusal};

use super::{addrctl, nginx};
use crate::testing::{Fake, FakeJournal};

const REFUSAL: &str = "a7e537b25dfe4b79b3c228c64e1edb0c";
const CHANGE: &str = "c32b68ceb53c454eb03076852afc1cd8";

/// A refused `bind` of process 812, whose command is this.
fn refusal(command: &[u8]) -> Event {
    let mut comm = [0; 16];
    comm[..command.len()].copy_from_slice(command);
    Event {
        operation: Some(Operation::Bind),
        refusal: Some(Refusal::AddressOutside),
        address: Some(("2001:db8::9".parse().unwrap(), 80)),
        time: 12_345_678_901,
        pid: 812,
        tid: 813,
        comm,
        errno: 99,
        held_back: 7,
        ..Event::of(Happening::Refused, 1, Name::new("shop").unwrap())
    }
}

/// The entries that `line` sends, if these events happen; each field with its value as text.
fn sent(fake: &Fake, line: &str, events: Vec<Event>) -> Vec<Vec<(String, String)>> {
    let journal = FakeJournal::of(fake);
    fake.state().events = events;
    assert_eq!(addrctl(fake, line).unwrap(), "");
    let text = |(name, value): (String, Vec<u8>)| (name, String::from_utf8(value).unwrap());
    let entries = journal.entries().into_iter();
    entries
        .map(|entry| entry.into_iter().map(text).collect())
        .collect()
}

#[track_caller]
fn is(entry: &[(String, String)], fields: &[(&str, &str)]) {
    let entry: Vec<_> = entry
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(entry, fields);
}

#[test]
fn an_event_is_an_entry_with_a_field_for_each_thing_that_it_tells() {
    let made = Event::of(Happening::Made, 2, Name::default());
    let lost = Event {
        lost: 3,
        ..Event::of(Happening::Lost, 0, Name::default())
    };
    let entries = sent(
        &nginx(),
        "monitor --journal",
        vec![refusal(b"php"), made, lost],
    );
    is(
        &entries[0],
        &[
            (
                "MESSAGE",
                "[   12.345678] (7 more were held back) association 1 (shop): 812 (php) bind \
                 [2001:db8::9]:80 refused: the address is not in the set (EADDRNOTAVAIL)",
            ),
            ("MESSAGE_ID", REFUSAL),
            ("PRIORITY", "4"),
            ("SYSLOG_IDENTIFIER", "addrconf"),
            ("ADDRCONF_EVENT", "refused"),
            ("ADDRCONF_ASSOCIATION", "1"),
            ("ADDRCONF_NAME", "shop"),
            ("ADDRCONF_OPERATION", "bind"),
            ("ADDRCONF_REASON", "address-outside"),
            ("ADDRCONF_ADDRESS", "2001:db8::9"),
            ("ADDRCONF_PORT", "80"),
            ("ADDRCONF_ERRNO", "EADDRNOTAVAIL"),
            ("ADDRCONF_HELD_BACK", "7"),
            ("OBJECT_PID", "812"),
            ("ADDRCONF_COMM", "php"),
        ],
    );
    is(
        &entries[1],
        &[
            ("MESSAGE", "[    0.000000] association 2: made"),
            ("MESSAGE_ID", CHANGE),
            ("PRIORITY", "6"),
            ("SYSLOG_IDENTIFIER", "addrconf"),
            ("ADDRCONF_EVENT", "made"),
            ("ADDRCONF_ASSOCIATION", "2"),
        ],
    );
    is(
        &entries[2],
        &[
            ("MESSAGE", "[    0.000000] (3 events lost) lost"),
            ("MESSAGE_ID", CHANGE),
            ("PRIORITY", "4"),
            ("SYSLOG_IDENTIFIER", "addrconf"),
            ("ADDRCONF_EVENT", "lost"),
            ("ADDRCONF_LOST", "3"),
        ],
    );
    assert_eq!(entries.len(), 3);
}

#[test]
fn a_command_cannot_forge_a_field() {
    let fake = nginx();
    let journal = FakeJournal::of(&fake);
    // The second one pretends to be the end of its field, and to begin one with a length.
    let hostile: [&[u8]; 4] = [
        b"x\nPRIORITY=0",
        b"\nA\n\x01\0\0\0\0\0\0\0b\n",
        b"\x1b[2J\r\t\x7f",
        b"\xff\xfe=\xc3",
    ];
    fake.state().events = hostile.map(refusal).into();
    addrctl(&fake, "monitor --journal").unwrap();
    let names =
        "MESSAGE MESSAGE_ID PRIORITY SYSLOG_IDENTIFIER ADDRCONF_EVENT ADDRCONF_ASSOCIATION \
                 ADDRCONF_NAME ADDRCONF_OPERATION ADDRCONF_REASON ADDRCONF_ADDRESS ADDRCONF_PORT \
                 ADDRCONF_ERRNO ADDRCONF_HELD_BACK OBJECT_PID ADDRCONF_COMM";
    let entries = journal.entries();
    assert_eq!(entries.len(), hostile.len());
    for (entry, command) in entries.iter().zip(hostile) {
        let found: Vec<_> = entry.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found.join(" "), names);
        let value = |wanted| &entry.iter().find(|(name, _)| name == wanted).unwrap().1;
        assert_eq!(value("PRIORITY"), b"4");
        // A zero ends a command.
        let command = command.split(|&byte| byte == 0).next().unwrap();
        assert_eq!(value("ADDRCONF_COMM"), command);
        let message = std::str::from_utf8(value("MESSAGE")).unwrap();
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn the_events_of_one_association_and_earlier_ones_can_be_chosen() {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1 --name shop").unwrap();
    fake.state().recent = vec![refusal(b"php")];
    let other = Event::of(Happening::Changed, 2, Name::default());
    let joined = Event::of(Happening::Joined, 1, Name::new("shop").unwrap());
    let entries = sent(
        &fake,
        "monitor shop --recent --journal",
        vec![other, joined],
    );
    let event = |entry: &Vec<(String, String)>| entry[4].1.clone();
    let events: Vec<_> = entries.iter().map(event).collect();
    assert_eq!(events, ["refused", "joined"]);
}

#[test]
fn without_a_journal_nothing_is_watched() {
    let fake = nginx();
    let error = addrctl(&fake, "monitor --journal").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot monitor events: systemd-journald is not running here; start \
         systemd-journald.socket, or leave --journal out and keep what is printed"
    );
    assert_eq!(error.exit_code(), 1);
    assert!(fake.state().watched.is_none());
    fake.state().journal = Some("".into());
    let error = addrctl(&fake, "monitor --journal").unwrap_err();
    let says = "systemd-journald takes no entry: Invalid argument";
    assert!(error.to_string().contains(says), "{error}");
}
