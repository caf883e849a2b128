// SPDX-License-Identifier: GPL-2.0

//! Entries for systemd-journald, by its native protocol: a datagram for each entry, with each field
//! after its length (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Where journald takes entries. In a unit with a journal of its own (`LogNamespace=`), systemd
/// puts the socket of that journal there.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// A field of an entry: its name, of A-Z, 0-9 and `_`, and its value, which may be any bytes.
pub type Field = (&'static str, Vec<u8>);

/// The journal of the machine.
pub struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    /// The journal whose socket has this path.
    ///
    /// # Errors
    ///
    /// Fails if journald does not listen there.
    pub fn open(path: &Path) -> io::Result<Self> {
        UnixDatagram::unbound()?.connect(path)?;
        Ok(Self {
            socket: UnixDatagram::unbound()?,
            path: path.to_owned(),
        })
    }

    /// Sends an entry. Waits while journald has as many as it can take. The socket is looked up by
    /// its path each time, as it is another one after a restart of `systemd-journald.socket`.
    ///
    /// # Errors
    ///
    /// Fails if journald does not listen now. The entry is lost then.
    pub fn send(&self, entry: &[Field]) -> io::Result<()> {
        self.socket.send_to(&encode(entry), &self.path)?;
        Ok(())
    }
}

/// Writes the fields, each with the length of its value: whatever is in a value, it cannot end it
/// and begin another field.
fn encode(entry: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in entry {
        bytes.extend(name.as_bytes());
        bytes.push(b'\n');
        bytes.extend((value.len() as u64).to_le_bytes());
        bytes.extend(value);
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_its_name_its_length_and_its_value() {
        let entry = [("MESSAGE", b"a\nb".to_vec()), ("EMPTY", Vec::new())];
        let bytes = encode(&entry);
        let expected = b"MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\nEMPTY\n\0\0\0\0\0\0\0\0\n";
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_journal_that_is_not_there_is_not_opened() {
        let error = Journal::open(Path::new("/nonexistent/socket")).err();
        assert_eq!(error.map(|e| e.kind()), Some(io::ErrorKind::NotFound));
    }
}
