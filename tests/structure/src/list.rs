// SPDX-License-Identifier: GPL-2.0

//! The list of the modules that each module may use.

use std::collections::BTreeSet;

use crate::arrows::Arrows;

/// The modules from the ground up, each with those that it may use.
pub struct List(Vec<(String, BTreeSet<String>)>);

impl List {
    /// Reads lines `MODULE: USED USED…`; `#` begins a comment.
    ///
    /// # Panics
    ///
    /// Panics if a line is neither of these.
    pub fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .map(|l| l.split('#').next().unwrap_or("").trim());
        let entries = lines.filter(|l| !l.is_empty()).map(|line| {
            let (name, used) = line.split_once(':').map_or((line, ""), |_| {
                // The colon that ends the name is not one of `::`.
                let end = line.find(": ").unwrap_or(line.len() - 1);
                (&line[..end], line[end + 1..].trim())
            });
            assert!(line.len() > name.len(), "no colon after {name}");
            let used = used.split_whitespace().map(str::to_owned).collect();
            (name.to_owned(), used)
        });
        Self(entries.collect())
    }

    /// One sentence for everything that is wrong with these arrows, or with the list.
    pub fn complaints(&self, arrows: &Arrows) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut below = BTreeSet::new();
        for (name, allowed) in &self.0 {
            let Some(used) = arrows.get(name) else {
                complaints.push(format!("{name} is in the list, and is no module"));
                continue;
            };
            for to in used.difference(allowed) {
                complaints.push(format!(
                    "{name} uses {to}, which is not in the list: avoid that, or add {to} and say why in the commit"
                ));
            }
            for to in allowed.difference(used) {
                complaints.push(format!(
                    "{name} does not use {to} any more: take it off the list"
                ));
            }
            for to in allowed.iter().filter(|to| !below.contains(*to)) {
                complaints.push(format!(
                    "{name} uses {to}, which is not above it in the list: the two may form a circle"
                ));
            }
            below.insert(name);
        }
        for name in arrows.keys().filter(|name| !below.contains(name)) {
            complaints.push(format!("{name} is not in the list"));
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(all: &[(&str, &[&str])]) -> Arrows {
        all.iter()
            .map(|(from, to)| {
                (
                    (*from).to_owned(),
                    to.iter().map(|s| (*s).to_owned()).collect(),
                )
            })
            .collect()
    }

    const LIST: &str = "# a comment\na:\nb::c: a\nd: a b::c\n";

    #[test]
    fn what_is_listed_is_fine() {
        let arrows = arrows(&[("a", &[]), ("b::c", &["a"]), ("d", &["a", "b::c"])]);
        assert_eq!(List::parse(LIST).complaints(&arrows), Vec::<String>::new());
    }

    #[test]
    fn a_new_arrow_is_told() {
        let arrows = arrows(&[("a", &["d"]), ("b::c", &["a"]), ("d", &["a", "b::c"])]);
        let complaints = List::parse(LIST).complaints(&arrows);
        assert!(matches!(&complaints[..], [one] if one.starts_with("a uses d, which is not in")));
    }

    #[test]
    fn an_arrow_that_is_gone_is_told() {
        let arrows = arrows(&[("a", &[]), ("b::c", &[]), ("d", &["a", "b::c"])]);
        let complaints = List::parse(LIST).complaints(&arrows);
        assert!(matches!(&complaints[..], [one] if one.contains("does not use a any more")));
    }

    #[test]
    fn a_circle_cannot_be_listed() {
        let arrows = arrows(&[("a", &["b::c"]), ("b::c", &["a"])]);
        let complaints = List::parse("a: b::c\nb::c: a\n").complaints(&arrows);
        assert!(matches!(&complaints[..], [one] if one.contains("circle")));
    }

    #[test]
    fn new_modules_and_old_ones_are_told() {
        let arrows = arrows(&[("a", &[]), ("b::c", &["a"]), ("e", &[])]);
        let complaints = List::parse(LIST).complaints(&arrows);
        assert_eq!(
            complaints,
            ["d is in the list, and is no module", "e is not in the list"]
        );
    }
}
