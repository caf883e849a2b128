// SPDX-License-Identifier: GPL-2.0

//! Whether the traffic of associations is counted. Context: process, may sleep.

use kernel::prelude::*;

use crate::events;
use crate::sys::gate::Counting;

use super::gather::gather;
use super::tenants::Tenants;

impl Tenants {
    /// Counts traffic from now on or no more, or changes nothing if `change` is `None`. Returns
    /// whether it is counted.
    ///
    /// # Errors
    ///
    /// `EPERM` when the caller has become associated; `ENOMEM`. Nothing changed.
    pub(crate) fn count_traffic(&self, change: Option<bool>) -> Result<bool> {
        // An association is listed with this lock held, and gets room before that.
        let mut control = self.control_from_outside()?;
        match (change, &control.counting) {
            (Some(true), None) => {
                self.make_room_for_traffic()?;
                control.counting = Some(Counting::new());
            }
            (Some(false), Some(_)) => {
                events::set_counted(false);
                control.counting = None;
            }
            _ => {}
        }
        Ok(control.counting.is_some())
    }

    /// Makes room in every association that is listed. Those that are listed later make it
    /// themselves.
    fn make_room_for_traffic(&self) -> Result {
        events::set_counted(true);
        let all = gather::<_, kernel::alloc::allocator::KVmalloc>(|push| {
            self.registry()
                .each(|association| push(association.clone()));
        });
        let made = all.and_then(|all| {
            all.iter()
                .try_for_each(|association| association.subject().record.make_room())
        });
        made.inspect_err(|_| events::set_counted(false))
    }
}
