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

/// A number of things: "1 task", "2 tasks".
pub fn counted(count: u64, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

/// The beginning of a text that may be long.
pub fn cut(text: &str) -> String {
    const ROOM: usize = 60;
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
