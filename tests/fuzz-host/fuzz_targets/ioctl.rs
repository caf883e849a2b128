// SPDX-License-Identifier: GPL-2.0

//! ioctl numbers and names: the first four bytes are a number, the rest a name.

#![no_main]

use addrconf_abi::{nr_of, size_of_arg, Command, Name};
use libfuzzer_sys::fuzz_target;

/// The ioctl number of each command without the size, written out by hand.
const SIZELESS: [(u32, Command); 19] = [
    (0x8000_a700, Command::Version),
    (0xc000_a701, Command::Assign),
    (0xc000_a702, Command::Release),
    (0xc000_a703, Command::Query),
    (0xc000_a704, Command::List),
    (0xc000_a705, Command::Update),
    (0xc000_a706, Command::Define),
    (0xc000_a707, Command::Undefine),
    (0xc000_a708, Command::Find),
    (0xc000_a709, Command::Join),
    (0xc000_a70a, Command::SetRules),
    (0xc000_a70b, Command::Rule),
    (0xc000_a70c, Command::Grant),
    (0xc000_a70d, Command::Grants),
    (0x4000_a70e, Command::Watch),
    (0xc000_a70f, Command::Counts),
    (0xc000_a710, Command::Check),
    (0xc000_a711, Command::Sockets),
    (0xc000_a712, Command::Traffic),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((number, name)) = bytes.split_first_chunk() else {
        return;
    };
    let number = u32::from_le_bytes(*number);
    let known = SIZELESS
        .iter()
        .find(|(n, _)| number & 0xc000_ffff == *n)
        .map(|(_, command)| *command);
    assert_eq!(Command::from_number(number), known);
    assert_eq!(nr_of(number), number % 256);
    assert_eq!(size_of_arg(number), (number as usize >> 16) % 16384);

    let Ok(text) = std::str::from_utf8(name) else {
        return;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fine = text.len() <= 31 && text.chars().all(plain) && !text.starts_with(['.', '-']);
    assert_eq!(Name::new(text).is_some(), fine);
    if let Some(name) = Name::new(text) {
        assert_eq!(name.as_str(), text);
    }
});
