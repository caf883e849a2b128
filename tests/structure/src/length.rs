// SPDX-License-Identifier: GPL-2.0

//! The limit of a file's length: a longer file has more than one subject.

use std::fs;
use std::io;
use std::path::Path;

/// The most lines of a file.
const MOST: usize = 300;

/// One sentence for each file of a folder, or of a folder below it, that is longer.
///
/// # Errors
///
/// A file cannot be read.
pub fn complaints(dir: &Path) -> io::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            complaints.extend(self::complaints(&path)?);
        } else if path
            .extension()
            .is_some_and(|e| e == "rs" || e == "c" || e == "h")
        {
            complaints.extend(complaint(&path, fs::read_to_string(&path)?.lines().count()));
        }
    }
    complaints.sort_unstable();
    Ok(complaints)
}

fn complaint(path: &Path, lines: usize) -> Option<String> {
    let name = path.display();
    (lines > MOST).then(|| format!("{name} has {lines} lines, more than {MOST}: divide the file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_have_so_many_lines_and_not_one_more() {
        assert_eq!(complaint(Path::new("a.rs"), MOST), None);
        let complaint = complaint(Path::new("a.rs"), MOST + 1);
        assert!(complaint.is_some_and(|c| c.starts_with("a.rs has 301 lines")));
    }
}
