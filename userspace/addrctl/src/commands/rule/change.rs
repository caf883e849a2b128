// SPDX-License-Identifier: GPL-2.0

//! Changing the rules. The module puts a whole list in force, if the one that was read is still
//! in force by then; else the list is read and changed again.

use std::time::Duration;

use rustix::io::Errno;

use crate::client::{CallError, Client, Rule, Rules, Wanted};
use crate::error::{ErrorKind, Reason};
use crate::refusal::Refusal;
use crate::system::System;

/// How often a change is made anew because somebody else's came before it.
const ATTEMPTS: u32 = 10;
/// How long it waits between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// Puts in force what `edit` makes of the rules that are. `meaning` says what an errno means for
/// this change only. Returns the id of the first new rule; 0 if there is none.
pub(super) fn change<'a>(
    system: &dyn System,
    client: &Client<'_>,
    edit: impl Fn(&[Rule]) -> Result<Vec<Wanted<'a>>, Reason>,
    meaning: impl Fn(&Refusal) -> Option<Reason>,
) -> Result<u32, Reason> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            system.sleep(PAUSE);
        }
        let before = read(system, client)?;
        let wanted = edit(&before.rules)?;
        match client.set_rules(&wanted, before.generation) {
            Ok(first_new) => return Ok(first_new),
            Err(CallError::Refused(Errno::STALE)) => {}
            Err(cause) => {
                let refusal = Refusal::new(system, client, cause);
                return Err(meaning(&refusal).unwrap_or_else(|| refusal.reason()));
            }
        }
    }
    Err(unsteady().next("nothing was changed"))
}

/// The rules in force.
pub(super) fn read(system: &dyn System, client: &Client<'_>) -> Result<Rules, Reason> {
    client.rules().map_err(|cause| match cause {
        CallError::Refused(Errno::STALE) => unsteady(),
        _ => Refusal::new(system, client, cause).reason(),
    })
}

/// The rule with this id among those in force.
pub(super) fn place(rules: &[Rule], id: u32) -> Result<usize, Reason> {
    let place = rules.iter().position(|rule| rule.id == id);
    place.ok_or_else(|| {
        Reason::new(ErrorKind::NotFound, format!("there is no rule {id}"))
            .next("`addrctl rule list` shows those there are")
            .next("nothing was changed")
    })
}

fn unsteady() -> Reason {
    let what = "somebody else changes the rules again and again";
    Reason::new(ErrorKind::Outrun, what).next("run it again")
}
