// SPDX-License-Identifier: GPL-2.0

//! Reads what the module tells, and checks that it makes sense: above all, that nothing is refused
//! to a process that is in no association.

use std::os::fd::AsFd;

use addrconf_abi::{Event, Happening, WatchRequest};
use addrconf_test_client::Device;

use crate::sys::errno;
use crate::sys::watch::is_ready;
use crate::world::{Counter, World};

/// What is wrong with an event, if anything. `own`: the fuzzer's process, which is in no
/// association.
fn fault(event: &Event, own: u32) -> Option<&'static str> {
    let refused = match event.what {
        None => return Some("of no known kind"),
        Some(Happening::Lost) if event.lost > 0 => return None,
        Some(Happening::Lost) => return Some("about a loss of nothing"),
        Some(what) => what == Happening::Refused,
    };
    if event.association == 0 {
        return Some("about no association");
    }
    match (refused, event.operation, event.refusal) {
        (false, None, None) if event.errno == 0 => None,
        (false, ..) => Some("about a refusal that is none"),
        (true, Some(_), Some(refusal)) if event.errno != refusal.errno().unsigned_abs() => {
            Some("with an errno of another reason")
        }
        (true, Some(_), Some(_)) if event.pid == own => {
            Some("about a process that is in no association")
        }
        (true, Some(_), Some(_)) => None,
        (true, ..) => Some("about a refusal without a reason"),
    }
}

/// Reads events until the run ends.
pub fn watch(world: World) {
    let device = Device::open().expect("the control device");
    if let Err(e) = device.watch(&WatchRequest::default()) {
        let facts = format_args!("watching fails with error {}", errno(&e));
        world.violation(Counter::OtherViolations, 0, facts);
        return;
    }
    let own = std::process::id();
    super::again(world, 100, || {
        for _ in 0..16 {
            if !is_ready(device.as_fd()) {
                break;
            }
            let events = match device.events(64) {
                Ok(events) => events,
                Err(e) => {
                    let facts = format_args!("reading events fails with error {}", errno(&e));
                    world.violation(Counter::OtherViolations, 0, facts);
                    break;
                }
            };
            for event in &events {
                world.count(Counter::Events);
                if let Some(fault) = fault(event, own) {
                    let facts = format_args!("an event {fault}: {event:?}");
                    world.violation(Counter::OtherViolations, 0, facts);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use addrconf_abi::{Name, Operation, Refusal};

    use super::*;

    fn refusal() -> Event {
        Event {
            operation: Some(Operation::Bind),
            refusal: Some(Refusal::AddressOutside),
            errno: 99,
            pid: 7,
            ..Event::of(Happening::Refused, 1, Name::default())
        }
    }

    #[test]
    fn what_makes_no_sense_is_found() {
        let made = Event::of(Happening::Made, 1, Name::default());
        let lost = Event {
            lost: 1,
            ..Event::of(Happening::Lost, 0, Name::default())
        };
        for event in [refusal(), made, lost] {
            assert_eq!(fault(&event, 8), None, "{event:?}");
        }
        let odd = [
            Event { what: None, ..made },
            Event { lost: 0, ..lost },
            Event {
                association: 0,
                ..made
            },
            Event { errno: 1, ..made },
            Event {
                errno: 1,
                ..refusal()
            },
            Event {
                pid: 8,
                ..refusal()
            },
            Event {
                refusal: None,
                ..refusal()
            },
        ];
        for event in odd {
            assert!(fault(&event, 8).is_some(), "{event:?}");
        }
    }
}
