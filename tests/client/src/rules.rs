// SPDX-License-Identifier: GPL-2.0

//! The control calls about rules.

use std::io;

use addrconf_abi::{Command, RuleEntry, RuleQuery, SetRulesRequest, Wire, MAX_STRUCT};

use super::Device;

impl Device {
    /// Puts rules in force in place of those with this generation, or of any if that is 0;
    /// returns the new generation.
    pub fn set_rules(&self, rules: &[RuleEntry], generation: u64) -> io::Result<u64> {
        let mut bytes = Vec::new();
        for rule in rules {
            bytes.extend_from_slice(rule.encode(&mut [0; MAX_STRUCT]));
        }
        let request = SetRulesRequest {
            rules: bytes.as_ptr() as u64,
            count: rules.len() as u32,
            first_id: 0,
            generation,
        };
        Ok(self.call(Command::SetRules, &request)?.generation)
    }

    /// The rule at a place, with the path of its program and that of its control group.
    pub fn rule(&self, place: u32) -> io::Result<(RuleQuery, [String; 2])> {
        let (mut path, mut group) = (vec![0_u8; 4096], vec![0_u8; 4096]);
        let query = RuleQuery {
            place,
            path_room: path.len() as u32,
            path: path.as_mut_ptr() as u64,
            cgroup: group.as_mut_ptr() as u64,
            ..RuleQuery::default()
        };
        let reply = self.call(Command::Rule, &query)?;
        path.truncate(reply.path_len as usize);
        group.truncate(reply.rule.cgroup.unwrap_or_default().len as usize);
        let paths = [path, group].map(|path| String::from_utf8(path).expect("a path"));
        Ok((reply, paths))
    }
}
