// SPDX-License-Identifier: GPL-2.0

//! What follows a refusal: it is counted and told, the program sees the errno, and it gets a signal
//! if its association wants that.

use core::net::IpAddr;

use kernel::prelude::*;

use crate::events::Operation;
use crate::policy::{Refusal, SockAddr};
use crate::sys::task;
use crate::table::Association;

use super::current;

/// A call that the rules of an association decide.
pub(super) struct Call<'a> {
    association: &'a Association,
    operation: Operation,
}

impl<'a> Call<'a> {
    pub(super) fn new(association: &'a Association, operation: Operation) -> Self {
        Self {
            association,
            operation,
        }
    }

    /// What the policy decided about the call. Context: process, may sleep.
    ///
    /// # Errors
    ///
    /// That of a refusal.
    pub(super) fn decided<T>(&self, verdict: Result<T, Refusal>) -> Result<T> {
        verdict.map_err(|refusal| self.refuse(refusal))
    }

    /// The error of the call, which is refused. Context: process, may sleep.
    pub(super) fn refuse(&self, refusal: Refusal) -> Error {
        self.refuse_for(refusal, None)
    }

    /// As [`Self::refuse`], for a call that names the address in `bytes`.
    pub(super) fn refuse_at(&self, refusal: Refusal, asked: &SockAddr, bytes: &[u8]) -> Error {
        let address = asked.ip().map(|ip| (ip, SockAddr::port(bytes)));
        self.refuse_for(refusal, address)
    }

    /// As [`Self::refuse`], but sends no signal. Context: any but hard interrupts, never sleeps.
    pub(super) fn refuse_quietly(&self, refusal: Refusal) -> Error {
        let subject = self.association.subject();
        subject.is_refused(self.operation, refusal, None);
        errno(refusal)
    }

    fn refuse_for(&self, refusal: Refusal, address: Option<(IpAddr, u16)>) -> Error {
        let error = errno(refusal);
        // It would fail without the module as well.
        if refusal.is_malformed() {
            return error;
        }
        let subject = self.association.subject();
        subject.is_refused(self.operation, refusal, address);
        if current().is_some_and(|association| association.terms().signal) {
            task::signal_refusal(error.to_errno());
        }
        error
    }
}

fn errno(refusal: Refusal) -> Error {
    Error::from_errno(-refusal.errno())
}
