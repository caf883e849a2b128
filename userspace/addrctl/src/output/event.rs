// SPDX-License-Identifier: GPL-2.0

//! Events, for people and for programs.

use std::fmt;
use std::io::{self, Write};

use addrconf_abi::{Event, Happening, Operation, Refusal};
use nix::errno::Errno;
use schemars::JsonSchema;
use serde::Serialize;

use crate::text::printable;

/// The name of an event that this addrctl does not know.
const UNKNOWN: &str = "unknown";

/// An event as it is shown. A field is left out where it means nothing.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Event")]
pub struct EventView {
    /// Seconds since the machine was started.
    pub time: f64,
    /// What happened.
    #[schemars(extend("enum" = happenings()))]
    pub event: &'static str,
    /// Id of the association; 0 for an event that is of none.
    pub association: u64,
    /// Name of the association; empty if it has none.
    pub name: String,
    /// Process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub pid: Option<u32>,
    /// Command of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub comm: Option<String>,
    /// What was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("enum" = operations()))]
    pub operation: Option<&'static str>,
    /// Address that it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub address: Option<String>,
    /// Port that it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16")]
    pub port: Option<u16>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", extend("enum" = reasons()))]
    pub reason: Option<&'static str>,
    /// The errno that the program saw, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub errno: Option<String>,
    /// Events of the association that were held back before this one.
    #[serde(skip_serializing_if = "is_zero")]
    pub held_back: u32,
    /// Events that addrctl lost before this one.
    #[serde(skip_serializing_if = "is_zero")]
    pub lost: u32,
    #[serde(skip)]
    why: &'static str,
}

fn happenings() -> Vec<&'static str> {
    let known = Happening::ALL.iter().map(|what| what.name());
    known.chain([UNKNOWN]).collect()
}

pub(super) fn operations() -> [&'static str; Operation::ALL.len()] {
    Operation::ALL.map(Operation::name)
}

fn reasons() -> [&'static str; Refusal::ALL.len()] {
    Refusal::ALL.map(Refusal::name)
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl EventView {
    /// How `event` is shown.
    pub fn new(event: &Event) -> Self {
        let comm = String::from_utf8_lossy(comm(event)).into_owned();
        Self {
            time: (event.time / 1_000) as f64 / 1e6,
            event: event.what.map_or(UNKNOWN, |what| what.name()),
            association: event.association,
            name: event.name.as_str().to_owned(),
            pid: Some(event.pid).filter(|&pid| pid != 0),
            comm: Some(comm).filter(|comm| !comm.is_empty()),
            operation: event.operation.map(|operation| operation.name()),
            address: event.address.map(|(addr, _)| addr.to_string()),
            port: event
                .address
                .map(|(_, port)| port)
                .filter(|&port| port != 0),
            reason: event.refusal.map(|refusal| refusal.name()),
            errno: (event.errno != 0).then(|| format!("{:?}", Errno::from_raw(event.errno as i32))),
            held_back: event.held_back,
            lost: event.lost,
            why: event.refusal.map_or("", why),
        }
    }

    /// Writes it in one line.
    pub fn line(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.text())
    }

    /// What is written in the line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "[{:12.6}] ", self.time)?;
        if self.lost > 0 {
            write!(out, "({} events lost) ", self.lost)?;
        }
        if self.held_back > 0 {
            write!(out, "({} more were held back) ", self.held_back)?;
        }
        if self.association != 0 {
            write!(out, "association {}", self.association)?;
            if !self.name.is_empty() {
                write!(out, " ({})", self.name)?;
            }
            write!(out, ": ")?;
        }
        if let Some(pid) = self.pid {
            write!(out, "{pid}")?;
            if let Some(comm) = &self.comm {
                write!(out, " ({})", printable(comm))?;
            }
            write!(out, " ")?;
        }
        self.what(out)
    }

    /// Writes it as a JSON object in one line.
    pub fn json_line(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }

    /// Writes what happened.
    fn what(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let Some(operation) = self.operation else {
            return write!(out, "{}", self.event);
        };
        write!(out, "{operation}")?;
        match (&self.address, self.port) {
            (Some(address), Some(port)) if address.contains(':') => {
                write!(out, " [{address}]:{port}")?;
            }
            (Some(address), Some(port)) => write!(out, " {address}:{port}")?,
            (Some(address), None) => write!(out, " {address}")?,
            (None, _) => {}
        }
        write!(out, " refused: {}", self.why)?;
        match &self.errno {
            Some(errno) => write!(out, " ({errno})"),
            None => Ok(()),
        }
    }
}

/// Why something was refused, if this addrctl does not know why.
pub const UNKNOWN_REASON: &str = "for a reason that this addrctl does not know";

/// The command of the process: any bytes but zero, at most 16.
pub fn comm(event: &Event) -> &[u8] {
    let comm = event.comm.split(|&byte| byte == 0).next();
    comm.unwrap_or_default()
}

/// Why something was refused, as the end of a sentence.
pub fn why(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AddressOutside => "the address is not in the set",
        Refusal::SocketOutside => {
            "the socket is bound to an address outside the set, or belongs to another owner"
        }
        Refusal::SourceOutside => "the message asks for a source outside the set",
        Refusal::NoSource => "the set has no address of this family",
        Refusal::SourceUnsuitable => {
            "the destination cannot be reached from the loopback address that the socket is bound to"
        }
        Refusal::LoopbackOfOther => "the loopback address belongs to another owner",
        Refusal::NoRoute => "there is no route to the destination",
        Refusal::KindNotCovered | Refusal::ProtocolNotCovered | Refusal::FamilyNotCovered => {
            "members may not have this kind of socket"
        }
        Refusal::FamilyMismatch => "the family of the address does not fit the socket",
        Refusal::Malformed => "the address is malformed",
        Refusal::OptionDangerous => {
            "the option chooses a source or a route, or hands packets to others"
        }
        Refusal::OptionUnknown => "the option is not known to be harmless",
        Refusal::UpperProtocol => "the option puts another protocol on the connection",
        Refusal::Multicast => "members cannot join groups",
        Refusal::RequestUnknown => "the request is not known to be harmless",
        Refusal::RouteInMessage => {
            "the message asks for a source route, an extension header or a mark"
        }
        Refusal::TooManyRawSockets => "the tenant has as many raw sockets as it may",
        Refusal::Bypass => "the file goes around the association",
        Refusal::DescriptorOutside => "the socket belongs to another owner",
        Refusal::ProcessOutside => "the process is not in the association",
        Refusal::ForMembers => "members may not do this",
        Refusal::PacketLed => {
            "the packet has a source route or an extension header, or is of a kind that raw sockets \
             may not send"
        }
        Refusal::PacketSource => "the source is not in the set, or not for this destination",
        Refusal::PacketDestination => {
            "the destination is not in the set, or the sender's loopback is another's"
        }
        _ => UNKNOWN_REASON,
    }
}
