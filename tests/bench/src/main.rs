// SPDX-License-Identifier: GPL-2.0

//! Measures the cost of system calls, in nanoseconds of guest time. Under QEMU's
//! `-icount shift=0` one nanosecond is one instruction. Prints lines of a name, a tab
//! and a cost. `scripts/bench` runs it in several settings and prints the tables.
//!
//! Usage: addrconf-bench calls ADDR | cgroup GROUP ADDR | tenants COUNT… | list COUNT…

mod calls;
mod cgroup;
mod list;
mod tenants;

use std::net::Ipv4Addr;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["calls", addr] => calls::run(address(addr)),
        ["cgroup", group, addr] => {
            let _programs = cgroup::attach(group).expect("programs");
            calls::run(address(addr));
        }
        ["tenants", ref counts @ ..] => {
            tenants::run(&numbers(counts));
        }
        ["list", ref counts @ ..] => list::run(&numbers(counts)),
        _ => panic!("usage: see the head of tests/bench/src/main.rs"),
    }
}

fn address(text: &str) -> Ipv4Addr {
    text.parse().expect("an IPv4 address")
}

fn numbers(words: &[&str]) -> Vec<u32> {
    words
        .iter()
        .map(|word| word.parse().expect("a count"))
        .collect()
}
