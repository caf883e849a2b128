// SPDX-License-Identifier: GPL-2.0

//! The answer of commands that print an id.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;

/// The id that the command prints.
#[derive(JsonSchema, Serialize)]
pub struct Made {
    /// Of the association or the rule, never 0.
    pub id: u64,
}

impl Answer for Made {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.id)
    }
}
