// SPDX-License-Identifier: GPL-2.0

//! Events for the journal of systemd.

use std::io;
use std::time::Duration;

use addrconf_abi::Event;

use crate::error::{ErrorKind, Reason};
use crate::output::journal_entry;
use crate::system::{Journal, System};

/// How often an entry is sent to a journal that does not take it, and how long addrctl waits in
/// between: longer than a restart of journald takes. The module keeps events meanwhile.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// Sends an event. Waits for a journald that is being restarted.
pub fn tell(system: &dyn System, journal: &Journal, event: &Event) -> Result<(), Reason> {
    let entry = journal_entry(event);
    for _ in 1..TRIES {
        match journal.send(&entry) {
            Err(cause) if is_away(&cause) => system.sleep(PAUSE),
            sent => return sent.map_err(closed),
        }
    }
    journal.send(&entry).map_err(closed)
}

/// Whether journald does not listen, which can pass.
fn is_away(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

/// Why the journal takes nothing.
pub fn closed(cause: io::Error) -> Reason {
    let what = match is_away(&cause) {
        true => "systemd-journald is not running here".to_owned(),
        false => format!("systemd-journald takes no entry: {cause}"),
    };
    Reason::new(ErrorKind::Other, what)
        .next("start systemd-journald.socket, or leave --journal out and keep what is printed")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::mpsc;

    use addrconf_abi::{Happening, Name};

    use super::*;
    use crate::testing::{Fake, FakeJournal};

    fn made() -> Event {
        Event::of(Happening::Made, 7, Name::default())
    }

    #[test]
    fn an_entry_waits_for_a_journald_that_is_restarted() {
        // Meanwhile the socket's file is there, or is not.
        for removed in [false, true] {
            let fake = Fake::default();
            let first = FakeJournal::of(&fake);
            let journal = fake.journal().unwrap();
            let path = first.stop();
            let remove = |path: &PathBuf| fs::remove_file(path).unwrap();
            if removed {
                remove(&path);
            }
            let (sender, receiver) = mpsc::channel();
            fake.state().while_asleep = Some(Box::new(move || {
                if !removed {
                    remove(&path);
                }
                sender.send(FakeJournal::at(path)).unwrap();
            }));
            tell(&fake, &journal, &made()).unwrap();
            assert_eq!(fake.state().slept, PAUSE);
            assert_eq!(receiver.recv().unwrap().entries().len(), 1);
        }
    }

    #[test]
    fn a_journald_that_does_not_come_back_is_an_error() {
        let fake = Fake::default();
        let first = FakeJournal::of(&fake);
        let journal = fake.journal().unwrap();
        drop(first);
        let why = tell(&fake, &journal, &made()).unwrap_err();
        assert_eq!(why.what(), "systemd-journald is not running here");
        assert_eq!(fake.state().slept, PAUSE * (TRIES - 1));
    }
}
