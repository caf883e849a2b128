// SPDX-License-Identifier: GPL-2.0

//! What an association can allow its tasks besides, by the names people write.
//! Pure.

use addrconf_abi::AssignFlags;
use clap::ValueEnum;

/// Something that is refused unless it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allow {
    /// Raw sockets, whose source is enforced
    Raw,
}

impl Allow {
    /// The name people write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
        }
    }

    /// The flag that asks for it, and reports it.
    fn flag(self) -> AssignFlags {
        match self {
            Self::Raw => AssignFlags::ALLOW_RAW,
        }
    }

    /// The flags that ask for all of `kinds`.
    pub fn flags(kinds: &[Self]) -> AssignFlags {
        let flags = kinds.iter().map(|kind| kind.flag());
        flags.fold(AssignFlags::NONE, AssignFlags::with)
    }

    /// The names of what `flags` report.
    pub fn names(flags: AssignFlags) -> Vec<&'static str> {
        let kinds = Self::value_variants().iter();
        let reported = kinds.filter(|kind| flags.has(kind.flag()));
        reported.map(|kind| kind.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_reported_by_the_name_it_is_asked_for() {
        for kind in Allow::value_variants() {
            assert_eq!(Allow::from_str(kind.name(), false).as_ref(), Ok(kind));
            let flags = Allow::flags(&[*kind, *kind]);
            assert_eq!(Allow::names(flags), [kind.name()]);
        }
    }

    #[test]
    fn other_flags_allow_nothing() {
        let others = AssignFlags::EXCLUSIVE.with(AssignFlags::RESET);
        assert!(Allow::names(others).is_empty());
        assert_eq!(Allow::flags(&[]), AssignFlags::NONE);
    }
}
