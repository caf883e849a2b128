// SPDX-License-Identifier: GPL-2.0

//! The process or the association that a command is about.

/// The process or the association that a command is about.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = false)]
pub struct TargetArgs {
    /// Process id
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: Option<i32>,

    /// Association id, as `assign` and `list` print it
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    pub association: Option<u64>,
}
