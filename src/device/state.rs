// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/addrconf/`: read-only state for scripts.
//!
//! | file | content |
//! | --- | --- |
//! | `version` | version of the module |
//! | `abi` | version of the control interface |
//! | `associations` | how many there are |
//! | `tasks` | how many tasks (threads) are associated |
//! | `self` | the association of the process that reads it; empty if it is in none |
//! | `by-id/ID` | one association; only root may read it, and no associated task |

use core::fmt::{self, Write as _};

use kernel::prelude::*;
use kernel::sync::Arc;

use crate::abi::ABI_VERSION;
use crate::sys::sysfs::{Dir, File, Page, Show};
use crate::table;

/// Version of the module, as the file `version` shows it.
pub(crate) const VERSION: &str = "0.1.0";

/// Keeps the files in sysfs.
pub(crate) struct State {
    _files: [File<Fact>; 5],
}

impl State {
    /// Makes the directory of all files. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn dir() -> Result<Arc<Dir>> {
        Ok(Arc::new(Dir::new(c"addrconf", None)?, GFP_KERNEL)?)
    }

    /// Makes the files in `dir`. Context: process, may sleep.
    pub(crate) fn new(dir: &Arc<Dir>) -> Result<Self> {
        let file = |name, fact| File::new(dir.clone(), name, false, Arc::new(fact, GFP_KERNEL)?);
        Ok(Self {
            _files: [
                file(c"version", Fact::Version)?,
                file(c"abi", Fact::Abi)?,
                file(c"associations", Fact::Associations)?,
                file(c"tasks", Fact::Tasks)?,
                file(c"self", Fact::Own)?,
            ],
        })
    }
}

/// What a file shows.
enum Fact {
    Version,
    Abi,
    Associations,
    Tasks,
    Own,
}

impl Show for Fact {
    fn show(&self, out: &mut Page<'_>) -> fmt::Result {
        let Some(tenants) = table::get() else {
            return Ok(());
        };
        match self {
            Self::Version => core::writeln!(out, "{VERSION}"),
            Self::Abi => core::writeln!(out, "{ABI_VERSION}"),
            Self::Associations => core::writeln!(out, "{}", tenants.registry().count()),
            Self::Own => match table::current() {
                Some(own) => table::shown::describe(&own, out),
                None => Ok(()),
            },
            Self::Tasks => core::writeln!(out, "{}", tenants.members().count()),
        }
    }
}
