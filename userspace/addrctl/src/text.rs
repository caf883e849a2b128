// SPDX-License-Identifier: GPL-2.0

//! Words that messages and tables have in common. Pure.

/// `text` with control and other invisible characters escaped. A process chooses its
/// own name, which must not reach the terminal as it is.
pub fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        '\'' | '"' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(escape).collect()
}

/// A number of things: "1 task", "2 tasks", "3 processes".
pub fn counted(count: u64, thing: &str) -> String {
    let s = match count {
        1 => "",
        _ if thing.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {thing}{s}")
}

/// Things by their numbers: "rule 3", "rules 2, 3 and 7".
pub fn numbered(thing: &str, numbers: &[u32]) -> String {
    let words: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    match words.split_last() {
        None => format!("no {thing}"),
        Some((only, [])) => format!("{thing} {only}"),
        Some((last, others)) => format!("{thing}s {} and {last}", others.join(", ")),
    }
}

/// The beginning of a text that may be long.
pub fn cut(text: &str) -> String {
    const ROOM: usize = 60;
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_and_numbered_in_words() {
        assert_eq!(counted(1, "process"), "1 process");
        assert_eq!(counted(2, "process"), "2 processes");
        assert_eq!(counted(0, "rule"), "0 rules");
        assert_eq!(numbered("rule", &[]), "no rule");
        assert_eq!(numbered("rule", &[3]), "rule 3");
        assert_eq!(numbered("rule", &[2, 3]), "rules 2 and 3");
        assert_eq!(numbered("rule", &[2, 3, 7]), "rules 2, 3 and 7");
    }
}
