// SPDX-License-Identifier: GPL-2.0

//! Events and numbers of refusals.

use std::net::IpAddr;

use addrconf_abi::{Event, Happening, Name, Operation, Refusal};

use super::{addrctl, nginx};
use crate::error::ErrorKind;
use crate::testing::Fake;

const NS: u64 = 1_000_000_000;

fn name() -> Name {
    Name::new("shop").unwrap()
}

/// A refusal of a process of association 1.
fn refusal(
    pid: u32,
    operation: Operation,
    refusal: Refusal,
    address: Option<(&str, u16)>,
) -> Event {
    let mut comm = [0; 16];
    comm[..3].copy_from_slice(b"php");
    Event {
        operation: Some(operation),
        refusal: Some(refusal),
        address: address.map(|(addr, port)| (addr.parse::<IpAddr>().unwrap(), port)),
        time: 12 * NS + 345_678_901,
        pid,
        tid: pid,
        comm,
        errno: refusal.errno().unsigned_abs(),
        ..Event::of(Happening::Refused, 1, name())
    }
}

/// A kernel with an association, and refusals of two of its processes.
pub(super) fn refusing() -> Fake {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1 --name shop").unwrap();
    let smtp = Some(("203.0.113.9", 25));
    fake.state().recent = vec![
        refusal(812, Operation::Connect, Refusal::LoopbackOfOther, smtp),
        refusal(
            812,
            Operation::Bind,
            Refusal::AddressOutside,
            Some(("2001:db8::9", 80)),
        ),
        refusal(813, Operation::Create, Refusal::KindNotCovered, None),
    ];
    let dropped = Event {
        pid: 0,
        comm: [0; 16],
        held_back: 7,
        ..refusal(
            0,
            Operation::PacketIn,
            Refusal::PacketDestination,
            Some(("10.0.0.9", 0)),
        )
    };
    let lost = Event {
        lost: 3,
        ..Event::of(Happening::Lost, 0, Name::default())
    };
    fake.state().events = vec![
        Event::of(Happening::Changed, 2, Name::default()),
        dropped,
        lost,
    ];
    fake
}

#[test]
fn monitor_shows_each_event_in_a_line() {
    let shown = addrctl(&refusing(), "monitor").unwrap();
    assert_eq!(
        shown,
        "[    0.000000] association 2: changed\n\
         [   12.345678] (7 more were held back) association 1 (shop): packet-in 10.0.0.9 refused: \
         the destination is not in the set, or the sender's loopback is another's (EPERM)\n\
         [    0.000000] (3 events lost) lost\n"
    );
}

#[test]
fn monitor_shows_one_association_and_what_was_refused_to_it_before() {
    let shown = addrctl(&refusing(), "monitor shop --recent").unwrap();
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[0],
        "[   12.345678] association 1 (shop): 812 (php) connect 203.0.113.9:25 refused: \
         the loopback address belongs to another owner (EACCES)"
    );
    assert!(
        lines[1].contains("bind [2001:db8::9]:80 refused"),
        "{}",
        lines[1]
    );
}

#[test]
fn monitor_prints_an_object_on_each_line() {
    let shown = addrctl(&refusing(), "monitor 1 --recent --json").unwrap();
    assert_eq!(
        shown.lines().next().unwrap(),
        r#"{"time":12.345678,"event":"refused","association":1,"name":"shop","pid":812,"comm":"php","operation":"connect","address":"203.0.113.9","port":25,"reason":"loopback-of-other","errno":"EACCES"}"#
    );
    for line in shown.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn explain_shows_what_was_refused_to_a_process() {
    let fake = refusing();
    let shown = addrctl(&fake, "explain 812").unwrap();
    assert_eq!(shown.lines().count(), 2);
    assert!(
        shown.contains("812 (php) connect 203.0.113.9:25 refused"),
        "{shown}"
    );
    fake.state().watched = None;
    let json = addrctl(&fake, "explain 813 --json").unwrap();
    assert!(json.contains(r#""reason": "kind-not-covered""#), "{json}");
    fake.state().watched = None;
    let none = addrctl(&fake, "explain 814").unwrap();
    assert!(none.contains("no refusal of process 814"), "{none}");
}

#[test]
fn stats_counts_by_operation() {
    let fake = refusing();
    let shown = addrctl(&fake, "stats shop").unwrap();
    assert_eq!(
        shown,
        "ID  NAME  OPERATION  REFUSED\n \
         1  shop  bind             1\n \
         1  shop  connect          1\n \
         1  shop  create           1\n"
    );
    let json = addrctl(&fake, "stats --json").unwrap();
    assert!(json.contains(r#""packet-out": 0"#), "{json}");
}

#[test]
fn metrics_are_open_metrics_text() {
    let text = addrctl(&refusing(), "metrics").unwrap();
    for line in [
        "# TYPE addrconf_associations gauge",
        "addrconf_associations 1",
        "addrconf_processes{id=\"1\",name=\"shop\"} 1",
        "# TYPE addrconf_refused counter",
        "addrconf_refused_total{id=\"1\",name=\"shop\",operation=\"bind\"} 1",
        "addrconf_refused_total{id=\"1\",name=\"shop\",operation=\"listen\"} 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}:\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn a_textfile_has_the_format_that_the_collector_reads() {
    let text = addrctl(&refusing(), "metrics --textfile").unwrap();
    for line in [
        "# TYPE addrconf_associations gauge",
        "addrconf_associations 1",
        "# HELP addrconf_refused_total Calls and packets that were refused.",
        "# TYPE addrconf_refused_total counter",
        "addrconf_refused_total{id=\"1\",name=\"shop\",operation=\"bind\"} 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}:\n{text}");
    }
    assert!(!text.contains("# EOF"), "{text}");
    assert!(text.ends_with('\n'), "{text}");
}

#[test]
fn members_are_shown_their_own_association() {
    let fake = nginx();
    let none = addrctl(&fake, "self").unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound, "{none}");
    let text = "id: 3\nname: shop\ntasks: 2\nsockets: 1\nexclusive: no\ndefined: yes\n\
                refused: bind=7 packet-in=1\nloopback: 127.64.0.3\naddresses: 10.0.0.1 ...\n";
    fake.state().own_state = text.to_owned();
    assert_eq!(addrctl(&fake, "self").unwrap(), text);
    let json = addrctl(&fake, "self --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["id"], 3);
    assert_eq!(json["refused"]["packet-in"], 1);
    assert_eq!(json["addresses"][1], "...");
    fake.state().module = Some(8);
    let error = addrctl(&fake, "self").unwrap_err();
    assert_ne!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[test]
fn an_older_module_has_no_events() {
    let fake = refusing();
    fake.state().module = Some(8);
    for line in ["monitor", "explain 812", "stats"] {
        let error = addrctl(&fake, line).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{line}: {error}");
    }
}
