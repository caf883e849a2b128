// SPDX-License-Identifier: GPL-2.0

//! The terminal of the made-up machine, at which somebody types what a test says.

use std::io;
use std::time::Duration;

use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Frame, Terminal};

use super::Fake;
use crate::system::{Input, Screen};

/// What somebody does at the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Presses a key.
    Key(KeyCode),
    /// Presses a key with Ctrl.
    Control(char),
    /// Changes the size of the terminal, in columns and lines.
    Resize(u16, u16),
    /// Waits until addrctl does not wait any longer.
    Nothing,
    /// Ends addrctl with a signal.
    Kill,
}

/// The terminal, taken over.
pub struct FakeScreen<'a> {
    fake: &'a Fake,
    terminal: Terminal<TestBackend>,
}

impl<'a> FakeScreen<'a> {
    /// Takes the terminal over, which must be there.
    pub fn new(fake: &'a Fake) -> Self {
        let (width, height) = fake.state().terminal.expect("there is a terminal");
        let terminal = Terminal::new(TestBackend::new(width, height));
        Self {
            fake,
            terminal: terminal.unwrap_or_else(|never| match never {}),
        }
    }
}

impl Screen for FakeScreen<'_> {
    fn draw(&mut self, draw: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()> {
        let Ok(_) = self.terminal.draw(|frame| draw(frame));
        let buffer = self.terminal.backend().buffer();
        let width = usize::from(buffer.area.width).max(1);
        let lines = buffer.content.chunks(width).map(|cells| {
            let line: String = cells.iter().map(|cell| cell.symbol()).collect();
            line.trim_end().to_owned() + "\n"
        });
        self.fake.state().screens.push(lines.collect());
        Ok(())
    }

    fn input(&mut self, time: Duration) -> io::Result<Option<Input>> {
        let mut state = self.fake.state();
        let typed = state.typed.pop_front();
        Ok(
            match typed.expect("addrctl waits for a key that nobody presses") {
                Typed::Key(code) => Some(Input::Key(code.into())),
                Typed::Control(letter) => Some(Input::Key(KeyEvent::new(
                    KeyCode::Char(letter),
                    KeyModifiers::CONTROL,
                ))),
                Typed::Resize(width, height) => {
                    self.terminal.backend_mut().resize(width, height);
                    Some(Input::Resized)
                }
                Typed::Nothing => {
                    state.pass(time);
                    None
                }
                Typed::Kill => Some(Input::End),
            },
        )
    }
}
