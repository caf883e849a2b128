// SPDX-License-Identifier: GPL-2.0

//! The JSON output: `docs/addrctl.md` has its schema.

use std::io::{self, Write};

use serde::Serialize;

/// Version of the schema.
const VERSION: u32 = 1;

/// The one object that is printed.
#[derive(Serialize)]
struct Document<'a, T: ?Sized> {
    version: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// Writes `answer` with the version of the schema before its fields.
pub fn write(out: &mut dyn Write, answer: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        answer,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
