// SPDX-License-Identifier: GPL-2.0

//! Prints numbers of `docs/contention.md`.
//!
//! Usage: addrconf-contention lines | words | grace SECONDS FORKERS…
//!
//!   lines   which cache lines each operation writes, and whose they are
//!   words   the same by words
//!   grace   how long grace periods take while so many processes fork

use std::time::Duration;

use addrconf_contention::{grace, report};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["lines"] => print!("{}", report::table()),
        ["words"] => print!("{}", report::details()),
        ["grace", seconds, ref forkers @ ..] => {
            println!("| processes that fork | forks a second | grace periods | median | 90 % | longest |");
            println!("| --- | --- | --- | --- | --- | --- |");
            for count in forkers.iter().map(|count| number(count)) {
                let measured = grace::measure(Duration::from_secs(number(seconds)), count as usize);
                let [median, most, longest] =
                    [0.5, 0.9, 1.0].map(|part| measured.quantile(part).as_secs_f64() * 1e3);
                println!(
                    "| {count} | {} | {} | {median:.1} ms | {most:.1} ms | {longest:.1} ms |",
                    measured.forks,
                    measured.waits.len(),
                );
            }
        }
        _ => panic!("usage: see the head of tests/contention/src/main.rs"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}
