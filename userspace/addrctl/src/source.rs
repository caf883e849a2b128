// SPDX-License-Identifier: GPL-2.0

//! The names of the choices of source. Pure.

use addrconf_abi::SourceChoice;

/// The names, the default first.
pub const NAMES: [&str; 3] = ["route", "primary", "random"];

/// The name of `choice`.
pub fn name(choice: SourceChoice) -> &'static str {
    match choice {
        SourceChoice::Route => "route",
        SourceChoice::Primary => "primary",
        SourceChoice::Random => "random",
        // Decoding refuses a choice that this build of the interface does not know.
        _ => "unknown",
    }
}

/// The choice of this name.
pub fn from_name(text: &str) -> Option<SourceChoice> {
    match text {
        "route" => Some(SourceChoice::Route),
        "primary" => Some(SourceChoice::Primary),
        "random" => Some(SourceChoice::Random),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_a_choice_of_that_name() {
        assert_eq!(NAMES.map(|n| from_name(n).map(name)), NAMES.map(Some));
        assert_eq!(from_name(NAMES[0]), Some(SourceChoice::default()));
        assert_eq!(from_name("Route"), None);
    }
}
