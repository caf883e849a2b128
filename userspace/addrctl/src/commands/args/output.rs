// SPDX-License-Identifier: GPL-2.0

//! How a command prints its answer.

use std::io::Write;

use crate::error::Error;
use crate::output::Answer;

/// How to print.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct OutputArgs {
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

impl OutputArgs {
    /// Prints `answer` as the user chose.
    pub fn print(self, out: &mut dyn Write, answer: &impl Answer) -> Result<(), Error> {
        let written = if self.json {
            answer.json(out)
        } else {
            answer.table(out)
        };
        written.map_err(Error::output)
    }
}
