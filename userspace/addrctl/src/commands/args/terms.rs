// SPDX-License-Identifier: GPL-2.0

//! The options of `assign` and `run` that are the terms of the association.

use std::net::Ipv4Addr;

use addrconf_abi::{HostLoopback, Name, SourceChoice, Terms};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::allow::Allow;
use crate::source;
use crate::word;

/// The help of every argument that names an association.
pub const NAME_HELP: &str = "Name of the association: up to 31 of A-Z a-z 0-9 . _ -";

/// The terms of an association, apart from its name: what it is made with in addition to its
/// set.
#[derive(Args, Debug)]
pub struct TermsArgs {
    /// Keep wildcard sockets of unassociated processes off these addresses
    #[arg(long)]
    pub exclusive: bool,

    /// Source of a socket that has no address: the one that the route prefers, always
    /// the primary address, or any single address of the set
    #[arg(long, value_name = "CHOICE", value_parser = source())]
    pub source: Option<SourceChoice>,

    /// Dedicated loopback address, of 127.64.0.0/10; without this option, one that is free
    #[arg(long, value_name = "127.X.Y.Z", value_parser = word::loopback)]
    pub loopback: Option<Ipv4Addr>,

    /// Loopback address of the machine that the association reaches in place of its own, such
    /// as 127.0.0.53 for the resolver, or a network of them
    #[arg(long, value_name = "127.X.Y.Z[/LEN]", value_parser = word::host_loopback)]
    pub host_loopback: Option<HostLoopback>,

    /// What a refused call does beside failing with an errno: nothing, or send the task SIGSYS,
    /// with the call and the errno in siginfo_t
    #[arg(long, value_name = "WHAT", value_enum, default_value = "errno")]
    pub on_refusal: OnRefusal,

    /// Allow what is otherwise refused; several kinds with commas, or the option again
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    pub allow: Vec<Allow>,
}

/// What a refused call does beside failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnRefusal {
    /// Nothing: the program sees an errno
    Errno,
    /// The task gets SIGSYS as well
    Signal,
}

impl TermsArgs {
    /// The terms that these options ask for, with a name.
    pub fn terms(&self, name: Name) -> Terms {
        let mut terms = Terms {
            name,
            exclusive: self.exclusive,
            source: self.source.unwrap_or_default(),
            loopback: self.loopback,
            host_loopback: self.host_loopback,
            signal: self.on_refusal == OnRefusal::Signal,
            ..Terms::default()
        };
        self.allow.iter().for_each(|kind| kind.ask(&mut terms));
        terms
    }

    /// The given options.
    pub fn given(&self) -> Vec<&'static str> {
        let given = [
            (self.exclusive, "--exclusive"),
            (self.source.is_some(), "--source"),
            (self.loopback.is_some(), "--loopback"),
            (self.host_loopback.is_some(), "--host-loopback"),
            (self.on_refusal == OnRefusal::Signal, "--on-refusal"),
            (!self.allow.is_empty(), "--allow"),
        ];
        let given = given.into_iter().filter(|(given, _)| *given);
        given.map(|(_, option)| option).collect()
    }
}

fn source() -> impl TypedValueParser<Value = SourceChoice> {
    // The parser accepts only these names, so that the default is never used.
    PossibleValuesParser::new(source::NAMES)
        .map(|name| source::from_name(&name).unwrap_or_default())
}
