// SPDX-License-Identifier: GPL-2.0

//! A child narrows itself, and keeps the loopback or takes one of its own. Then it says
//! something there: its parent hears it only if they are on one loopback.

use std::io::Result;
use std::net::Ipv4Addr;

use addrconf_test_client::narrow_bytes_with;
use libc::{AF_INET, MSG_DONTWAIT, SOCK_DGRAM, SOCK_NONBLOCK};

use super::Actor;
use crate::addr;
use crate::control::set_self;
use crate::pool;
use crate::socket;
use crate::sys::process::{exit_unflushed, fork, wait};
use crate::world::Counter;

/// Narrows a child.
pub fn narrow(a: &mut Actor) -> Result<()> {
    if a.thread || a.depth > 2 {
        return Ok(());
    }
    let server = socket::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)?;
    let said = ask(a, server);
    socket::close(server);
    said
}

fn ask(a: &mut Actor, server: i32) -> Result<()> {
    socket::bind(server, &addr::bytes(Ipv4Addr::LOCALHOST.into(), 0))?;
    let to = socket::local_name(server)?;
    let keeps = a.rng.percent(50);
    let word = a.rng.next().to_ne_bytes();
    let set: Vec<_> = a
        .world
        .entries_of(a.tenant)
        .into_iter()
        .map(pool::entry)
        .collect();
    a.world.count(Counter::Forks);
    let Some(child) = fork()? else {
        // Nothing is sent by a child that did not narrow itself.
        let sent = set_self(&narrow_bytes_with(&set, "", keeps)).and_then(|()| {
            let sock = socket::socket(AF_INET, SOCK_DGRAM, 0)?;
            socket::send_to(sock, &word, MSG_DONTWAIT, &to)
        });
        exit_unflushed(i32::from(sent.is_err()))
    };
    // Another thread may have waited for it.
    let _ = wait(child, false);
    let mut data = [0; 64];
    // Others may say something there, too.
    while let Ok(found) = socket::receive(server, &mut data, &mut [], MSG_DONTWAIT) {
        if found.data != word.len() || data[..word.len()] != word {
            continue;
        }
        if keeps {
            a.world.count(Counter::KeptLoopbacks);
        } else if a.world.is_bound(a.tenant) {
            let facts = format_args!(
                "process {child} narrowed itself to {set:?} and took a loopback of its own, but \
                 its parent heard on socket {} what it said there",
                socket::describe(server)
            );
            a.world.violation(Counter::OtherViolations, a.tenant, facts);
        }
    }
    Ok(())
}
