// SPDX-License-Identifier: GPL-2.0

//! What is on the screen.

use std::time::Duration;

use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Modifier;
use ratatui::Terminal;

use super::{at, press, refusal, row, three, Model};
use crate::commands::top::draw::draw;

/// The terminal after the model was drawn on it.
fn drawn(model: &mut Model, width: u16, height: u16) -> Terminal<TestBackend> {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| draw(frame, model));
    terminal
}

/// The lines of a terminal of this size.
fn lines(model: &mut Model, width: u16, height: u16) -> Vec<String> {
    let terminal = drawn(model, width, height);
    let buffer = terminal.backend().buffer();
    let lines = buffer.content.chunks(width.into()).map(|cells| {
        let line: String = cells.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned()
    });
    lines.collect()
}

#[test]
fn the_screen_has_a_head_the_table_the_refusals_and_the_keys() {
    let mut model = three();
    model.refresh(at(
        3_000,
        &[row(1, "web", 5), row(2, "shop", 12), row(3, "", 0)],
    ));
    model.add(&[refusal(1, 1, b"php"), refusal(2, 2, b"nginx")]);
    assert_eq!(
        lines(&mut model, 84, 12),
        [
            "addrctl top: 3 associations, every 2 s, by ID, the smallest first",
            "ID  NAME  PROCESSES  TASKS  SOCKETS  REFUSED  REFUSED/S",
            " 1  web           1      2        3        5        0.0",
            " 2  shop          1      2        3       12        1.5",
            " 3  -             1      2        3        0        0.0",
            "LATEST REFUSALS",
            "[    1.000000] association 1: 812 (php) bind refused: the address is not in the set",
            "[    2.000000] association 2: 812 (nginx) bind refused: the address is not in the",
            "    set",
            "",
            "",
            "q quit   s sort by the next column   r reverse   Enter refusals of the row alone",
        ]
    );
}

#[test]
fn the_latest_refusals_are_those_that_are_shown() {
    let mut model = three();
    let all: Vec<_> = (1..100).map(|second| refusal(second, 1, b"php")).collect();
    model.add(&all);
    let lines = lines(&mut model, 100, 12);
    // The table leaves six lines, of which one is the title.
    let refusals: Vec<_> = lines[6..11].iter().map(|line| &line[..14]).collect();
    let expected = [95, 96, 97, 98, 99].map(|second| format!("[{second:5}.000000]"));
    assert_eq!(refusals, expected);
}

#[test]
fn the_title_says_whose_refusals_are_shown() {
    let mut model = three();
    press(&mut model, &[KeyCode::Down, KeyCode::Enter]);
    let shown = lines(&mut model, 80, 24);
    assert_eq!(shown[5], "LATEST REFUSALS OF ASSOCIATION 2");
}

#[test]
fn the_selected_row_and_the_heading_that_sorts_are_marked() {
    let mut model = three();
    press(&mut model, &[KeyCode::Char('s'), KeyCode::Down]);
    let terminal = drawn(&mut model, 80, 24);
    let buffer = terminal.backend().buffer();
    let marked = |x, y| buffer[(x, y)].modifier.contains(Modifier::REVERSED);
    // By name: -, shop, web.
    assert_eq!(
        [marked(0, 2), marked(0, 3), marked(0, 4)],
        [false, true, false]
    );
    assert_eq!(
        [marked(1, 1), marked(4, 1), marked(10, 1)],
        [false, true, false]
    );
}

#[test]
fn more_rows_than_fit_are_scrolled() {
    let rows: Vec<_> = (1..=100).map(|id| row(id, "", 0)).collect();
    let mut model = Model::new(Duration::from_secs(1), at(0, &rows));
    let shown = lines(&mut model, 80, 24);
    assert_eq!(&shown[2][..3], "  1");
    press(&mut model, &[KeyCode::End]);
    let shown = lines(&mut model, 80, 24);
    assert!(
        shown.iter().any(|line| line.starts_with("100  -")),
        "{shown:?}"
    );
    assert!(
        !shown.iter().any(|line| line.starts_with("  1  -")),
        "{shown:?}"
    );
}

#[test]
fn a_narrow_terminal_cuts_names_and_then_shows_fewer_columns() {
    let name = "customer-with-a-very-long-name1";
    let rows = [row(1, name, 1_234_567_890), row(2, "b", 0)];
    let mut model = Model::new(Duration::from_secs(1), at(0, &rows));
    let widths = [
        (
            91,
            " 1  customer-with-a-very-long-name1          1      2        3  1234567890          -",
        ),
        (
            70,
            " 1  customer-with-a…          1      2        3  1234567890          -",
        ),
        (
            62,
            " 1  custome…          1      2        3  1234567890          -",
        ),
        (
            61,
            " 1  customer-with-a-v…          1      2        3  1234567890",
        ),
        (50, " 1  customer-with-a-ve…          1      2        3"),
        (12, " 1  custome…"),
        (11, " 1"),
        (1, ""),
    ];
    for (width, line) in widths {
        assert_eq!(lines(&mut model, width, 24)[2], line, "{width}");
    }
}

#[test]
fn nothing_of_a_process_reaches_the_terminal_but_letters() {
    let mut model = three();
    model.add(&[refusal(1, 1, b"\x1b[31m\x07\xff\r\n")]);
    let terminal = drawn(&mut model, 120, 24);
    let symbols = terminal.backend().buffer().content.iter();
    let text: String = symbols.map(|cell| cell.symbol()).collect();
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    assert!(
        text.contains("812 (\\u{1b}[31m\\u{7}\u{fffd}\\r\\n) bind"),
        "{text}"
    );
}

#[test]
fn every_size_of_a_terminal_can_be_drawn() {
    let rows: Vec<_> = (1..=50).map(|id| row(id, "name", id)).collect();
    let refusals: Vec<_> = (1..=50).map(|second| refusal(second, 1, b"php")).collect();
    let mut none = Model::new(Duration::from_secs(1), at(0, &[]));
    let mut many = Model::new(Duration::from_secs(1), at(0, &rows));
    many.add(&refusals);
    press(&mut many, &[KeyCode::End]);
    for width in [0, 1, 2, 3, 5, 12, 19, 20, 21, 61, 200] {
        for height in (0..=12).chain([30, 200]) {
            drawn(&mut none, width, height);
            drawn(&mut many, width, height);
            assert_eq!((none.place(), many.place()), (0, 49));
        }
    }
}
