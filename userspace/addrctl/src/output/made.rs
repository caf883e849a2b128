// SPDX-License-Identifier: GPL-2.0

//! The answer of commands that print an id.

use std::io::{self, Write};

use serde::Serialize;

use super::Answer;

/// What a command made, or put a process into.
#[derive(Serialize)]
pub struct Made {
    /// Its id, never 0.
    pub id: u64,
}

impl Answer for Made {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.id)
    }
}
