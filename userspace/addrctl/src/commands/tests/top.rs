// SPDX-License-Identifier: GPL-2.0

//! Associations and refusals live, at a made-up terminal.

use std::time::Duration;

use addrconf_abi::{Event, Happening, Name, Operation, Refusal};
use ratatui::crossterm::event::KeyCode;

use super::{addrctl, nginx};
use crate::error::ErrorKind;
use crate::testing::{Fake, Typed};

const QUIT: Typed = Typed::Key(KeyCode::Char('q'));

/// A refusal to an association.
fn refusal(association: u64) -> Event {
    let mut event = Event {
        operation: Some(Operation::Bind),
        refusal: Some(Refusal::AddressOutside),
        address: Some(("203.0.113.9".parse().unwrap(), 80)),
        pid: 812,
        ..Event::of(Happening::Refused, association, Name::new("shop").unwrap())
    };
    event.comm[..3].copy_from_slice(b"php");
    event
}

/// Two associations, of which one was refused something, and more is refused as time passes.
fn refusing() -> Fake {
    let fake = nginx();
    addrctl(&fake, "assign 812 10.0.0.1 --name shop").unwrap();
    addrctl(&fake, "assign 813 10.0.0.2").unwrap();
    let mut state = fake.state();
    state.recent = vec![refusal(1)];
    state.coming = vec![refusal(1), refusal(1), refusal(2)];
    drop(state);
    fake
}

/// The same at a terminal, where somebody types this.
fn typing(typed: &[Typed]) -> Fake {
    let fake = refusing();
    fake.state().terminal = Some((110, 12));
    fake.state().typed = typed.iter().copied().collect();
    fake
}

#[test]
fn batch_prints_the_table_after_one_delay() {
    let fake = refusing();
    assert_eq!(
        addrctl(&fake, "top --batch --delay 0.5").unwrap(),
        "ID  NAME  PROCESSES  TASKS  SOCKETS  REFUSED  REFUSED/S\n \
         1  shop          1      1        0        3        4.0\n \
         2  -             1      1        0        1        2.0\n"
    );
    assert_eq!(fake.state().slept, Duration::from_millis(500));
    assert_eq!(fake.state().open_devices, 0);
}

#[test]
fn batch_prints_json() {
    let json = addrctl(&refusing(), "top shop --batch --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({
        "version": 1,
        "seconds": 2.0,
        "associations": [{
            "id": 1,
            "name": "shop",
            "process_count": 1,
            "task_count": 1,
            "socket_count": 0,
            "refused_count": 3,
            "refused_per_second": 1.0,
            "traffic": null,
            "received_bytes_per_second": null,
            "sent_bytes_per_second": null,
        }],
    });
    assert_eq!(json, expected);
}

#[test]
fn bytes_are_shown_while_they_are_counted() {
    let fake = refusing();
    addrctl(&fake, "traffic --on").unwrap();
    let json = addrctl(&fake, "top shop --batch --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let shop = &json["associations"][0];
    assert_eq!(shop["traffic"]["sent_bytes"], 0);
    assert_eq!(shop["received_bytes_per_second"], 0.0);
    assert_eq!(shop["sent_bytes_per_second"], 0.0);
    assert_eq!(
        addrctl(&fake, "top shop --batch").unwrap(),
        "ID  NAME  PROCESSES  TASKS  SOCKETS  REFUSED  REFUSED/S  RECEIVED-B/S  SENT-B/S\n \
         1  shop          1      1        0        3        0.0             0         0\n"
    );
}

#[test]
fn an_association_that_is_not_there_is_an_error() {
    for line in ["top 7 --batch", "top 7", "top blog --batch", "top blog"] {
        let fake = typing(&[]);
        let error = addrctl(&fake, line).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{line}: {error}");
        assert!(error.to_string().contains("no "), "{error}");
        // The terminal was not touched.
        assert!(fake.state().screens.is_empty());
    }
}

#[test]
fn without_a_terminal_the_message_names_batch() {
    let error = addrctl(&refusing(), "top").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot show associations: the standard output is no terminal; `addrctl top --batch` prints \
         the table once"
    );
}

#[test]
fn the_screen_is_drawn_at_once_and_after_each_delay() {
    let fake = typing(&[Typed::Nothing, Typed::Nothing, QUIT, Typed::Nothing]);
    assert_eq!(addrctl(&fake, "top --delay 4").unwrap(), "");
    let state = fake.state();
    let [first, second, third] = &state.screens[..] else {
        panic!("{} screens", state.screens.len());
    };
    let line = |screen: &str, number| screen.lines().nth(number).unwrap().to_owned();
    assert!(
        line(first, 0).contains("2 associations, every 4 s, by ID"),
        "{first}"
    );
    assert!(line(first, 2).ends_with("      1          -"), "{first}");
    assert!(line(second, 2).ends_with("      3        0.5"), "{second}");
    assert!(line(third, 2).ends_with("      3        0.0"), "{third}");
    let told = |screen: &str| {
        screen
            .matches("812 (php) bind 203.0.113.9:80 refused")
            .count()
    };
    assert_eq!([told(first), told(second), told(third)], [1, 4, 4]);
    // `q` ended it, and no later key.
    assert_eq!(state.typed.len(), 1);
    assert_eq!(state.slept, Duration::from_secs(8));
    assert_eq!(state.open_devices, 0);
}

#[test]
fn keys_sort_and_select_between_two_refreshes() {
    let keys = [
        Typed::Nothing,
        Typed::Key(KeyCode::Char('r')),
        Typed::Key(KeyCode::Enter),
        Typed::Control('c'),
    ];
    let fake = typing(&keys);
    addrctl(&fake, "top").unwrap();
    let state = fake.state();
    let last = state.screens.last().unwrap();
    let ids: Vec<_> = last
        .lines()
        .skip(2)
        .take(2)
        .map(|line| &line[..2])
        .collect();
    assert_eq!(ids, [" 2", " 1"]);
    assert!(
        last.contains("LATEST REFUSALS OF ASSOCIATION 2\n"),
        "{last}"
    );
    assert_eq!(last.matches(" refused: ").count(), 1);
    assert_eq!(state.slept, Duration::from_secs(2));
}

#[test]
fn one_association_is_shown_alone() {
    let fake = typing(&[Typed::Nothing, QUIT]);
    addrctl(&fake, "top shop").unwrap();
    for screen in &fake.state().screens {
        assert!(screen.contains("1 association,"), "{screen}");
        assert!(screen.contains("\n 1  shop"), "{screen}");
        assert!(!screen.contains("association 2"), "{screen}");
    }
}

#[test]
fn an_association_that_ends_leaves_an_empty_table() {
    let fake = typing(&[Typed::Nothing, QUIT]);
    fake.state().ending = Some(1);
    addrctl(&fake, "top shop").unwrap();
    let state = fake.state();
    assert!(state.screens[0].contains("1 association,"));
    assert!(state.screens[1].contains("0 associations,"));
    // What was refused to it is still there.
    assert!(state.screens[1].contains("association 1 (shop): 812 (php) bind"));
}

#[test]
fn the_screen_follows_the_size_of_the_terminal() {
    let fake = typing(&[Typed::Resize(40, 6), QUIT]);
    addrctl(&fake, "top").unwrap();
    let state = fake.state();
    let sizes = state.screens.iter().map(|screen| screen.lines().count());
    assert_eq!(sizes.collect::<Vec<_>>(), [12, 6]);
    assert!(state.screens[1].contains("ID  NAME  PROCESSES  TASKS  SOCKETS\n"));
}

#[test]
fn a_signal_ends_it_like_q() {
    let fake = typing(&[Typed::Kill]);
    assert_eq!(addrctl(&fake, "top").unwrap(), "");
}

#[test]
fn an_older_module_does_not_tell_what_was_refused() {
    for line in ["top", "top --batch"] {
        let fake = typing(&[]);
        fake.state().module = Some(8);
        let error = addrctl(&fake, line).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{line}: {error}");
        assert!(fake.state().screens.is_empty());
    }
}
