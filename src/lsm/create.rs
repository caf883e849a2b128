// SPDX-License-Identifier: GPL-2.0

//! `socket()`: kinds of sockets that are not covered are refused.

use kernel::prelude::*;

use crate::{policy, table};

/// Decides a `socket()` or `socketpair()`.
pub(super) fn check(family: i32, kind: i32, protocol: i32) -> Result {
    match table::current() {
        Some(_) => policy::create(family, kind, protocol).map_err(super::refused),
        None => Ok(()),
    }
}
