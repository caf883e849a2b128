// SPDX-License-Identifier: GPL-2.0

//! Narrowing in the made-up kernel.

use addrconf_abi::{NarrowHeader, Target, Terms, Wire};
use rustix::io::Errno;

use super::device::{entries, errno};
use super::{FakeAssociation, State, OWN_PID};

/// The bytes of a page after `struct lsm_ctx`.
const MAX_CONTEXT: usize = 4096 - 32;

impl State {
    /// Moves addrctl to a new association with a part of its set.
    pub(super) fn narrow(&mut self, context: &[u8]) -> Result<(), Errno> {
        if context.len() > MAX_CONTEXT {
            return Err(Errno::TOOBIG);
        }
        if self.module.is_none_or(|abi| abi < 2) {
            return Err(Errno::OPNOTSUPP);
        }
        if let Some(errno) = self.no_narrowing {
            return Err(errno);
        }
        let (header, rest) = context
            .split_at_checked(NarrowHeader::SIZE)
            .ok_or(Errno::INVAL)?;
        let header = NarrowHeader::decode(header).map_err(errno)?;
        // Flags were reserved before.
        if header.keep_loopback && self.module <= Some(7) {
            return Err(Errno::INVAL);
        }
        let entries = entries(rest)?;
        if header.addr_count == 0 || rest.len() != header.addr_count as usize * 24 {
            return Err(Errno::INVAL);
        }
        let id = self.association(Target::Pid(OWN_PID))?;
        let parent = self.associations.get_mut(&id).unwrap();
        let narrowed = FakeAssociation {
            terms: Terms {
                // Since version 4, a part has none.
                loopback: (self.module <= Some(3)).then(|| [127, 64, 2, id as u8].into()),
                ..parent.terms.narrowed(header.name)
            },
            entries,
            pids: vec![OWN_PID],
            keeps_loopback: header.keep_loopback,
            ..FakeAssociation::default()
        };
        let set = narrowed.set();
        if !set.entries().iter().all(|prefix| parent.covers(*prefix)) {
            return Err(Errno::PERM);
        }
        parent.pids.retain(|&pid| pid != OWN_PID);
        self.associations.retain(|_, a| !a.pids.is_empty());
        self.last_id += 1;
        self.associations.insert(self.last_id, narrowed);
        Ok(())
    }
}
