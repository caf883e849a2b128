// SPDX-License-Identifier: GPL-2.0

//! Where the structures of the control calls hold pointers. Pure.

use addrconf_abi::Command;
use rustix::io::Errno;

/// One pointer in a structure, and the field with the number of its elements.
#[derive(Clone, Copy, Debug)]
pub struct Pointer {
    /// Offset of the 64-bit pointer.
    pub at: usize,
    /// Offset of the 32-bit number of elements.
    pub count_at: usize,
    /// Bytes per element.
    pub element: usize,
}

impl Pointer {
    /// The addresses of an assignment or of a change, or room for those of a query.
    const ADDRS: Self = Self {
        at: 16,
        count_at: 24,
        element: 24,
    };
    /// The addresses of a definition.
    const DEFINED: Self = Self {
        at: 0,
        count_at: 8,
        element: 24,
    };
    /// The addresses of a grant, or room for them.
    const GRANTED: Self = Self {
        at: 8,
        count_at: 4,
        element: 24,
    };
    /// Room for process ids in a query.
    const PIDS: Self = Self {
        at: 32,
        count_at: 40,
        element: 4,
    };
    /// Room for leftovers in a query.
    const LEFTOVERS: Self = Self {
        at: 128,
        count_at: 136,
        element: 32,
    };
    /// Room for association ids in a list.
    const IDS: Self = Self {
        at: 8,
        count_at: 16,
        element: 8,
    };
    /// Room for the sockets of associations.
    const SOCKETS: Self = Self {
        at: 0,
        count_at: 8,
        element: 16,
    };
    /// The rules to put in force.
    const RULES: Self = Self {
        at: 0,
        count_at: 8,
        element: RULE_SIZE,
    };
    /// Room for the path of a rule's program.
    const PROGRAM: Self = Self {
        at: 8,
        count_at: 4,
        element: 1,
    };
    /// As much room for the path of its control group.
    const CGROUP: Self = Self {
        at: 16,
        count_at: 4,
        element: 1,
    };
}

/// Bytes of a rule to put in force, and where it holds the pointer to the path of its control
/// group, and the length of the path.
const RULE_SIZE: usize = 40;
const RULE_TEXT_AT: usize = 24;
const RULE_TEXT_LEN_AT: usize = 20;

/// The pointers in the structure of `command`, as its type in the ABI crate documents them.
pub const fn pointers(command: Command) -> &'static [Pointer] {
    match command {
        Command::Version
        | Command::Release
        | Command::Undefine
        | Command::Find
        | Command::Join
        | Command::Watch
        | Command::Counts
        | Command::Check
        | Command::Traffic => &[],
        Command::Define => &[Pointer::DEFINED],
        Command::Assign | Command::Update => &[Pointer::ADDRS],
        Command::Query => &[Pointer::ADDRS, Pointer::PIDS, Pointer::LEFTOVERS],
        Command::List => &[Pointer::IDS],
        Command::Sockets => &[Pointer::SOCKETS],
        Command::SetRules => &[Pointer::RULES],
        Command::Rule => &[Pointer::PROGRAM, Pointer::CGROUP],
        Command::Grant | Command::Grants => &[Pointer::GRANTED],
    }
}

/// Points the pointers in `arg` to `memory`, and sets their counts to the number of
/// whole elements there. Where a slice is empty both are zero, so that a module that
/// does not know the field accepts the structure. The pointers of rules to put in force get the
/// parts of the last slice, one after the other, as long as the rules say.
///
/// # Errors
///
/// `EFAULT` when there is not exactly one slice for each pointer, `arg` is not as long as the
/// structure, slices whose pointers share a count differ in length, or texts are not as long as
/// the rules say.
pub fn link(command: Command, arg: &mut [u8], memory: &mut [&mut [u8]]) -> Result<(), Errno> {
    if arg.len() != addrconf_abi::size_of_arg(command.number()) {
        return Err(Errno::FAULT);
    }
    let memory = match (command, memory) {
        (Command::SetRules, [rules, texts]) => {
            link_texts(rules, texts)?;
            std::slice::from_mut(rules)
        }
        (Command::SetRules, _) => return Err(Errno::FAULT),
        (_, memory) => memory,
    };
    let pointers = pointers(command);
    if memory.len() != pointers.len() {
        return Err(Errno::FAULT);
    }
    let mut counts_before = Vec::new();
    for (pointer, slice) in pointers.iter().zip(memory) {
        let count = u32::try_from(slice.len() / pointer.element).map_err(|_| Errno::FAULT)?;
        let differs = |(at, before): &(_, _)| *at == pointer.count_at && *before != count;
        if counts_before.iter().any(differs) {
            return Err(Errno::FAULT);
        }
        counts_before.push((pointer.count_at, count));
        arg[pointer.at..][..8].copy_from_slice(&address(slice).to_ne_bytes());
        arg[pointer.count_at..][..4].copy_from_slice(&count.to_ne_bytes());
    }
    Ok(())
}

/// Points the pointers in rules to their texts.
fn link_texts(rules: &mut [u8], mut texts: &mut [u8]) -> Result<(), Errno> {
    for rule in rules.chunks_exact_mut(RULE_SIZE) {
        let mut len = [0; 4];
        len.copy_from_slice(&rule[RULE_TEXT_LEN_AT..][..4]);
        let len = u32::from_ne_bytes(len) as usize;
        if len > texts.len() {
            return Err(Errno::FAULT);
        }
        let (text, rest) = texts.split_at_mut(len);
        rule[RULE_TEXT_AT..][..8].copy_from_slice(&address(text).to_ne_bytes());
        texts = rest;
    }
    texts.is_empty().then_some(()).ok_or(Errno::FAULT)
}

/// The address of a slice; 0 if it is empty.
fn address(slice: &mut [u8]) -> u64 {
    match slice.is_empty() {
        true => 0,
        false => slice.as_mut_ptr().expose_provenance() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use addrconf_abi::{
        AssignRequest, GrantQuery, GrantRequest, ListRequest, QueryRequest, RuleEntry, RuleQuery,
        SetRulesRequest, Target, UpdateRequest, UserText, Wire, MAX_STRUCT,
    };

    /// Links `memory` into zeroes, after the mandatory fields, and decodes.
    fn linked<T: Wire>(command: Command, memory: &mut [&mut [u8]]) -> T {
        let mut arg = vec![0; T::SIZE];
        let has_target = matches!(
            command,
            Command::Assign | Command::Update | Command::Query | Command::Release
        );
        if has_target {
            arg[..4].copy_from_slice(&3_u32.to_ne_bytes());
        }
        if command == Command::Update {
            arg[28..32].copy_from_slice(&1_u32.to_ne_bytes());
        }
        link(command, &mut arg, memory).unwrap();
        T::decode(&arg).unwrap()
    }

    #[test]
    fn pointers_and_counts_land_in_the_fields_of_the_abi() {
        let (mut a, mut b, mut c) = ([0; 48], [0; 15], [0; 100]);
        let [a_at, b_at, c_at] = [a.as_ptr(), b.as_ptr(), c.as_ptr()].map(|at| at as u64);

        let assign: AssignRequest = linked(Command::Assign, &mut [&mut a]);
        assert_eq!((assign.addrs, assign.addr_count), (a_at, 2));
        assert_eq!(assign.target, Target::Association(0));

        let update: UpdateRequest = linked(Command::Update, &mut [&mut a]);
        assert_eq!((update.addrs, update.addr_count), (a_at, 2));
        assert_eq!((update.reset, update.resets), (false, 0));

        let query: QueryRequest = linked(Command::Query, &mut [&mut a, &mut b, &mut c]);
        assert_eq!((query.addrs, query.addr_room), (a_at, 2));
        // A part of an element at the end does not count.
        assert_eq!((query.pids, query.pid_room), (b_at, 3));
        assert_eq!((query.leftovers, query.leftover_room), (c_at, 3));
        assert_eq!((query.addr_count, query.pid_count, query.id), (0, 0, 0));
        assert_eq!(query.leftover_count, 0);

        // Without memory the fields are zero, so that an older module does not refuse.
        let query: QueryRequest = linked(Command::Query, &mut [&mut a, &mut b, &mut []]);
        assert_eq!((query.leftovers, query.leftover_room), (0, 0));

        let grant: GrantRequest = linked(Command::Grant, &mut [&mut a]);
        assert_eq!((grant.addrs, grant.addr_count, grant.uid), (a_at, 2, 0));
        let told: GrantQuery = linked(Command::Grants, &mut [&mut a]);
        assert_eq!((told.addrs, told.addr_room, told.uid), (a_at, 2, 0));
        let back: GrantRequest = linked(Command::Grant, &mut [&mut []]);
        assert_eq!(back, GrantRequest::default());

        let list: ListRequest = linked(Command::List, &mut [&mut a]);
        assert_eq!((list.ids, list.room), (a_at, 6));
        assert_eq!((list.after, list.count), (0, 0));

        let mut rules = [0; 80];
        let rules_at = rules.as_ptr() as u64;
        let set: SetRulesRequest = linked(Command::SetRules, &mut [&mut rules, &mut []]);
        assert_eq!((set.rules, set.count, set.generation), (rules_at, 2, 0));
        assert_eq!(rules, [0; 80]);

        let rule: RuleQuery = linked(Command::Rule, &mut [&mut b, &mut c[..15]]);
        assert_eq!((rule.path, rule.cgroup), (b_at, c_at));
        assert_eq!((rule.path_room, rule.place), (15, 0));
        assert_eq!((rule.path_len, rule.count), (0, 0));
    }

    /// Rules with control groups whose paths are as long as this.
    fn rules(lens: &[u32]) -> Vec<u8> {
        let mut buf = [0; MAX_STRUCT];
        let rules = lens.iter().map(|&len| RuleEntry {
            uid: Some(7),
            cgroup: (len > 0).then_some(UserText { at: 0, len }),
            ..RuleEntry::default()
        });
        rules
            .flat_map(|rule| rule.encode(&mut buf).to_vec())
            .collect()
    }

    #[test]
    fn texts_of_rules_follow_one_another() {
        let (mut rules, mut texts) = (rules(&[3, 0, 4]), [0; 7]);
        let at = texts.as_ptr() as u64;
        let _: SetRulesRequest = linked(Command::SetRules, &mut [&mut rules, &mut texts]);
        let groups = rules.chunks(RULE_SIZE).map(RuleEntry::decode);
        let groups: Vec<_> = groups.map(|rule| rule.unwrap().cgroup).collect();
        let text = |at, len| Some(UserText { at, len });
        assert_eq!(groups, [text(at, 3), None, text(at + 3, 4)]);
    }

    #[test]
    fn the_wrong_number_of_slices_or_length_is_refused() {
        let mut buf = [0; MAX_STRUCT];
        let mut slice = [0; 24];
        let refused = Err(Errno::FAULT);
        assert_eq!(link(Command::Assign, &mut buf[..80], &mut []), refused);
        assert_eq!(
            link(Command::Release, &mut buf[..24], &mut [&mut slice]),
            refused
        );
        assert_eq!(
            link(Command::Assign, &mut buf[..79], &mut [&mut slice]),
            refused
        );
        let set = |buf: &mut [u8], memory: &mut [&mut [u8]]| {
            link(Command::SetRules, &mut buf[..SetRulesRequest::SIZE], memory)
        };
        assert_eq!(set(&mut buf, &mut [&mut []]), refused);
        for len in [0, 23, 25, u32::MAX] {
            let memory: &mut [&mut [u8]] = &mut [&mut rules(&[len]), &mut slice];
            assert_eq!(set(&mut buf, memory), refused);
        }
        let (query, short) = (&mut buf[..RuleQuery::SIZE], &mut [0; 23]);
        assert_eq!(
            link(Command::Rule, query, &mut [&mut slice, short]),
            refused
        );
    }
}
