// SPDX-License-Identifier: GPL-2.0

//! `addrctl check`: what would happen to a call, and why.

mod port;

use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;

use addrconf_abi::{Operation, Target};
use nix::errno::Errno;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::{whom, OutputArgs, Whom};
use super::open::{self, OpenTarget};
use crate::client::Association;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason, Subject};
use crate::output::{why, Answer, UNKNOWN_REASON};
use crate::refusal::Refusal;
use crate::system::{unused_socket, Protocol, System};
use crate::text::printable;
use crate::word::{endpoint, Endpoint};
use port::Holder;

/// Show what the module would decide about a call of a member, and why. Nothing is tried
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Process id, or name of an association
    #[arg(value_name = "PID|NAME", value_parser = whom)]
    whom: Whom,

    /// The call
    #[arg(value_enum)]
    call: Call,

    /// Address to bind to or to connect to, such as 10.0.0.1:80 or [2001:db8::1]:80
    #[arg(value_name = "ADDR[:PORT]", value_parser = endpoint)]
    to: Endpoint,

    /// Of a UDP socket; else of a TCP socket
    #[arg(long)]
    udp: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// A call.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Call {
    Bind,
    Connect,
}

impl From<Call> for Operation {
    fn from(call: Call) -> Self {
        match call {
            Call::Bind => Self::Bind,
            Call::Connect => Self::Connect,
        }
    }
}

/// The answer of `check`.
#[derive(JsonSchema, Serialize)]
pub struct Checked {
    /// Id of the association.
    pub association: u64,
    /// Its name; empty if it has none.
    pub name: String,
    /// The call.
    pub operation: &'static str,
    /// The address.
    pub address: IpAddr,
    /// The port that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether the module would allow it. The protocol decides afterwards, for instance that there
    /// is no route.
    pub allowed: bool,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The errno that the program would see, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<String>,
    /// The source that the socket would get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The addresses that the socket would stand for, and no others, if it is bound to the
    /// wildcard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<Vec<String>>,
    /// Processes of the association that have the port now. Unless both sides set `SO_REUSEPORT`, the
    /// protocol would refuse the call (`EADDRINUSE`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<Holder>,
    #[serde(skip)]
    why: &'static str,
}

impl Answer for Checked {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{self}")
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "association {}", self.association)?;
        if !self.name.is_empty() {
            write!(f, " ({})", self.name)?;
        }
        let to = Endpoint {
            addr: self.address,
            port: self.port,
        };
        write!(f, ": {} {to} ", self.operation)?;
        match (&self.errno, &self.stands_for, self.source) {
            (Some(errno), _, _) => write!(f, "would be refused: {} ({errno})", self.why),
            (None, Some(all), _) => write!(f, "is allowed, and stands for {}", all.join(", ")),
            (None, None, Some(source)) => write!(f, "is allowed, from {source}"),
            (None, None, None) => f.write_str("is allowed"),
        }?;
        match self.holders.first() {
            None => Ok(()),
            Some(first) => {
                let command = first.command.as_deref().map(printable);
                let command = command.map_or_else(String::new, |name| format!(" ({name})"));
                write!(f, "; the port is held by {}{command}", first.pid)
            }
        }
    }
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let doing = Doing::new("check a call of", open::subject_of(system, self.whom));
        let checked = match self.checked(system, doing.whom()) {
            Ok(checked) => checked,
            Err(why) => return Err(doing.failed(why)),
        };
        self.output.print(out, &checked)?;
        if checked.allowed {
            return Ok(());
        }
        // The answer is printed before the exit code says the same.
        out.flush().map_err(Error::output)?;
        let why = Reason::new(ErrorKind::WouldBeRefused, "it would be refused");
        Err(doing.failed(why))
    }
}

impl Args {
    fn protocol(&self) -> Protocol {
        match self.udp {
            true => Protocol::Udp,
            false => Protocol::Tcp,
        }
    }

    fn checked(&self, system: &dyn System, whom: &Subject) -> Result<Checked, Reason> {
        let client = open::client(system)?;
        let open = OpenTarget::of(system, &client, self.whom)?;
        let refused = |cause| Refusal::new(system, &client, cause).about(whom);
        let addr = self.to.addr;
        let socket = unused_socket(addr.is_ipv6(), self.udp)
            .map_err(|cause| Reason::other(format!("a socket cannot be made: {cause}")))?;
        let operation = Operation::from(self.call);
        let found = client.query(open.target()).map_err(refused)?;
        // The same association, whatever the process does meanwhile.
        let target = Target::Association(found.id);
        let answer = client
            .check(target, operation, socket.as_fd(), addr)
            .map_err(refused)?;
        let allowed = answer.errno == 0;
        let is_wildcard = allowed && operation == Operation::Bind && addr.is_unspecified();
        Ok(Checked {
            association: found.id,
            name: found.terms.name.as_str().to_owned(),
            operation: operation.name(),
            address: addr,
            port: self.to.port,
            allowed,
            reason: answer.refusal.map(|refusal| refusal.name()),
            errno: (!allowed).then(|| format!("{:?}", Errno::from_raw(answer.errno.into()))),
            source: answer.source,
            stands_for: is_wildcard.then(|| stands_for(&found, addr)),
            holders: match self.to.port {
                Some(port) if allowed && operation == Operation::Bind && port != 0 => {
                    let of = (found.id, self.protocol());
                    port::holders(system, &client, of, (addr, port))
                }
                _ => Vec::new(),
            },
            why: answer.refusal.map_or(UNKNOWN_REASON, why),
        })
    }
}

/// The addresses for which a socket stands that is bound to a wildcard: an IPv6 one takes IPv4,
/// too.
fn stands_for(found: &Association, wildcard: IpAddr) -> Vec<String> {
    let entries = found.addresses.entries().iter();
    let fits = entries.filter(|entry| wildcard.is_ipv6() || entry.addr.is_ipv4());
    fits.map(ToString::to_string).collect()
}
