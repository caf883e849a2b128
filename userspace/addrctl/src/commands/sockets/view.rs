// SPDX-License-Identifier: GPL-2.0

//! How sockets are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::Serialize;

use crate::output::{table, Answer};
use crate::system::{Protocol, Socket, State, System};
use crate::text::printable;

/// The answer of `sockets`.
#[derive(JsonSchema, Serialize)]
pub struct Sockets {
    /// By ascending id of the association, those of none last.
    pub sockets: Vec<Listed>,
}

/// A socket.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Socket")]
pub struct Listed {
    /// `tcp`, `udp` or `raw`.
    protocol: &'static str,
    /// Its state, in the words of `ss`(8).
    state: &'static str,
    /// Where it is bound.
    local: End,
    /// Its peer.
    remote: Option<End>,
    /// The id of its association.
    association: Option<u64>,
    /// The name of that.
    name: Option<String>,
    /// The user that made it.
    uid: u32,
    /// The name of that user, or its number.
    #[serde(skip)]
    user: String,
    /// Bytes that the program has not read; of a listener, connections that it has not accepted.
    unread: u32,
    /// Bytes that the other end has not confirmed; of a listener, how many connections may wait.
    unsent: u32,
    /// The processes that hold it.
    holders: Vec<Holder>,
    /// Why no process holds it.
    unheld: Option<Unheld>,
    #[serde(skip)]
    is_raw: bool,
}

/// An end of a connection.
#[derive(JsonSchema, Serialize)]
struct End {
    /// Its address.
    address: IpAddr,
    /// Its port; of a raw socket the number of its protocol.
    port: u16,
}

/// A process that holds a socket.
#[derive(JsonSchema, Serialize)]
struct Holder {
    /// Its id.
    pid: i32,
    /// Its command name.
    command: Option<String>,
    /// The unit of systemd that it is in.
    unit: Option<String>,
}

/// Why no process holds a socket.
#[derive(Clone, Copy, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Unheld {
    /// Its listener has not accepted it.
    NotAccepted,
    /// Its program has closed it. The kernel keeps it until the other end has answered.
    Lingers,
    /// It is in no table of files that addrctl sees.
    NotSeen,
}

/// The sockets with what is around them. Each comes with its association.
pub fn listed(
    system: &dyn System,
    found: &[(&Socket, Option<u64>)],
    names: &BTreeMap<u64, &str>,
) -> Vec<Listed> {
    let inodes = found.iter().map(|(socket, _)| socket.inode);
    let holders = system.holders(&inodes.filter(|&inode| inode != 0).collect());
    // A process can hold many.
    let pids: BTreeSet<_> = holders.values().flatten().copied().collect();
    let processes: BTreeMap<_, _> = pids
        .into_iter()
        .map(|pid| (pid, (system.comm(pid), system.unit_of(pid))))
        .collect();
    let uids: BTreeSet<_> = found.iter().map(|(socket, _)| socket.uid).collect();
    let users: BTreeMap<_, _> = uids
        .into_iter()
        .map(|uid| (uid, system.user_name(uid)))
        .collect();
    let holder = |&pid: &i32| {
        let (command, unit) = processes.get(&pid).cloned().unwrap_or_default();
        Holder { pid, command, unit }
    };
    let list = |&(socket, association): &(&Socket, Option<u64>)| {
        let pids = holders.get(&socket.inode).into_iter().flatten();
        let holders: Vec<_> = pids.map(holder).collect();
        let name = association.and_then(|id| names.get(&id));
        let user = users.get(&socket.uid).cloned().flatten();
        Listed {
            protocol: socket.protocol.name(),
            state: socket.state.name(),
            local: End::of(socket.local),
            remote: socket.remote.map(End::of),
            association,
            name: name
                .filter(|name| !name.is_empty())
                .map(|&name| name.to_owned()),
            uid: socket.uid,
            user: user.unwrap_or_else(|| socket.uid.to_string()),
            unread: socket.unread,
            unsent: socket.unsent,
            unheld: holders.is_empty().then(|| unheld(socket)),
            holders,
            is_raw: socket.protocol == Protocol::Raw,
        }
    };
    found.iter().map(list).collect()
}

/// Why no process holds `socket`.
fn unheld(socket: &Socket) -> Unheld {
    match (socket.inode, socket.state) {
        (0, State::SynRecv | State::Established | State::CloseWait) => Unheld::NotAccepted,
        (0, _) => Unheld::Lingers,
        _ => Unheld::NotSeen,
    }
}

impl End {
    fn of(at: SocketAddr) -> Self {
        Self {
            address: at.ip(),
            port: at.port(),
        }
    }

    /// An address without a port where the socket has none.
    fn text(&self, has_port: bool) -> String {
        match has_port {
            true => SocketAddr::new(self.address, self.port).to_string(),
            false => self.address.to_string(),
        }
    }
}

impl Listed {
    /// Who holds it: the first process, and how many others do.
    fn held_by(&self) -> String {
        let first = match (self.holders.first(), self.unheld) {
            (Some(first), _) => first,
            (None, Some(Unheld::NotAccepted)) => return "nobody: not accepted yet".to_owned(),
            (None, Some(Unheld::Lingers)) => return "nobody: it lingers".to_owned(),
            (None, _) => return "no process is seen".to_owned(),
        };
        let mut text = first.pid.to_string();
        if let Some(command) = &first.command {
            text.push_str(&format!(" ({})", printable(command)));
        }
        if let Some(more @ 1..) = self.holders.len().checked_sub(1) {
            text.push_str(&format!(" and {more} more"));
        }
        text
    }

    /// The units of its holders.
    fn units(&self) -> Option<String> {
        let units = self.holders.iter().filter_map(|h| h.unit.as_deref());
        let units: BTreeSet<_> = units.map(printable).collect();
        let units: Vec<_> = units.into_iter().collect();
        (!units.is_empty()).then(|| units.join(","))
    }
}

impl Answer for Sockets {
    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            ("ID", true),
            ("NAME", false),
            ("PROTO", false),
            ("STATE", false),
            ("LOCAL", false),
            ("REMOTE", false),
            ("USER", false),
            ("UNREAD", true),
            ("UNSENT", true),
            ("UNIT", false),
            ("HELD BY", false),
        ];
        let rows = self.sockets.iter().map(|socket| {
            let remote = socket.remote.as_ref();
            [
                table::known(socket.association),
                table::known(socket.name.as_ref()),
                match socket.is_raw {
                    true => format!("raw/{}", socket.local.port),
                    false => socket.protocol.to_owned(),
                },
                socket.state.to_owned(),
                socket.local.text(!socket.is_raw),
                table::known(remote.map(|end| end.text(!socket.is_raw))),
                socket.user.clone(),
                socket.unread.to_string(),
                socket.unsent.to_string(),
                table::known(socket.units()),
                socket.held_by(),
            ]
        });
        table::aligned(out, columns, rows)
    }
}
