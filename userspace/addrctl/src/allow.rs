// SPDX-License-Identifier: GPL-2.0

//! What an association can allow its tasks, by name. Pure.

use addrconf_abi::Terms;
use clap::ValueEnum;
use schemars::JsonSchema;

/// Something that is refused unless the association allows it.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, ValueEnum)]
#[schemars(rename_all = "kebab-case")]
pub enum Allow {
    /// Raw sockets, whose source is enforced
    Raw,
}

impl Allow {
    /// Its name on the command line and in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
        }
    }

    /// The kind with this name.
    pub fn named(text: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|kind| kind.name() == text)
    }

    /// The field of the terms that requests it, and reports it.
    fn field(self, terms: &mut Terms) -> &mut bool {
        match self {
            Self::Raw => &mut terms.allow_raw,
        }
    }

    /// Requests it in `terms`.
    pub fn ask(self, terms: &mut Terms) {
        *self.field(terms) = true;
    }

    /// What `terms` allow.
    pub fn all_in(mut terms: Terms) -> Vec<Self> {
        let kinds = Self::value_variants().iter().copied();
        kinds.filter(|kind| *kind.field(&mut terms)).collect()
    }

    /// The names of what `terms` allow.
    pub fn names(terms: Terms) -> Vec<&'static str> {
        let allowed = Self::all_in(terms).into_iter();
        allowed.map(Self::name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_reported_by_the_name_it_is_asked_for() {
        for kind in Allow::value_variants() {
            assert_eq!(Allow::from_str(kind.name(), false).as_ref(), Ok(kind));
            let mut terms = Terms::default();
            kind.ask(&mut terms);
            kind.ask(&mut terms);
            assert_eq!(Allow::names(terms), [kind.name()]);
        }
    }

    #[test]
    fn other_terms_allow_nothing() {
        let others = Terms {
            exclusive: true,
            ..Terms::default()
        };
        assert!(Allow::names(others).is_empty());
    }
}
