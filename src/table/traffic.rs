// SPDX-License-Identifier: GPL-2.0

//! Whether the traffic of associations is counted. Context: process, may sleep.

use kernel::alloc::allocator::KVmalloc;
use kernel::prelude::*;

use crate::events;
use crate::sys::gate::Counting;

use super::gather::gather;
use super::tenants::Tenants;

impl Tenants {
    /// Counts traffic from now on or no more, or changes nothing if `change` is `None`. Returns
    /// whether it is counted. It waits for other calls that change it, and for nothing else of
    /// ours: making room and patching the kernel's text take long.
    ///
    /// # Errors
    ///
    /// `ENOMEM`. Nothing changed.
    pub(crate) fn count_traffic(&self, change: Option<bool>) -> Result<bool> {
        let Some(wanted) = change else {
            return Ok(events::is_counted());
        };
        let mut counting = self.holdings.counting.lock();
        match (wanted, &*counting) {
            (true, None) => {
                self.make_room_for_traffic()?;
                *counting = Some(Counting::new());
            }
            (false, Some(_)) => {
                events::set_counted(false);
                *counting = None;
            }
            _ => {}
        }
        Ok(wanted)
    }

    /// Makes room in every association that is listed. One that is listed later makes it itself.
    fn make_room_for_traffic(&self) -> Result {
        events::set_counted(true);
        let all = gather::<_, KVmalloc>(|push| {
            self.registry()
                .each(|association| push(association.clone()));
        });
        let made = all.and_then(|all| {
            all.iter()
                .try_for_each(|association| association.record().make_room())
        });
        made.inspect_err(|_| events::set_counted(false))
    }
}
