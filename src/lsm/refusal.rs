// SPDX-License-Identifier: GPL-2.0

//! What follows a refusal: nothing but the errno, or a signal if the association wants that.
//!
//! Context: process, may sleep.

use kernel::prelude::*;

use crate::sys::gate::Refusing;
use crate::sys::task;

use super::{current, Address, Change, Create, Files, Hold, Trace};

/// Sends the running task `SIGSYS` if its association's terms say so. Not for a call that is
/// malformed, or lacks memory: that would fail without the module as well.
fn note(error: Error) {
    if error == EINVAL || error == ENOMEM {
        return;
    }
    if current().is_some_and(|association| association.terms().signal) {
        task::signal_refusal(error.to_errno());
    }
}

/// Families whose refusals are noted.
macro_rules! noted {
    ($($family:ty),*) => {
        $(impl Refusing for $family {
            fn refused(error: Error) {
                note(error);
            }
        })*
    };
}

noted!(Address, Change, Create, Files, Hold, Trace);
