// SPDX-License-Identifier: GPL-2.0

//! A control call that was refused, with what is needed to say why.

use addrconf_abi::ABI_VERSION;
use rustix::io::Errno;

use crate::client::{CallError, Client};
use crate::error::ErrorKind;
use crate::system::System;

/// Why a control call brought no answer, and the circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The answer.
    pub cause: CallError,
    /// Whether addrctl has `CAP_NET_ADMIN`, if that is known.
    pub net_admin: Option<bool>,
    /// The interface version of the module, asked for when a difference of
    /// versions may be the reason.
    pub module_abi: Option<u32>,
}

impl Refusal {
    /// The refusal of a call on `client`.
    pub fn new(system: &dyn System, client: &Client<'_>, cause: CallError) -> Self {
        let may_be_version = matches!(
            cause,
            CallError::Refused(Errno::NOTTY | Errno::TOOBIG | Errno::INVAL) | CallError::BadAnswer
        );
        let version = may_be_version.then(|| client.version().ok()).flatten();
        Self {
            cause,
            net_admin: system.has_net_admin(),
            module_abi: version.map(|version| version.abi),
        }
    }

    /// Whether the errno is this one.
    pub fn is(&self, errno: Errno) -> bool {
        match self.cause {
            CallError::InTheWay(_) => errno == Errno::BUSY,
            cause => cause == CallError::Refused(errno),
        }
    }

    /// Whether the module is known to lack something that this addrctl may ask for.
    pub fn module_is_older(&self) -> bool {
        self.module_lacks(ABI_VERSION)
    }

    /// Whether the module is known to lack what came with `version`.
    pub fn module_lacks(&self, version: u32) -> bool {
        self.module_abi.is_some_and(|abi| abi < version)
    }

    /// Which kind of failure this is, as far as all calls have it in common.
    pub fn kind(&self) -> ErrorKind {
        let errno = match self.cause {
            CallError::Refused(errno) => errno,
            CallError::InTheWay(_) => return ErrorKind::Holds,
            CallError::BadAnswer => return ErrorKind::Mismatch,
        };
        match errno {
            Errno::PERM | Errno::ACCESS => ErrorKind::NotPermitted,
            Errno::SRCH | Errno::NOENT => ErrorKind::NotFound,
            Errno::INVAL => ErrorKind::Malformed,
            Errno::NOTTY | Errno::TOOBIG => ErrorKind::Mismatch,
            Errno::NOMEM => ErrorKind::NoMemory,
            Errno::NODEV => ErrorKind::NotLoaded,
            _ => ErrorKind::Other,
        }
    }
}
