// SPDX-License-Identifier: GPL-2.0

//! Draws the model: a line that says what is shown, the table, the latest refusals, and the keys.
//! What does not fit is left out. There are no colours, which not every terminal has.

use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState};
use ratatui::Frame;

use super::columns::{Column, Kind};
use super::model::Model;
use crate::text::counted;

/// Spaces between two columns.
const SPACING: u16 = 2;
/// A column of words gets as little as this before others are left out.
const LEAST_TEXT: u16 = 8;
/// A terminal of less lines shows no keys.
const LINES_FOR_KEYS: u16 = 10;
/// In a narrower terminal each refusal has one line, however long.
const WIDTH_FOR_WRAPPING: u16 = 20;

const KEYS: &str =
    "q quit   s sort by the next column   r reverse   Enter refusals of the row alone";

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const MARKED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws all of it. The model learns how many rows are visible.
pub fn draw(frame: &mut Frame<'_>, model: &mut Model) {
    let area = frame.area();
    let lines = refusals(model, area.width, area.height.into());
    let heights = heights(area.height, model.rows().len(), lines.len());
    let [head, table, below, keys] = Layout::vertical(heights.map(Constraint::Length)).areas(area);
    frame.render_widget(Line::from(summary(model)), head);
    rows(frame, table, model);
    let title = match model.only() {
        Some(row) => format!("LATEST REFUSALS OF ASSOCIATION {}", row.id),
        None => "LATEST REFUSALS".to_owned(),
    };
    let room = usize::from(below.height).saturating_sub(1);
    let latest = lines.len().saturating_sub(room);
    let lines = lines[latest..].iter().map(|line| Line::from(line.as_str()));
    let text: Vec<_> = [Line::styled(title, BOLD)]
        .into_iter()
        .chain(lines)
        .collect();
    frame.render_widget(Paragraph::new(text), below);
    frame.render_widget(Line::from(KEYS), keys);
}

/// What is shown, in words.
fn summary(model: &Model) -> String {
    let count = counted(model.rows().len() as u64, "association");
    let seconds = model.delay().as_secs_f64();
    let heading = model.sorted_by().heading;
    let first = match model.greatest_first() {
        true => "greatest",
        false => "smallest",
    };
    format!("addrctl top: {count}, every {seconds} s, by {heading}, the {first} first")
}

/// The lines of the head, the table with its headings, the refusals with their title, and the keys.
/// The refusals get a third if the table needs the rest, and what the table does not need.
fn heights(height: u16, rows: usize, refusals: usize) -> [u16; 4] {
    let number = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let keys = u16::from(height >= LINES_FOR_KEYS);
    let rest = height.saturating_sub(1 + keys);
    let third = match rest / 3 {
        // A title alone says nothing.
        0..=1 => 0,
        third => third,
    };
    let below = third.min(number(refusals + 1));
    let table = (rest - below).min(number(rows + 1));
    [height.min(1), table, rest - table, keys]
}

/// Draws the table: of the columns those that there is room for, and of the rows too.
fn rows(frame: &mut Frame<'_>, area: Rect, model: &mut Model) {
    let visible = model.visible(usize::from(area.height).saturating_sub(1));
    let columns = model.columns();
    let all: Vec<Vec<_>> = model
        .rows()
        .iter()
        .map(|row| columns.iter().map(|column| column.cell(row)).collect())
        .collect();
    let widths = widths(area.width, columns, &all);
    let headings = columns.iter().zip(&widths).map(|(column, width)| {
        let sorted_by = column.heading == model.sorted_by().heading;
        let style = if sorted_by { MARKED } else { Style::new() };
        Cell::from(text(column, column.heading, *width).style(style))
    });
    let shown = all[visible.clone()].iter().map(|cells| {
        let cells = columns.iter().zip(cells).zip(&widths);
        Row::new(cells.map(|((column, cell), width)| text(column, cell, *width)))
    });
    let table = Table::new(shown, widths.iter().map(|width| Constraint::Length(*width)))
        .column_spacing(SPACING)
        .header(Row::new(headings).style(BOLD))
        .row_highlight_style(MARKED);
    let selected = (!visible.is_empty()).then(|| model.place() - visible.start);
    let mut state = TableState::new().with_selected(selected);
    frame.render_stateful_widget(table, area, &mut state);
}

/// What a cell shows, with a mark where not all of it fits.
fn text(column: &Column, cell: &str, width: u16) -> Text<'static> {
    let width = usize::from(width);
    let cell = match cell.char_indices().nth(width) {
        Some(_) => {
            cell.chars()
                .take(width.saturating_sub(1))
                .collect::<String>()
                + "…"
        }
        None => cell.to_owned(),
    };
    match column.is_number() {
        true => Text::from(cell).right_aligned(),
        false => Text::from(cell),
    }
}

/// The widths of the columns that fit into `room`, from the left. Columns of words are cut before
/// one of numbers is left out, which it is as a whole: half a number is a wrong number.
fn widths(room: u16, columns: &[Column], rows: &[Vec<String>]) -> Vec<u16> {
    let widths = columns.iter().enumerate().map(|(i, column)| {
        let cells = rows.iter().map(|row| row[i].chars().count());
        let width = cells.chain([column.heading.len()]).max().unwrap_or(0);
        u16::try_from(width).unwrap_or(u16::MAX)
    });
    let mut widths: Vec<u16> = widths.collect();
    let total = |widths: &[u16]| {
        let spaces = SPACING * (widths.len() as u16).saturating_sub(1);
        let all = widths.iter();
        all.fold(spaces, |sum, &width| sum.saturating_add(width))
    };
    let least = |(i, &width): (usize, &u16)| match columns[i].kind {
        Kind::Text => width.min(LEAST_TEXT),
        Kind::Id | Kind::Amount => width,
    };
    let least: Vec<u16> = widths.iter().enumerate().map(least).collect();
    let fit = (0..=widths.len())
        .rev()
        .find(|&count| total(&least[..count]) <= room);
    widths.truncate(fit.unwrap_or(0));
    let mut excess = total(&widths).saturating_sub(room);
    for i in 0..widths.len() {
        let cut = excess.min(widths[i] - least[i]);
        widths[i] -= cut;
        excess -= cut;
    }
    widths
}

/// The latest refusals as lines of at most this width, as many as fill `height` lines or a few more,
/// the latest last.
fn refusals(model: &Model, width: u16, height: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for refusal in model.refusals() {
        if lines.len() >= height {
            break;
        }
        // The latest is first here, and so is the last line of each.
        lines.extend(wrapped(refusal, width).into_iter().rev());
    }
    lines.reverse();
    lines
}

/// A line in as many lines as it needs, all but the first indented.
fn wrapped(line: &str, width: u16) -> Vec<String> {
    if width < WIDTH_FOR_WRAPPING {
        return vec![line.to_owned()];
    }
    let options = textwrap::Options::new(width.into()).subsequent_indent("    ");
    let lines = textwrap::wrap(line, options).into_iter();
    lines.map(|line| line.into_owned()).collect()
}
