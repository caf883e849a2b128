// SPDX-License-Identifier: GPL-2.0

//! A control call that was refused, and what its errno means. Here are the meanings
//! that all calls have in common; a command adds those of its own call.

use std::net::Ipv6Addr;

use addrconf_abi::{AddrEntry, NarrowHeader, Wire, ABI_VERSION, MAX_STRUCT};
use rustix::io::Errno;

use crate::client::{CallError, Client};
use crate::error::{ErrorKind, Reason, Subject};
use crate::system::{NetAdmin, System};

/// The advice for a difference of versions.
const MATCHING_PAIR: &str = "install the matching pair";

/// Why a control call brought no answer, and the circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The answer.
    pub cause: CallError,
    /// With which rights it was made, if it lacked some.
    rights: Rights,
    /// The interface version of the module, asked for when a difference of versions
    /// can be the reason.
    module_abi: Option<u32>,
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
            rights: Rights::lacking(system, &cause),
            module_abi: version.map(|version| version.abi),
        }
    }

    /// The errno, if there is one.
    pub fn errno(&self) -> Option<Errno> {
        match self.cause {
            CallError::Refused(errno) => Some(errno),
            CallError::InTheWay(_) => Some(Errno::BUSY),
            CallError::BadAnswer => None,
        }
    }

    /// The interface version of the module, if it was asked for.
    pub fn module_abi(&self) -> Option<u32> {
        self.module_abi
    }

    /// Whether the module is known to lack what came with `version`.
    pub fn module_lacks(&self, version: u32) -> bool {
        self.module_abi.is_some_and(|abi| abi < version)
    }

    /// What the refusal of any call means.
    pub fn reason(&self) -> Reason {
        let Some(errno) = self.errno() else {
            return mismatch(format!(
                "the module's answer makes no sense to this addrctl (ABI {ABI_VERSION})"
            ));
        };
        match errno {
            Errno::PERM | Errno::ACCESS => not_permitted(self.rights),
            Errno::NOTTY | Errno::TOOBIG if self.module_lacks(ABI_VERSION) => self.older(),
            Errno::NOTTY => mismatch(format!(
                "the module does not know this call: addrctl (ABI {ABI_VERSION}) and module are \
                 of different versions"
            )),
            Errno::TOOBIG => mismatch(format!(
                "the module is older than this addrctl (ABI {ABI_VERSION})"
            )),
            Errno::INVAL => Reason::new(
                ErrorKind::Malformed,
                "the module refused the request as malformed",
            )
            .next(format!(
                "if `addrctl version` shows different versions of addrctl (ABI {ABI_VERSION}) and \
                 module, {MATCHING_PAIR}"
            )),
            Errno::NOMEM => no_memory(),
            Errno::NODEV => Reason::new(
                ErrorKind::NotLoaded,
                "the addrconf module is being unloaded",
            ),
            Errno::SRCH | Errno::NOENT => Reason::new(ErrorKind::NotFound, errno.to_string()),
            Errno::BUSY => Reason::new(ErrorKind::Other, "the module is busy").next("try again"),
            _ => Reason::other(errno),
        }
    }

    /// What the refusal of a call about an existing association means.
    pub fn about(&self, whom: &Subject) -> Reason {
        let not_found = |what: &'static str| Reason::new(ErrorKind::NotFound, what);
        match (self.errno(), whom) {
            (Some(Errno::SRCH | Errno::NOENT), Subject::Association(_)) => not_found(
                "no such association",
            )
            .next(
                "an association ends with its last task and socket, `addrctl list` shows those \
                 there are",
            ),
            (Some(Errno::SRCH), Subject::Process(_)) => exited(),
            (Some(Errno::NOENT), Subject::Process(_)) => not_found("the process is not associated")
                .next("`addrctl list` shows the associations there are"),
            _ => self.reason(),
        }
    }

    /// The reason when the module is too old for the request.
    pub fn older(&self) -> Reason {
        let has = match self.module_abi {
            Some(abi) => format!("ABI {abi}"),
            None => "an ABI of its own".to_owned(),
        };
        let what = format!(
            "the module is older than this addrctl and cannot do this: it has {has}, addrctl has \
             ABI {ABI_VERSION}"
        );
        Reason::new(ErrorKind::Mismatch, what).next(MATCHING_PAIR)
    }
}

/// The rights of addrctl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// It is in an association, where nobody makes control calls.
    Member,
    /// Whether it has `CAP_NET_ADMIN`. It may be a member if it has, or if that is not known.
    Of(NetAdmin),
}

impl Rights {
    /// Those with which a call was made. Where the cause is another, nothing is asked.
    fn lacking(system: &dyn System, cause: &CallError) -> Self {
        match cause {
            CallError::Refused(Errno::PERM | Errno::ACCESS) => Self::of(system),
            _ => Self::Of(NetAdmin::Unknown),
        }
    }

    /// Those of addrctl, after the module or the mode of its device denied something.
    pub fn of(system: &dyn System) -> Self {
        match is_member(system) {
            true => Self::Member,
            false => Self::Of(system.net_admin()),
        }
    }
}

/// Whether addrctl is in an association. A member has no other way to ask than to narrow itself,
/// which is refused with `EPERM` for an address outside the set, and with `ENOENT` outside
/// associations. If a set has this address, of the network that discards packets (RFC 6666), addrctl
/// does narrow itself before it ends.
fn is_member(system: &dyn System) -> bool {
    let nowhere = AddrEntry {
        addr: Ipv6Addr::new(0x100, 0, 0, 0, 0xffff, 0xffff, 0xffff, 0xffff).into(),
        prefix_len: 128,
    };
    let header = NarrowHeader {
        addr_count: 1,
        ..NarrowHeader::default()
    };
    let mut context = header.encode(&mut [0; MAX_STRUCT]).to_vec();
    context.extend(nowhere.encode(&mut [0; MAX_STRUCT]).iter());
    // It may have narrowed itself as often as it may.
    matches!(
        system.narrow(&context),
        Ok(()) | Err(Errno::PERM | Errno::NOSPC)
    )
}

/// The caller lacks the right: the module demands `CAP_NET_ADMIN` in the initial user
/// namespace, and a caller that is not associated.
pub fn not_permitted(rights: Rights) -> Reason {
    let denied = |what: &'static str| Reason::new(ErrorKind::NotPermitted, what);
    match rights {
        Rights::Of(NetAdmin::Missing) => denied("this needs CAP_NET_ADMIN: run addrctl as root").next(
            "a user with a grant (`addrctl grants`) needs it for what is beyond the grant or was made \
             by others",
        ),
        Rights::Member | Rights::Of(NetAdmin::Held) => denied(
            "addrctl runs in an association itself, and an associated process may not look at or \
             change associations",
        )
        .next("run it from outside"),
        Rights::Of(NetAdmin::InUserNamespace) => denied(
            "addrctl has CAP_NET_ADMIN only in its user namespace, and this needs it in the \
             initial one",
        )
        .next("run it as root of the host"),
        Rights::Of(NetAdmin::Unknown) => denied(
            "this needs CAP_NET_ADMIN (run addrctl as root), and addrctl itself must not run in \
             an association",
        ),
    }
}

/// The module found a request malformed that addrctl considers well-formed.
pub fn malformed() -> Reason {
    Reason::new(
        ErrorKind::Malformed,
        "the module found the request malformed and changed nothing: its rules differ from this \
         addrctl's",
    )
}

/// The process exited before the call.
pub fn exited() -> Reason {
    Reason::new(ErrorKind::NotFound, "the process has exited meanwhile")
}

/// The kernel has no memory.
pub fn no_memory() -> Reason {
    Reason::new(ErrorKind::NoMemory, "the kernel has no memory for this")
        .next("nothing was changed")
}

fn mismatch(what: String) -> Reason {
    Reason::new(ErrorKind::Mismatch, what).next(format!("see `addrctl version`; {MATCHING_PAIR}"))
}
