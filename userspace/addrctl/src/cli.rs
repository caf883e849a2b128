// SPDX-License-Identifier: GPL-2.0

//! The command line, except for the arguments of each command, which its file has.

use std::ffi::OsString;
use std::path::PathBuf;

use addrconf_abi::DEVICE_PATH;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::commands::{version, Commands};

/// The end of the long help; `docs/addrctl.md` has the same table.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the operation failed or the kernel refused it
  2  wrong usage, an unusable address included; nothing was done
  3  the addrconf module is not loaded
  4  not permitted
  5  no such process, association, rule, grant, control group or unit, or the process is not associated
  6  `flush`: associations have sockets, so they are left
  7  `doctor`: something is wrong
  8  `check`: the call would be refused
`run` exits with the status of CMD, or:
  125  addrctl itself failed, wrong usage included; CMD was not started
  126  CMD was found but could not be executed
  127  CMD was not found";

/// Gives processes and their descendants a fixed set of local IP addresses.
#[derive(Debug, Parser)]
#[command(
    name = "addrctl",
    after_long_help = EXIT_CODES,
    disable_version_flag = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Option<Commands>,

    /// Print the versions of addrctl and of the loaded module
    #[arg(short = 'V', long)]
    version: bool,

    /// Control device
    #[arg(long, hide = true, value_name = "PATH", default_value = DEVICE_PATH, global = true)]
    device: PathBuf,
}

impl Cli {
    /// Reads a command line; returns what to do and the control device.
    pub fn read(args: &[OsString]) -> Result<(Commands, PathBuf), clap::Error> {
        let cli = Self::try_parse_from(args)?;
        match cli.command {
            _ if cli.version => Ok((Commands::Version(version::Args::default()), cli.device)),
            Some(mut command) => {
                if let Commands::Generate(generate) = &mut command {
                    generate.cli = Some(Box::new(Self::command()));
                }
                Ok((command, cli.device))
            }
            None => Err(Self::command().error(
                ErrorKind::MissingSubcommand,
                "a command is required, `addrctl --help` lists them",
            )),
        }
    }

    /// Whether a command line that could not be parsed was meant for `run`,
    /// whose exit codes below 125 belong to the program it runs.
    pub fn meant_run(args: &[OsString]) -> bool {
        let mut args = args.iter().skip(1);
        while let Some(arg) = args.next() {
            if arg == "--device" {
                args.next();
            } else if !arg.as_encoded_bytes().starts_with(b"-") {
                return arg == "run";
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Fake;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn there_are_manual_pages_and_completions_of_all_commands() {
        let dir = std::env::temp_dir().join(format!("addrctl-man-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let run = |words: &[&str]| {
            let args: Vec<_> = words.iter().map(OsString::from).collect();
            let (commands, _) = Cli::read(&args).unwrap();
            let mut out = Vec::new();
            commands.named().run(&Fake::default(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        run(&["addrctl", "generate", "man", dir.to_str().unwrap()]);
        let page = std::fs::read_to_string(dir.join("addrctl-monitor.1")).unwrap();
        assert!(page.contains("recent"), "{page}");
        std::fs::remove_dir_all(&dir).unwrap();
        for shell in ["bash", "zsh", "fish"] {
            let script = run(&["addrctl", "generate", "completions", shell]);
            assert!(script.contains("explain"), "{shell}");
        }
    }

    #[test]
    fn options_before_run_do_not_hide_it() {
        let meant = |line: &str| {
            let args: Vec<_> = line.split(' ').map(OsString::from).collect();
            Cli::meant_run(&args)
        };
        assert!(meant("addrctl run --bogus"));
        assert!(meant("addrctl --device /dev/x run"));
        assert!(meant("addrctl --device=/dev/x run"));
        assert!(!meant("addrctl --device run list"));
        assert!(!meant("addrctl list run"));
    }
}
