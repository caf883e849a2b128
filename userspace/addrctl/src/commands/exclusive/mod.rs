// SPDX-License-Identifier: GPL-2.0

//! What is checked before addresses become exclusive. An exclusive association takes its
//! addresses from the wildcard sockets of the host. So addrctl refuses addresses that another
//! exclusive association has, and notes which services of the host are concerned. This catches
//! mistakes and enforces nothing: two commands at the same time do not see each other.

mod contested;
mod services;

use addrconf_abi::Name;

use crate::address::{AddressSet, Overlap};
use crate::client::{Association, Client};
use crate::error::{ErrorKind, Reason};
use crate::system::System;

pub use contested::contested;
pub use services::Services;

/// Addresses that are about to become exclusive.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who gets them.
    pub claimant: Claimant,
    /// The addresses.
    pub addresses: &'a AddressSet,
    /// Whether another exclusive association may have some of them.
    pub force: bool,
}

/// Who gets exclusive addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant {
    /// A new association for this process, with this name, which may be empty.
    Process(i32, Name),
    /// A new association that is defined with this name.
    Defined(Name),
    /// The association with this id, which is there.
    Association(u64),
}

/// Refuses addresses of another exclusive association, unless forced. Returns the services of
/// the host that are concerned, none without a claim.
pub fn permit(
    system: &dyn System,
    client: &Client<'_>,
    claim: Option<Claim<'_>>,
) -> Result<Services, Reason> {
    let Some(claim) = claim else {
        return Ok(Services::default());
    };
    if !claim.force {
        claim.permit(client)?;
    }
    let pid = match claim.claimant {
        Claimant::Process(pid, _) => Some(pid),
        Claimant::Defined(_) | Claimant::Association(_) => None,
    };
    Ok(Services::find(system, client, claim.addresses, pid))
}

/// Whether an association keeps wildcard sockets of the host off its addresses. A part does
/// not: it takes over the term from its whole, and since ABI 4 has no loopback address.
pub fn is_exclusive(association: &Association) -> bool {
    let is_part = association.abi >= 4 && association.terms.loopback.is_none();
    association.terms.exclusive && !is_part
}

impl Claim<'_> {
    fn permit(&self, client: &Client<'_>) -> Result<(), Reason> {
        // When they cannot be listed, the call itself is refused as well, and that says why.
        let all = client.describe_all();
        for other in all.iter().flatten().filter(|other| self.concerns(other)) {
            if let Some(overlap) = self.addresses.overlap(&other.addresses) {
                return Err(self.taken(other, overlap));
            }
        }
        Ok(())
    }

    /// Whether an association is another exclusive one. One of which only sockets are left does
    /// not count, as for names: a service that starts again has the addresses of its last run.
    fn concerns(&self, other: &Association) -> bool {
        is_exclusive(other)
            && (other.defined || other.task_count > 0)
            && !self.claimant.is_refused_for(other)
    }

    fn taken(
        &self,
        other: &Association,
        Overlap {
            common,
            other: theirs,
        }: Overlap,
    ) -> Reason {
        let name = match other.terms.name.as_str() {
            "" => String::new(),
            name => format!(" ({name})"),
        };
        let which = match theirs == common {
            true => common.to_string(),
            false => format!("{theirs}, which contains {common}"),
        };
        let what = format!(
            "association {}{name} is exclusive too and has {which}",
            other.id
        );
        let next = match self.claimant {
            Claimant::Association(_) => "name another address, or use --force to share it",
            Claimant::Process(..) | Claimant::Defined(_) => {
                "name another address, leave --exclusive out, or use --force to share it"
            }
        };
        Reason::new(ErrorKind::Mistaken, what)
            .next("nothing was changed")
            .next(next)
    }
}

impl Claimant {
    /// Whether an association is the claimant itself, or the module refuses the call because of
    /// it, for a reason that says more: the name is taken, or the process is associated.
    fn is_refused_for(self, other: &Association) -> bool {
        match self {
            Self::Process(pid, name) => other.pids.contains(&pid) || other.has_name(name),
            Self::Defined(name) => other.has_name(name),
            Self::Association(id) => other.id == id,
        }
    }
}
