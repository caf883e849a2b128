// SPDX-License-Identifier: GPL-2.0

//! Checks that the modules of `src/` use only what `src/modules` lists, and that no
//! file there is too long. Or prints which module uses which (`--print`), or C that
//! compares socket options with the kernel's headers (`--options`).

mod arrows;
mod length;
mod list;
mod options;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--options") {
        print!("{}", options::assertions());
        return ExitCode::SUCCESS;
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src");
    let arrows = match arrows::read(&src) {
        Ok(arrows) => arrows,
        Err(e) => {
            eprintln!("structure: reading src/: {e}");
            return ExitCode::FAILURE;
        }
    };
    if std::env::args().nth(1).as_deref() == Some("--print") {
        for (from, to) in &arrows {
            let to: String = to.iter().map(|to| format!(" {to}")).collect();
            println!("{from}:{to}");
        }
        return ExitCode::SUCCESS;
    }
    let list = match fs::read_to_string(src.join("modules")) {
        Ok(text) => list::List::parse(&text),
        Err(e) => {
            eprintln!("structure: reading src/modules: {e}");
            return ExitCode::FAILURE;
        }
    };
    let too_long = match length::complaints(&src) {
        Ok(complaints) => complaints,
        Err(e) => {
            eprintln!("structure: reading src/: {e}");
            return ExitCode::FAILURE;
        }
    };
    let arrows = list.complaints(&arrows);
    for complaint in &arrows {
        eprintln!("src/modules: {complaint}");
    }
    for complaint in &too_long {
        eprintln!("{complaint}");
    }
    ExitCode::from(u8::from(!(arrows.is_empty() && too_long.is_empty())))
}
