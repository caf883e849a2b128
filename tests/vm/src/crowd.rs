// SPDX-License-Identifier: GPL-2.0

//! Many other tenants that have sockets on a port: more of them than the kernel looks
//! through one by one. Their addresses are not on the machine, so none may answer.

use std::path::Path;

use addrconf_abi::DEVICE_PATH;

use crate::child::{stay, Channel, Child};
use crate::client::{associate_with, Assignment};
use crate::registry::{behaviour, Test};
use crate::sock::{Proto, Sock, PROTOS};
use crate::spec::{Kind, Reuse, Spec, REUSES};

/// How many tenants a crowd has. UDP looks sockets up by address if more than ten are in
/// the chain of a port.
const TENANTS: usize = 14;

/// The tenants. They end when this is dropped.
#[derive(Debug)]
pub struct Crowd {
    _tenants: Vec<Child>,
}

impl Crowd {
    /// Tenants with sockets of TCP and of UDP on each of these ports. They are exclusive, so
    /// they are not in the way of the host.
    pub fn on(ports: &[u16]) -> Self {
        let tenant = |nr| {
            let ready = Channel::new();
            let child = Child::spawn(|| live(nr, ports, &ready));
            ready.receive();
            child
        };
        Self {
            _tenants: (1..=TENANTS).map(tenant).collect(),
        }
    }

    /// The same where there is a module.
    pub fn if_possible(ports: &[u16]) -> Option<Self> {
        Path::new(DEVICE_PATH).exists().then(|| Self::on(ports))
    }
}

/// A behaviour of wildcards of one protocol and kind beside a crowd on port 80.
pub fn wildcards_in_a_crowd(proto: Proto, kind: Kind, what: &str, run: fn(Proto, Kind)) -> Test {
    let name = format!("{}_{}_{what}_in_a_crowd", proto.name(), kind.name());
    behaviour(name, move || {
        let _crowd = Crowd::on(&[80]);
        run(proto, kind);
    })
}

fn live(nr: usize, ports: &[u16], ready: &Channel) -> ! {
    let set = [format!("10.9.0.{nr}"), format!("2001:db8:9::{nr}")];
    let join = || {
        let set = [&set[0][..], &set[1]];
        associate_with(std::process::id() as i32, &set, &Assignment::EXCLUSIVE);
    };
    let open = || -> Vec<Sock> {
        let all = ports.iter().flat_map(|&port| sockets(nr, port));
        all.map(|spec| spec.open().unwrap_or_else(|e| panic!("{spec:?}: {e}")))
            .collect()
    };
    // Some have had their sockets before.
    let _sockets = if nr % 5 == 0 {
        let sockets = open();
        join();
        sockets
    } else {
        join();
        open()
    };
    ready.send("");
    stay();
}

/// The sockets of a tenant of the crowd.
fn sockets(nr: usize, port: u16) -> Vec<Spec> {
    let reuse: Reuse = REUSES[nr / 3 % REUSES.len()];
    let specs = |proto| match nr % 3 {
        0 => vec![Spec::wildcard(proto, Kind::Dual, port)],
        1 => [Kind::V4, Kind::V6Only]
            .map(|kind| Spec::wildcard(proto, kind, port))
            .to_vec(),
        _ => ["127.0.0.1", "::1"]
            .map(|addr| Spec::at(proto, addr, port))
            .to_vec(),
    };
    let all = PROTOS.into_iter().flat_map(specs);
    all.map(|spec| spec.sharing(reuse)).collect()
}
