// SPDX-License-Identifier: GPL-2.0

//! The columns of the table: what each shows of a row, and how rows are sorted by it. Pure.

use std::cmp::Ordering;
use std::fmt;

use super::rows::Row;

/// A column. One that is added to [`COLUMNS`] is shown, printed and sorted by.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// What kind of values it has.
    pub kind: Kind,
    /// Its value in a row.
    pub value: fn(&Row) -> Value<'_>,
}

/// A kind of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers that name something: the smallest is first.
    Id,
    /// Words: in the order of the alphabet.
    Text,
    /// Numbers that measure something: the greatest is first.
    Amount,
}

/// What a column shows of a row.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Value<'a> {
    /// A word, or none.
    Text(&'a str),
    /// A number of things.
    Count(u64),
    /// A number of things in a second, if that is known.
    Rate(Option<f64>),
    /// A number of bytes in a second, if that is known.
    Bytes(Option<f64>),
}

/// The columns, from left to right. A narrow terminal shows the first of them.
static COLUMNS: [Column; 9] = [
    Column {
        heading: "ID",
        kind: Kind::Id,
        value: |row| Value::Count(row.id),
    },
    Column {
        heading: "NAME",
        kind: Kind::Text,
        value: |row| Value::Text(&row.name),
    },
    Column {
        heading: "PROCESSES",
        kind: Kind::Amount,
        value: |row| Value::Count(row.process_count.into()),
    },
    Column {
        heading: "TASKS",
        kind: Kind::Amount,
        value: |row| Value::Count(row.task_count),
    },
    Column {
        heading: "SOCKETS",
        kind: Kind::Amount,
        value: |row| Value::Count(row.socket_count),
    },
    Column {
        heading: "REFUSED",
        kind: Kind::Amount,
        value: |row| Value::Count(row.refused_count),
    },
    Column {
        heading: "REFUSED/S",
        kind: Kind::Amount,
        value: |row| Value::Rate(row.refused_per_second),
    },
    Column {
        heading: "RECEIVED-B/S",
        kind: Kind::Amount,
        value: |row| Value::Bytes(row.received_bytes_per_second),
    },
    Column {
        heading: "SENT-B/S",
        kind: Kind::Amount,
        value: |row| Value::Bytes(row.sent_bytes_per_second),
    },
];

/// How many of them there are while traffic is not counted.
const WITHOUT_TRAFFIC: usize = 7;

/// The columns that say something of these rows.
pub fn columns_of(rows: &[Row]) -> &'static [Column] {
    match rows.iter().any(|row| row.traffic.is_some()) {
        true => &COLUMNS,
        false => &COLUMNS[..WITHOUT_TRAFFIC],
    }
}

impl Column {
    /// Whether it has numbers, which are aligned at the right.
    pub fn is_number(&self) -> bool {
        self.kind != Kind::Text
    }

    /// Whether the greatest value is first, unless the order is reversed.
    pub fn greatest_first(&self) -> bool {
        self.kind == Kind::Amount
    }

    /// What it shows of a row.
    pub fn cell(&self, row: &Row) -> String {
        (self.value)(row).to_string()
    }

    /// Compares rows by their values, the smaller first.
    pub fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let (a, b) = ((self.value)(a), (self.value)(b));
        a.partial_cmp(&b).unwrap_or(Ordering::Equal)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text("") | Self::Rate(None) | Self::Bytes(None) => f.write_str("-"),
            Self::Text(text) => f.write_str(text),
            Self::Count(number) => write!(f, "{number}"),
            Self::Rate(Some(rate)) => write!(f, "{rate:.1}"),
            Self::Bytes(Some(rate)) => write!(f, "{rate:.0}"),
        }
    }
}
