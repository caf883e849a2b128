// SPDX-License-Identifier: GPL-2.0

//! `addrctl sockets`: the sockets of associations, and who holds them.

mod view;

use std::collections::BTreeMap;
use std::io::{self, Write};

use addrconf_abi::Target;

use super::args::{which, OutputArgs, Which};
use super::open;
use crate::command::Command;
use crate::error::{Doing, Error, ErrorKind, Reason};
use crate::refusal::Refusal;
use crate::system::{Protocol, Socket, State, System};
use view::Listed;
pub use view::Sockets;

/// List the sockets of associations, and the processes that hold them
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only of this association, by its id or name
    #[arg(value_name = "ID|NAME", value_parser = which)]
    association: Option<Which>,

    /// Also the sockets of no association
    #[arg(long, conflicts_with = "association")]
    all: bool,

    /// Only sockets that others can begin to talk to: TCP ones that listen, others without a peer
    #[arg(long)]
    listening: bool,

    #[command(flatten)]
    output: OutputArgs,
}

impl Command for Args {
    fn run(&self, system: &dyn System, out: &mut dyn Write) -> Result<(), Error> {
        let whom = open::association_or(self.association, "associations");
        let doing = Doing::new("list the sockets of", whom);
        let sockets = self.find(system, &doing).map_err(|why| doing.failed(why))?;
        self.output.print(out, &Sockets { sockets })
    }
}

impl Args {
    fn find(&self, system: &dyn System, doing: &Doing) -> Result<Vec<Listed>, Reason> {
        let client = open::client(system)?;
        let refused = |cause| Refusal::new(system, &client, cause).reason();
        let only = open::only(system, &client, self.association)?;
        let asked = only.map(|id| client.query(Target::Association(id)));
        let asked = asked
            .transpose()
            .map_err(|cause| Refusal::new(system, &client, cause).about(doing.whom()))?;
        // A socket that was never dumped has no cookie, so the module cannot tell of it.
        let all = dump(system)?;
        let owners = client.owners(all.len()).map_err(refused)?;
        let associations = match asked {
            Some(association) => vec![association],
            None => client.describe_all().map_err(refused)?,
        };
        let wanted = |(_, owner): &(&Socket, Option<u64>)| match only {
            Some(_) => *owner == only,
            None => self.all || owner.is_some(),
        };
        let found = all.iter().filter(|s| !self.listening || is_open(s));
        let found = found.map(|socket| (socket, owners.get(&socket.cookie).copied()));
        let mut found: Vec<_> = found.filter(wanted).collect();
        // Those of no association last.
        found.sort_by_key(|(socket, owner)| {
            let place = (socket.protocol, socket.state, socket.local, socket.remote);
            (owner.unwrap_or(u64::MAX), place, socket.cookie)
        });
        let names = associations.iter().map(|a| (a.id, a.terms.name.as_str()));
        Ok(view::listed(
            system,
            &found,
            &names.collect::<BTreeMap<_, _>>(),
        ))
    }
}

/// Whether somebody who is no peer of it yet can talk to it.
fn is_open(socket: &Socket) -> bool {
    match socket.protocol {
        Protocol::Tcp => socket.state == State::Listening,
        Protocol::Udp | Protocol::Raw => socket.state == State::Unconnected,
    }
}

/// The sockets of all protocols that the kernel tells.
fn dump(system: &dyn System) -> Result<Vec<Socket>, Reason> {
    let mut all = Vec::new();
    for protocol in Protocol::ALL {
        match system.sockets(protocol) {
            Ok(found) => all.extend(found),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => untold(system, protocol)?,
            Err(cause) => return Err(unread(protocol, &cause)),
        }
    }
    Ok(all)
}

/// The kernel does not tell the sockets of a protocol. Hardly anybody has raw ones.
fn untold(system: &dyn System, protocol: Protocol) -> Result<(), Reason> {
    match protocol {
        Protocol::Tcp => {
            let what = "the kernel does not tell its sockets";
            let next = "it needs CONFIG_INET_DIAG, and where that is a module, the modules \
                        inet_diag and tcp_diag";
            return Err(Reason::new(ErrorKind::Other, what).next(next));
        }
        Protocol::Udp => system.note(
            "the kernel does not tell its UDP sockets: it needs CONFIG_INET_UDP_DIAG, and where \
             that is a module, the module udp_diag",
        ),
        Protocol::Raw => {}
    }
    Ok(())
}

fn unread(protocol: Protocol, cause: &io::Error) -> Reason {
    let name = protocol.name();
    Reason::other(format!("the {name} sockets cannot be read: {cause}"))
}
