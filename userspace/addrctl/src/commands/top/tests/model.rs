// SPDX-License-Identifier: GPL-2.0

//! What keys and refreshes do.

use std::time::Duration;

use addrconf_abi::{Event, Happening, Name, MAX_RECENT};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{at, press, refusal, row, three, with_traffic, Model};

const SORT: KeyCode = KeyCode::Char('s');
const REVERSE: KeyCode = KeyCode::Char('r');

fn ids(model: &Model) -> Vec<u64> {
    model.rows().iter().map(|row| row.id).collect()
}

fn selected(model: &Model) -> Option<u64> {
    model.selected().map(|row| row.id)
}

/// Sorts by the column with this heading.
fn sort_by(model: &mut Model, heading: &str) {
    let mut presses = 0;
    while model.sorted_by().heading != heading {
        press(model, &[SORT]);
        presses += 1;
        assert!(presses < model.columns().len(), "no column {heading}");
    }
}

/// So many associations, with as many rows visible as `room`.
fn many(count: u64, room: usize) -> Model {
    let rows: Vec<_> = (1..=count).map(|id| row(id, "", 0)).collect();
    let mut model = Model::new(Duration::from_secs(1), at(0, &rows));
    model.visible(room);
    model
}

#[test]
fn q_and_escape_and_ctrl_c_end_it() {
    let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    let ending = [KeyCode::Char('q').into(), KeyCode::Esc.into(), control('c')];
    for key in ending {
        assert!(three().press(key).is_break(), "{key:?}");
    }
    let others = [
        KeyCode::Char('c').into(),
        KeyCode::Char('x').into(),
        KeyCode::Tab.into(),
        control('q'),
    ];
    for key in others {
        assert!(three().press(key).is_continue(), "{key:?}");
    }
}

#[test]
fn each_column_sorts_in_its_order_and_after_the_last_comes_the_first() {
    let mut model = three();
    let mut headings = Vec::new();
    for _ in model.columns() {
        headings.push(model.sorted_by().heading);
        press(&mut model, &[SORT]);
    }
    let all = [
        "ID",
        "NAME",
        "PROCESSES",
        "TASKS",
        "SOCKETS",
        "REFUSED",
        "REFUSED/S",
    ];
    assert_eq!(headings, all);
    assert_eq!(model.sorted_by().heading, "ID");

    let orders = [
        ("ID", [1, 2, 3]),
        ("NAME", [3, 2, 1]),
        // All have the same number: the smallest id is first.
        ("TASKS", [1, 2, 3]),
        ("REFUSED", [2, 1, 3]),
    ];
    for (heading, order) in orders {
        sort_by(&mut model, heading);
        assert_eq!(ids(&model), order, "{heading}");
    }
    press(&mut model, &[REVERSE]);
    assert_eq!(ids(&model), [3, 1, 2]);
    assert!(!model.greatest_first());
    press(&mut model, &[REVERSE]);
    assert_eq!(ids(&model), [2, 1, 3]);
}

#[test]
fn rows_are_sorted_by_a_rate_once_there_are_two_looks() {
    let mut model = three();
    sort_by(&mut model, "REFUSED/S");
    assert_eq!(ids(&model), [1, 2, 3]);
    model.refresh(at(
        3_000,
        &[row(1, "web", 5), row(2, "shop", 10), row(3, "", 7)],
    ));
    assert_eq!(ids(&model), [3, 2, 1]);
    assert_eq!(model.rows()[0].refused_per_second, Some(3.5));
    // The rate is that of the last two looks.
    model.refresh(at(
        4_000,
        &[row(1, "web", 6), row(2, "shop", 10), row(3, "", 7)],
    ));
    assert_eq!(ids(&model), [1, 2, 3]);
    assert_eq!(model.rows()[2].refused_per_second, Some(0.0));
}

#[test]
fn there_are_more_columns_while_traffic_is_counted() {
    let mut model = three();
    assert_eq!(model.columns().len(), 7);
    for (millis, sent) in [(2_000, 0), (3_000, 500)] {
        model.refresh(at(
            millis,
            &[with_traffic(1, 0, 0), with_traffic(2, 0, sent)],
        ));
    }
    sort_by(&mut model, "SENT-B/S");
    assert_eq!(ids(&model), [2, 1]);
    // The column that it was sorted by is gone.
    model.refresh(at(4_000, &[row(2, "", 0), row(1, "", 0)]));
    assert_eq!(model.sorted_by().heading, "ID");
    assert_eq!(ids(&model), [1, 2]);
    press(&mut model, &[SORT]);
    assert_eq!(model.sorted_by().heading, "NAME");
}

#[test]
fn a_new_column_to_sort_by_is_not_reversed() {
    let mut model = three();
    press(&mut model, &[REVERSE]);
    assert_eq!(ids(&model), [3, 2, 1]);
    press(&mut model, &[SORT, REVERSE, SORT]);
    assert!(model.greatest_first());
}

#[test]
fn the_selected_association_stays_selected_wherever_it_goes() {
    let mut model = three();
    press(&mut model, &[KeyCode::Down]);
    assert_eq!(selected(&model), Some(2));
    sort_by(&mut model, "REFUSED");
    assert_eq!((model.place(), selected(&model)), (0, Some(2)));
    press(&mut model, &[KeyCode::Down]);
    assert_eq!(selected(&model), Some(1));
    model.refresh(at(
        2_000,
        &[row(1, "web", 5), row(2, "shop", 9), row(4, "", 7)],
    ));
    assert_eq!((model.place(), selected(&model)), (2, Some(1)));
    // It ends: the last row is in its place.
    model.refresh(at(3_000, &[row(2, "shop", 9), row(4, "", 7)]));
    assert_eq!((model.place(), selected(&model)), (1, Some(4)));
    model.refresh(at(4_000, &[]));
    assert_eq!((model.place(), selected(&model)), (0, None));
    model.refresh(at(5_000, &[row(5, "", 0)]));
    assert_eq!(selected(&model), Some(5));
}

#[test]
fn the_first_row_stays_selected_unless_it_was_chosen() {
    let mut model = three();
    sort_by(&mut model, "REFUSED");
    assert_eq!(selected(&model), Some(2));
    let next = at(2_000, &[row(1, "web", 99), row(2, "shop", 9)]);
    model.refresh(next.clone());
    assert_eq!(selected(&model), Some(1));
    // Whose refusals alone are shown was chosen.
    press(&mut model, &[KeyCode::Enter, REVERSE]);
    assert_eq!((model.place(), selected(&model)), (1, Some(1)));
}

#[test]
fn keys_move_by_rows_and_pages_and_stop_at_the_ends() {
    let mut model = many(25, 10);
    let steps = [
        (KeyCode::Up, 1),
        (KeyCode::Down, 2),
        (KeyCode::PageDown, 11),
        (KeyCode::PageDown, 20),
        (KeyCode::PageDown, 25),
        (KeyCode::Down, 25),
        (KeyCode::PageUp, 16),
        (KeyCode::Up, 15),
        (KeyCode::Home, 1),
        (KeyCode::PageUp, 1),
        (KeyCode::End, 25),
    ];
    for (key, id) in steps {
        press(&mut model, &[key]);
        assert_eq!(selected(&model), Some(id), "{key}");
    }
    let mut none = many(0, 10);
    for (key, _) in steps {
        press(&mut none, &[key]);
        assert_eq!(selected(&none), None, "{key}");
    }
}

#[test]
fn the_selected_row_is_visible_and_the_view_moves_only_for_it() {
    let mut model = many(25, 10);
    assert_eq!(model.visible(10), 0..10);
    press(&mut model, &[KeyCode::PageDown]);
    assert_eq!(model.visible(10), 0..10);
    press(&mut model, &[KeyCode::Down]);
    assert_eq!(model.visible(10), 1..11);
    press(&mut model, &[KeyCode::Up, KeyCode::Up]);
    assert_eq!(model.visible(10), 1..11);
    press(&mut model, &[KeyCode::End]);
    assert_eq!(model.visible(10), 15..25);
    // A larger terminal shows more, a smaller one still the selected row.
    assert_eq!(model.visible(20), 5..25);
    assert_eq!(model.visible(3), 22..25);
    assert_eq!(model.visible(100), 0..25);
    assert!(model.visible(0).is_empty());
    assert_eq!(model.visible(1), 24..25);
    // There are fewer rows.
    model.refresh(at(1_000, &[row(1, "", 0), row(2, "", 0)]));
    assert_eq!(model.visible(10), 0..2);
}

#[test]
fn the_latest_refusals_are_kept_and_other_events_are_not_shown() {
    let mut model = three();
    let other = Event::of(Happening::Joined, 1, Name::default());
    let lost = Event {
        lost: 3,
        ..Event::of(Happening::Lost, 0, Name::default())
    };
    model.add(&[refusal(1, 1, b"php"), other, refusal(2, 2, b"nginx"), lost]);
    let lines: Vec<_> = model.refusals().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains("(3 events lost)"), "{lines:?}");
    let line =
        "[    2.000000] association 2: 812 (nginx) bind refused: the address is not in the set";
    assert_eq!(lines[1], line);

    let more: Vec<_> = (3..603).map(|second| refusal(second, 1, b"php")).collect();
    model.add(&more);
    assert_eq!(model.refusals().count(), MAX_RECENT as usize);
    let last = model.refusals().next();
    assert!(
        last.is_some_and(|line| line.starts_with("[  602.0")),
        "{last:?}"
    );
}

#[test]
fn enter_shows_the_refusals_of_the_selected_association_alone() {
    let mut model = three();
    model.add(&[
        refusal(1, 1, b"php"),
        refusal(2, 2, b"nginx"),
        refusal(3, 1, b"php"),
    ]);
    press(&mut model, &[KeyCode::Enter]);
    assert_eq!(model.only().map(|row| row.id), Some(1));
    assert_eq!(model.refusals().count(), 2);
    press(&mut model, &[KeyCode::Down]);
    assert_eq!(model.refusals().count(), 1);
    press(&mut model, &[KeyCode::Down]);
    assert_eq!(model.refusals().count(), 0);
    press(&mut model, &[KeyCode::Enter]);
    assert_eq!(model.refusals().count(), 3);
}
