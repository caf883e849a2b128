// SPDX-License-Identifier: GPL-2.0

//! A table of numbers, as text for people and as data for gnuplot.

use std::fmt::{self, Display, Formatter};

/// Rows and columns, in the order in which they were first seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<(String, Vec<Option<String>>)>,
}

impl Table {
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            ..Self::default()
        }
    }

    /// Puts a value into a cell.
    pub fn put(&mut self, row: &str, column: &str, value: impl Display) {
        let column = place(&mut self.columns, |it| it == column, || column.to_owned());
        let row = place(
            &mut self.rows,
            |(name, _)| name == row,
            || (row.to_owned(), Vec::new()),
        );
        let cells = &mut self.rows[row].1;
        if cells.len() <= column {
            cells.resize(column + 1, None);
        }
        cells[column] = Some(value.to_string());
    }

    /// A line for each row, or for each column if `turned`, with a dash where there is no
    /// value: what gnuplot reads.
    pub fn data(&self, turned: bool) -> String {
        let cell = |cells: &[Option<String>], column: usize| {
            let value = cells.get(column).cloned().flatten();
            value.unwrap_or_else(|| "-".to_owned())
        };
        let line = |name: &str, cells: Vec<String>| format!("{name}\t{}\n", cells.join("\t"));
        let mut text = String::new();
        if turned {
            text += &line("", self.rows.iter().map(|(name, _)| name.clone()).collect());
            for (at, name) in self.columns.iter().enumerate() {
                let cells = self.rows.iter().map(|(_, cells)| cell(cells, at));
                text += &line(name, cells.collect());
            }
        } else {
            text += &line("", self.columns.clone());
            for (name, cells) in &self.rows {
                let cells = (0..self.columns.len()).map(|at| cell(cells, at));
                text += &line(name, cells.collect());
            }
        }
        text
    }
}

/// The index of what `is` finds, which is made if there is none.
fn place<T>(all: &mut Vec<T>, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    all.iter().position(is).unwrap_or_else(|| {
        all.push(make());
        all.len() - 1
    })
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names = self.rows.iter().map(|(name, _)| name);
        let first = names.chain([&self.title]).map(|it| it.chars().count());
        let first = first.max().unwrap_or(0);
        let widths = self.columns.iter().map(|name| name.chars().count().max(9));
        let widths: Vec<usize> = widths.collect();
        write!(f, "{:first$}", self.title)?;
        for (name, width) in self.columns.iter().zip(&widths) {
            write!(f, "  {name:>width$}")?;
        }
        writeln!(f)?;
        for (name, cells) in &self.rows {
            let mut line = format!("{name:first$}");
            for (cell, width) in cells.iter().zip(&widths) {
                line += &format!("  {:>width$}", cell.as_deref().unwrap_or(""));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("calls");
        table.put("bind", "stock", 100);
        table.put("listen", "loaded", "+2");
        table
    }

    #[test]
    fn text_has_a_column_for_each_name_and_nothing_for_a_missing_value() {
        let text =
            "calls       stock     loaded\nbind          100\nlisten                    +2\n";
        assert_eq!(table().to_string(), text);
    }

    #[test]
    fn data_has_a_line_for_each_row_or_column() {
        assert_eq!(
            table().data(false),
            "\tstock\tloaded\nbind\t100\t-\nlisten\t-\t+2\n"
        );
        assert_eq!(
            table().data(true),
            "\tbind\tlisten\nstock\t100\t-\nloaded\t-\t+2\n"
        );
    }
}
