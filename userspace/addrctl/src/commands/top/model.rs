// SPDX-License-Identifier: GPL-2.0

//! What the screen shows, and what keys do to it. Pure: no terminal, no clock, no module.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::time::Duration;

use addrconf_abi::{Event, Happening, MAX_RECENT};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::columns::{columns_of, Column};
use super::rows::{Row, Snapshot};
use crate::output::EventView;

/// How many refusals are kept: as many as the module remembers.
const KEPT: usize = MAX_RECENT as usize;

/// What the screen shows.
///
/// # Invariants
///
/// `selected` and `first` are less than the number of rows, or 0.
pub struct Model {
    delay: Duration,
    snapshot: Snapshot,
    sorted_by: usize,
    reversed: bool,
    selected: usize,
    /// The first row that is visible.
    first: usize,
    /// How many rows are visible.
    page: usize,
    refusals: VecDeque<Refused>,
    /// Only the refusals of the selected association are shown.
    only_selected: bool,
}

/// A refusal, or events that were lost.
struct Refused {
    /// The association; 0 for lost events.
    association: u64,
    line: String,
}

impl Model {
    /// Shows `snapshot`, sorted by id. There is another one after each `delay`.
    pub fn new(delay: Duration, snapshot: Snapshot) -> Self {
        let mut model = Self {
            delay,
            snapshot,
            sorted_by: 0,
            reversed: false,
            selected: 0,
            first: 0,
            page: 1,
            refusals: VecDeque::new(),
            only_selected: false,
        };
        model.arrange();
        model
    }

    /// Shows `snapshot` in place of the one before. The selected association stays selected, except
    /// that the first row does if the user did not choose another.
    pub fn refresh(&mut self, snapshot: Snapshot) {
        let selected = self.chosen();
        self.snapshot = snapshot.since(&self.snapshot);
        self.sort();
        self.follow(selected);
    }

    /// Adds the refusals among `events`, and those that tell of a loss.
    pub fn add(&mut self, events: &[Event]) {
        let told = |event: &&Event| event.what == Some(Happening::Refused) || event.lost > 0;
        let refusals = events.iter().filter(told).map(|event| Refused {
            association: event.association,
            line: EventView::new(event).text(),
        });
        self.refusals.extend(refusals);
        let old = self.refusals.len().saturating_sub(KEPT);
        self.refusals.drain(..old);
    }

    /// Does what a key stands for. `Break`: the user wants to end this.
    pub fn press(&mut self, key: KeyEvent) -> ControlFlow<()> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let last = self.rows().len().saturating_sub(1);
        // One row stays visible, so that the eye finds the place.
        let page = self.page.saturating_sub(1).max(1);
        match key.code {
            KeyCode::Char('c') if control => return ControlFlow::Break(()),
            KeyCode::Char(_) if control => {}
            KeyCode::Char('q') | KeyCode::Esc => return ControlFlow::Break(()),
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Down => self.selected = (self.selected + 1).min(last),
            KeyCode::PageUp => self.selected = self.selected.saturating_sub(page),
            KeyCode::PageDown => self.selected = (self.selected + page).min(last),
            KeyCode::Home => self.selected = 0,
            KeyCode::End => self.selected = last,
            KeyCode::Char('s') => {
                self.sorted_by = (self.order() + 1) % self.columns().len();
                self.reversed = false;
                self.arrange();
            }
            KeyCode::Char('r') => {
                self.reversed = !self.reversed;
                self.arrange();
            }
            KeyCode::Enter => self.only_selected = !self.only_selected,
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// The rows, in their order.
    pub fn rows(&self) -> &[Row] {
        &self.snapshot.rows
    }

    /// Where the selected row is among the rows.
    pub fn place(&self) -> usize {
        self.selected
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Row> {
        self.rows().get(self.selected)
    }

    /// The rows that are visible if there is room for `room`: the selected one is among them.
    pub fn visible(&mut self, room: usize) -> Range<usize> {
        let count = self.rows().len();
        self.page = room;
        let lowest = self.selected.saturating_sub(room.saturating_sub(1));
        let highest = self.selected.min(count.saturating_sub(room));
        // The end of the list is at the bottom, if the list is longer than the room.
        self.first = self.first.max(lowest).min(highest.max(lowest));
        self.first..count.min(self.first + room)
    }

    /// The columns that there are.
    pub fn columns(&self) -> &'static [Column] {
        columns_of(self.rows())
    }

    /// The column that rows are sorted by: the first if that which the user chose is gone.
    pub fn sorted_by(&self) -> &'static Column {
        &self.columns()[self.order()]
    }

    /// The place of this column.
    fn order(&self) -> usize {
        match self.sorted_by < self.columns().len() {
            true => self.sorted_by,
            false => 0,
        }
    }

    /// Whether the greatest value is first.
    pub fn greatest_first(&self) -> bool {
        self.sorted_by().greatest_first() != self.reversed
    }

    /// The time from one snapshot to the next.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// The association whose refusals alone are shown, if they are not those of all.
    pub fn only(&self) -> Option<&Row> {
        self.selected().filter(|_| self.only_selected)
    }

    /// The refusals to show, each in a line, the latest first.
    pub fn refusals(&self) -> impl Iterator<Item = &str> {
        let only = self.only().map(|row| row.id);
        let all = self.refusals.iter().rev();
        let shown = all.filter(move |refused| only.is_none_or(|id| refused.association == id));
        shown.map(|refused| refused.line.as_str())
    }

    /// The id of the selected association, if the user chose it: who did not choose wants to see
    /// the rows that come first.
    fn chosen(&self) -> Option<u64> {
        let selected = self.selected()?;
        (self.selected > 0 || self.only_selected).then_some(selected.id)
    }

    /// Sorts the rows. What is selected after that is as for [`Self::refresh`].
    fn arrange(&mut self) {
        let selected = self.chosen();
        self.sort();
        self.follow(selected);
    }

    fn sort(&mut self) {
        let (column, descending) = (self.sorted_by(), self.greatest_first());
        self.snapshot.rows.sort_by(|a, b| {
            let order = column.compare(a, b);
            let order = if descending { order.reverse() } else { order };
            order.then(a.id.cmp(&b.id))
        });
    }

    /// Selects the association with this id, or else what is in the selected place now.
    fn follow(&mut self, id: Option<u64>) {
        let mut rows = self.rows().iter();
        let found = id.and_then(|id| rows.position(|row| row.id == id));
        let last = self.rows().len().saturating_sub(1);
        // INVARIANT: both are those of a row, or 0 if there is none.
        self.selected = found.unwrap_or(self.selected.min(last));
        self.first = self.first.min(last);
    }
}
