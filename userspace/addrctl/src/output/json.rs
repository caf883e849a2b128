// SPDX-License-Identifier: GPL-2.0

//! The JSON output: `docs/answers.schema.json` is its schema, `schema.rs` makes it.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

/// Version of the answers: within one, fields are added and none is changed or removed.
const VERSION: u32 = 1;

/// The one object that is printed.
#[derive(JsonSchema, Serialize)]
pub(super) struct Document<'a, T: ?Sized> {
    /// Version of the answers.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// Writes `answer` with the version before its fields.
pub fn write(out: &mut dyn Write, answer: &(impl Serialize + ?Sized)) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        answer,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
