// SPDX-License-Identifier: GPL-2.0

//! `addrctl generate`: files that are made of the command line itself, of what is read and printed,
//! or of policy files, for `make install` and for systemd.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap_complete::Shell;
use schemars::Schema;

use super::{answers, policy};
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::policy_file;
use crate::system::System;

/// Make files for an installation
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    what: What,

    /// The command line, which the pages and scripts are about.
    #[arg(skip)]
    pub cli: Option<Box<clap::Command>>,
}

/// What is made.
#[derive(Debug, Subcommand)]
enum What {
    /// Manual pages, in a directory
    Man { dir: PathBuf },
    /// A script for the completions of a shell, on the standard output
    Completions { shell: Shell },
    /// The JSON Schema of policy files, on the standard output
    Schema,
    /// The JSON Schema of what commands print for programs, on the standard output
    Answers,
    /// Settings that let units of systemd wait for the policy, in a directory
    DropIns { dir: PathBuf },
}

/// What a unit that the policy names gets in addition.
const DROP_IN: &str = "\
# Made of the policy files of addrconf: the unit is in an association, or does not start.
[Unit]
Requires=addrconf.service
After=addrconf.service
";

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("make", Subject::Thing("the files".into()));
        let mut cli = self.cli.as_deref().cloned().unwrap_or_default();
        let made = match &self.what {
            What::Man { dir } => clap_mangen::generate_to(cli, dir),
            What::Completions { shell } => {
                clap_complete::generate(*shell, &mut cli, "addrctl", out);
                return Ok(());
            }
            What::Schema => json(out, &policy_file::schema()),
            What::Answers => json(out, &answers::schema()),
            What::DropIns { dir } => drop_ins(system, dir),
        };
        made.map_err(|cause| doing.failed(Reason::new(ErrorKind::Output, cause.to_string())))
    }
}

fn json(out: &mut dyn Write, schema: &Schema) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, schema)?;
    writeln!(out)
}

/// Writes a setting for each unit that a policy file names. A file with a fault counts as well: its
/// units must not start without it.
fn drop_ins(system: &dyn System, dir: &Path) -> io::Result<()> {
    let files = match system.policy_files(Path::new(policy::DIRECTORY)) {
        Ok(files) => files,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(cause),
    };
    for unit in files.iter().flat_map(|(_, text)| units(text)) {
        let settings = dir.join(format!("{unit}.d"));
        fs::create_dir_all(&settings)?;
        fs::write(settings.join("50-addrconf.conf"), DROP_IN)?;
    }
    Ok(())
}

/// The units that a file names, line by line: the file need not be valid.
fn units(text: &str) -> Vec<String> {
    let named = text.lines().filter_map(|line| {
        let value = line
            .trim_start()
            .strip_prefix("unit")?
            .trim_start()
            .strip_prefix('=')?;
        let value = value.trim_start();
        let quote = value
            .chars()
            .next()
            .filter(|quote| ['"', '\''].contains(quote))?;
        let name = value[1..].split(quote).next()?;
        // No directory, and nothing that leaves this one.
        (!name.is_empty() && !name.contains('/')).then(|| with_suffix(name))
    });
    named.collect()
}

/// The name of a unit, of a service if it has no suffix.
fn with_suffix(name: &str) -> String {
    match name.contains('.') {
        true => name.to_owned(),
        false => format!("{name}.service"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_faulty_files_count_too() {
        let text = "adresses = [\n[[rule]]\nunit = \"nginx.service\"\n  unit='php-fpm'\n\
                    # unit = \"no\"\nunit = 3\nunit = \"../up\"\nunits = \"x\"\n";
        assert_eq!(units(text), ["nginx.service", "php-fpm.service"]);
    }
}
