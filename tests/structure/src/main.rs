// SPDX-License-Identifier: GPL-2.0

//! Checks that the modules of a crate use only what its list says, and that no file of
//! the crate is too long. Or prints which module uses which (`--print`), or C that
//! compares socket options with the kernel's headers (`--options`).

mod arrows;
mod length;
mod list;
mod options;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// A crate whose modules have a list.
struct Crate {
    /// Its source.
    src: &'static str,
    /// The list of its modules.
    list: &'static str,
    /// The folders whose files are modules of their own.
    open: &'static [&'static str],
}

const CRATES: [Crate; 2] = [
    Crate {
        src: "src",
        list: "src/modules",
        open: &["sys", "table"],
    },
    Crate {
        src: "userspace/addrctl/src",
        list: "userspace/addrctl/modules",
        open: &["commands"],
    },
];

fn main() -> ExitCode {
    let option = std::env::args().nth(1);
    if option.as_deref() == Some("--options") {
        print!("{}", options::assertions());
        return ExitCode::SUCCESS;
    }
    let print = option.as_deref() == Some("--print");
    let mut fine = true;
    for a_crate in &CRATES {
        match a_crate.complaints(print) {
            Ok(complaints) => {
                complaints.iter().for_each(|line| eprintln!("{line}"));
                fine &= complaints.is_empty();
            }
            Err(e) => {
                eprintln!(
                    "structure: reading {} or {}: {e}",
                    a_crate.src, a_crate.list
                );
                fine = false;
            }
        }
    }
    ExitCode::from(u8::from(!fine))
}

impl Crate {
    /// What is wrong with the crate: one sentence each. Prints the arrows instead where
    /// `print` says so.
    fn complaints(&self, print: bool) -> io::Result<Vec<String>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let src = root.join(self.src);
        let arrows = arrows::read(&src, self.open)?;
        if print {
            for (from, to) in &arrows {
                let to: String = to.iter().map(|to| format!(" {to}")).collect();
                println!("{from}:{to}");
            }
            return Ok(Vec::new());
        }
        let list = list::List::parse(&fs::read_to_string(root.join(self.list))?);
        let arrows = list.complaints(&arrows).into_iter();
        let arrows = arrows.map(|complaint| format!("{}: {complaint}", self.list));
        Ok(arrows.chain(length::complaints(&src)?).collect())
    }
}
