// SPDX-License-Identifier: GPL-2.0

//! What is wrong with a policy file, and where.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::Source;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Place {
    /// The file, as it was found; `stdin` for the standard input.
    #[serde(rename = "file")]
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

impl Place {
    /// That of something that is in no file.
    pub fn nowhere() -> Self {
        Self {
            path: String::new(),
            line: 0,
            column: 0,
        }
    }

    /// The place of the first of these bytes of a text.
    pub(super) fn of(source: &Source<'_>, bytes: &Range<usize>) -> Self {
        let before = source.text.get(..bytes.start).unwrap_or(source.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            path: source.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column } = self;
        write!(f, "{path}:{line}:{column}")
    }
}

/// Something that is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Fault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong, as a sentence for people.
    #[serde(rename = "message")]
    pub what: String,
    /// What can be there; null where the message alone says it.
    pub expected: Option<String>,
}

impl Fault {
    /// Something that is wrong at a place.
    pub fn new(place: &Place, what: String) -> Self {
        Self {
            place: place.clone(),
            what,
            expected: None,
        }
    }

    /// Says what can be there.
    pub(super) fn expecting(self, expected: impl Into<String>) -> Self {
        let expected = Some(expected.into());
        Self { expected, ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
