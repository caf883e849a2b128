// SPDX-License-Identifier: GPL-2.0

//! How commands print their answers: for people (`table.rs`) and for programs
//! (`json.rs`). Both show an association by the same view (`view.rs`).

mod event;
mod journal;
mod json;
mod made;
mod refusals;
mod schema;
pub mod table;
mod traffic;
mod view;

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

pub use event::{why, EventView, UNKNOWN_REASON};
pub use journal::journal_entry;
pub use made::Made;
pub use refusals::Refusals;
pub use schema::Schemas;
pub use traffic::Traffic;
pub use view::{Contested, View};

/// What a command answers. Its fields are those of the JSON, and their comments are in its schema,
/// `docs/answers.schema.json`.
pub trait Answer: JsonSchema + Serialize {
    /// Writes the answer for people.
    fn table(&self, out: &mut dyn Write) -> io::Result<()>;

    /// Writes the answer for programs.
    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write(out, self)
    }
}
