// SPDX-License-Identifier: GPL-2.0

//! The calls about grants: which users may associate their own processes, and with which
//! addresses.

use addrconf_abi::{AddrEntry, Command, GrantQuery, GrantRequest, Wire, MAX_ADDRS, MAX_GRANTS};

use super::{elements, CallError, Client};
use crate::address::AddressSet;

/// The grant of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The user.
    pub uid: u32,
    /// What it was granted.
    pub addresses: AddressSet,
    /// How many associations it made that are there.
    pub association_count: u32,
}

impl Client<'_> {
    /// Grants a user these addresses in place of those that it was granted before; takes its
    /// grant back if there are none.
    pub fn grant(&self, uid: u32, addresses: Option<&AddressSet>) -> Result<(), CallError> {
        let mut entries = addresses.map(AddressSet::to_bytes).unwrap_or_default();
        let request = GrantRequest {
            uid,
            ..GrantRequest::default()
        };
        self.call(Command::Grant, &request, &mut [&mut entries])?;
        Ok(())
    }

    /// The grants in force, by ascending id of the user: of all users, or without
    /// `CAP_NET_ADMIN` of the caller alone.
    pub fn grants(&self) -> Result<Vec<Grant>, CallError> {
        let mut all: Vec<Grant> = Vec::new();
        let mut from = Some(0);
        // A grant that comes or goes meanwhile is in the answer or is not.
        while let Some(uid) = from.filter(|_| all.len() <= MAX_GRANTS as usize) {
            let Some(grant) = self.grant_from(uid)? else {
                break;
            };
            // Users that do not ascend would make the next call ask for the same ones again.
            if grant.uid < uid {
                return Err(CallError::BadAnswer);
            }
            from = grant.uid.checked_add(1);
            all.push(grant);
        }
        Ok(all)
    }

    /// The grant of the user with the lowest id from `uid` on.
    fn grant_from(&self, uid: u32) -> Result<Option<Grant>, CallError> {
        let mut room = vec![0; 64 * AddrEntry::SIZE];
        loop {
            let query = GrantQuery {
                uid,
                ..GrantQuery::default()
            };
            let answer = self.call(Command::Grants, &query, &mut [&mut room])?;
            let count = answer.addr_count as usize;
            match count {
                0 => return Ok(None),
                count if count * AddrEntry::SIZE <= room.len() => {
                    let entries = elements::<{ AddrEntry::SIZE }>(&room, count);
                    let entries = entries.map(|bytes| AddrEntry::decode(&bytes));
                    let entries: Result<Vec<_>, _> = entries.collect();
                    return Ok(Some(Grant {
                        uid: answer.uid,
                        addresses: AddressSet::from_entries(
                            entries.map_err(|_| CallError::BadAnswer)?,
                        ),
                        association_count: answer.associations,
                    }));
                }
                // Another grant can be the first by now, with more entries.
                count if count <= MAX_ADDRS as usize => {
                    room.resize(MAX_ADDRS as usize * AddrEntry::SIZE, 0);
                }
                _ => return Err(CallError::BadAnswer),
            }
        }
    }
}
