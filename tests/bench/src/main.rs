// SPDX-License-Identifier: GPL-2.0

//! Measures what addrconf costs, in a guest: instructions, which are nanoseconds of guest
//! time under QEMU's `-icount shift=0`, and bytes. Prints lines of names and numbers with
//! tabs between them. `scripts/bench` runs it in several settings, and makes tables of
//! their lines with `report`, on the host.
//!
//! ```text
//! addrconf-bench calls ADDR [PEER NAMESPACE]   calls in a process
//! addrconf-bench cgroup GROUP ADDR             the same, under BPF programs
//! addrconf-bench landlock ADDR                 the same, in a Landlock domain
//! addrconf-bench tenants COUNT…                tenants on one port
//! addrconf-bench associations COUNT…           making, listing and ending associations
//! addrconf-bench memory plain|namespaces|associated
//! addrconf-bench throughput NGINX_CONF ADDR [NAMESPACE=ADDR]…
//! addrconf-bench report FOLDER                 the tables of what was printed
//! ```

mod associations;
mod calls;
mod cgroup;
mod count;
mod group;
mod landlock;
mod memory;
mod report;
mod sizes;
mod table;
mod tenants;
mod throughput;

use std::net::Ipv4Addr;
use std::path::Path;
use std::str::FromStr;

use calls::Place;
use tenants::Bound;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["calls", addr] => calls::run(Place::at(address(addr))),
        ["calls", addr, peer, namespace] => calls::run(Place {
            own: address(addr),
            peer: address(peer),
            namespace: Some(namespace),
        }),
        ["cgroup", group, addr] => {
            let _programs = cgroup::attach(group).expect("programs");
            calls::run(Place::at(address(addr)));
        }
        ["landlock", addr] => {
            landlock::enter().expect("a Landlock domain");
            calls::run(Place::at(address(addr)));
        }
        ["tenants", ref counts @ ..] => tenants::run(Bound::Inside, &numbers(counts)),
        ["adopted", ref counts @ ..] => tenants::run(Bound::Before, &numbers(counts)),
        ["associations", ref counts @ ..] => associations::run(&numbers(counts)),
        ["memory", "plain"] => memory::plain(),
        ["memory", "namespaces"] => memory::namespaces(),
        ["memory", "associated"] => memory::associated(),
        ["throughput", configuration, addr, ref namespaces @ ..] => {
            throughput::run(configuration, address(addr), &places(namespaces));
        }
        ["echo"] => throughput::echo(),
        ["report", folder] => report::print(Path::new(folder)).expect("the tables"),
        _ => panic!("usage: see the head of tests/bench/src/main.rs"),
    }
}

fn address<T: FromStr>(text: &str) -> T {
    text.parse().ok().expect("an address")
}

fn places(words: &[&str]) -> Vec<(String, Ipv4Addr)> {
    let place = |word: &&str| {
        let (name, addr) = word.split_once('=').expect("NAMESPACE=ADDR");
        (name.to_owned(), address(addr))
    };
    words.iter().map(place).collect()
}

fn numbers(words: &[&str]) -> Vec<u32> {
    words
        .iter()
        .map(|word| word.parse().expect("a count"))
        .collect()
}
