// SPDX-License-Identifier: GPL-2.0

//! A made-up systemd-journald: a socket in a directory of its own, and entries that are read as
//! journald reads them.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Fake;

/// A made-up journald. Its directory is gone when it is dropped.
pub struct FakeJournal {
    socket: UnixDatagram,
    path: PathBuf,
    /// Another one comes to the same place.
    stays: bool,
}

impl FakeJournal {
    /// Starts one on the machine `fake`.
    pub fn of(fake: &Fake) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("addrctl-journal-{}-{count}", process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("socket");
        fake.state().journal = Some(path.clone());
        Self::at(path)
    }

    /// Starts one at this path.
    pub fn at(path: PathBuf) -> Self {
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self {
            socket,
            path,
            stays: false,
        }
    }

    /// Ends it; returns the path of its socket, which stays there.
    pub fn stop(mut self) -> PathBuf {
        self.stays = true;
        self.path.clone()
    }

    /// The entries that arrived since it was asked last.
    pub fn entries(&self) -> Vec<Vec<(String, Vec<u8>)>> {
        let mut bytes = [0; 4096];
        let mut entries = Vec::new();
        while let Ok(len) = self.socket.recv(&mut bytes) {
            entries.push(decode(&bytes[..len]));
        }
        entries
    }
}

impl Drop for FakeJournal {
    fn drop(&mut self) {
        if !self.stays {
            fs::remove_dir_all(self.path.parent().unwrap()).unwrap();
        }
    }
}

/// The fields of an entry. A line is a field if it has an equals sign. Else it is the name of one,
/// and the length, the value and the end of a line follow it.
fn decode(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|&b| b == b'\n').unwrap();
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        let (name, value, rest) = match line.iter().position(|&b| b == b'=') {
            Some(at) => (&line[..at], &line[at + 1..], rest),
            None => {
                let (len, rest) = rest.split_first_chunk().unwrap();
                let (value, rest) = rest.split_at(u64::from_le_bytes(*len) as usize);
                assert_eq!(rest[0], b'\n');
                (line, value, &rest[1..])
            }
        };
        let name = String::from_utf8(name.to_vec()).unwrap();
        assert!(name
            .chars()
            .all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '_')));
        assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
        fields.push((name, value.to_vec()));
        bytes = rest;
    }
    fields
}
