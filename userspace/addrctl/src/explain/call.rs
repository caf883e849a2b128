// SPDX-License-Identifier: GPL-2.0

//! What every control call may answer, in words. Pure.

use std::fmt::{self, Formatter};

use addrconf_abi::ABI_VERSION;
use rustix::io::Errno;

use crate::client::CallError;
use crate::error::{ErrorKind, Subject};
use crate::refusal::Refusal;

/// Why an association cannot be made when nobody asked for an address in use.
pub(super) const NO_LOOPBACK: &str =
    "every dedicated loopback address is taken, by associations and by sockets of the host; end an \
     association first";

pub(super) fn not_permitted(f: &mut Formatter<'_>, net_admin: Option<bool>) -> fmt::Result {
    f.write_str(match net_admin {
        Some(false) => "this needs CAP_NET_ADMIN: run addrctl as root",
        Some(true) => {
            "not permitted although addrctl has CAP_NET_ADMIN: it runs in an association \
             itself, and an associated process may not look at or change associations, or \
             in a user namespace; run it from outside"
        }
        None => {
            "this needs CAP_NET_ADMIN (run addrctl as root), and addrctl itself must not \
             run in an association"
        }
    })
}

/// A call for which the module is too old.
pub(super) fn older(f: &mut Formatter<'_>, refusal: &Refusal) -> fmt::Result {
    f.write_str("the module is older than this addrctl and cannot do this: it has ")?;
    match refusal.module_abi {
        Some(abi) => write!(f, "ABI {abi}")?,
        None => f.write_str("an ABI of its own")?,
    }
    write!(
        f,
        ", addrctl has ABI {ABI_VERSION}; install the matching pair"
    )
}

/// The part of a message that is about an existing association.
pub(super) fn about(
    f: &mut Formatter<'_>,
    subject: &Subject,
    kind: ErrorKind,
    refusal: &Refusal,
) -> fmt::Result {
    match (kind, subject, refusal.cause) {
        (ErrorKind::NotFound, Subject::Association(_), _) => f.write_str(
            "no such association; it may have ended with its last task, \
             `addrctl list` shows those there are",
        ),
        (ErrorKind::NotFound, Subject::Process(_), CallError::Refused(Errno::SRCH)) => {
            f.write_str("the process has exited meanwhile")
        }
        // Only ending everything is about everything, and new with version 3.
        (ErrorKind::Malformed, Subject::Everything, _) if refusal.module_lacks(3) => {
            older(f, refusal)
        }
        (ErrorKind::NotFound, Subject::Process(_), _) => f.write_str(
            "the process is not associated; `addrctl list` shows the associations there are",
        ),
        _ => call(f, kind, refusal),
    }
}

/// What every control call may answer.
pub(super) fn call(f: &mut Formatter<'_>, kind: ErrorKind, refusal: &Refusal) -> fmt::Result {
    match (kind, refusal.cause) {
        (ErrorKind::NotPermitted, _) => not_permitted(f, refusal.net_admin),
        (ErrorKind::Mismatch, CallError::Refused(_)) if refusal.module_is_older() => {
            older(f, refusal)
        }
        (ErrorKind::Mismatch, CallError::Refused(Errno::NOTTY)) => write!(
            f,
            "the module does not know this call: addrctl (ABI {ABI_VERSION}) and module are of \
             different versions, see `addrctl version`; install the matching pair"
        ),
        (ErrorKind::Mismatch, CallError::Refused(_)) => write!(
            f,
            "the module is older than this addrctl (ABI {ABI_VERSION}), see \
             `addrctl version`; install the matching pair"
        ),
        (ErrorKind::Mismatch, CallError::BadAnswer) => write!(
            f,
            "the module's answer makes no sense to this addrctl (ABI {ABI_VERSION}), see \
             `addrctl version`; install the matching pair"
        ),
        (ErrorKind::Malformed, _) => write!(
            f,
            "the module refused the request as malformed: if `addrctl version` shows different \
             versions of addrctl (ABI {ABI_VERSION}) and module, install the matching pair"
        ),
        (ErrorKind::NoMemory, _) => {
            f.write_str("the kernel has no memory for it; nothing was changed")
        }
        (ErrorKind::NotLoaded, _) => f.write_str("the addrconf module is being unloaded"),
        (_, CallError::Refused(Errno::BUSY) | CallError::InTheWay(_)) => {
            f.write_str("the module is busy; try again")
        }
        (_, CallError::Refused(errno)) => write!(f, "{errno}"),
        (_, CallError::BadAnswer) => f.write_str("the module's answer makes no sense"),
    }
}
