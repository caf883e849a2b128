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
}

/// The pointers in the structure of `command`, as documented in its type in
/// the ABI crate.
pub const fn pointers(command: Command) -> &'static [Pointer] {
    match command {
        Command::Version | Command::Release | Command::Undefine | Command::Find | Command::Join => {
            &[]
        }
        Command::Define => &[Pointer::DEFINED],
        Command::Assign | Command::Update => &[Pointer::ADDRS],
        Command::Query => &[Pointer::ADDRS, Pointer::PIDS, Pointer::LEFTOVERS],
        Command::List => &[Pointer::IDS],
    }
}

/// Points the pointers in `arg` to `memory`, and sets their counts to the number of
/// whole elements there. Where a slice is empty both are zero, so that a module that
/// does not know the field accepts the structure.
///
/// # Errors
///
/// `EFAULT` when there is not exactly one slice for each pointer, or `arg` is
/// not as long as the structure.
pub fn link(command: Command, arg: &mut [u8], memory: &mut [&mut [u8]]) -> Result<(), Errno> {
    let pointers = pointers(command);
    if memory.len() != pointers.len() || arg.len() != addrconf_abi::size_of_arg(command.number()) {
        return Err(Errno::FAULT);
    }
    for (pointer, slice) in pointers.iter().zip(memory) {
        let address = match slice.is_empty() {
            true => 0,
            false => slice.as_mut_ptr().expose_provenance() as u64,
        };
        let count = u32::try_from(slice.len() / pointer.element).map_err(|_| Errno::FAULT)?;
        arg[pointer.at..][..8].copy_from_slice(&address.to_ne_bytes());
        arg[pointer.count_at..][..4].copy_from_slice(&count.to_ne_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use addrconf_abi::{
        AssignRequest, ListRequest, QueryRequest, Target, UpdateRequest, Wire, MAX_STRUCT,
    };

    /// Links `memory` into zeroes, after the mandatory fields, and decodes.
    fn linked<T: Wire>(command: Command, memory: &mut [&mut [u8]]) -> T {
        let mut arg = vec![0; T::SIZE];
        if command != Command::List {
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

        let list: ListRequest = linked(Command::List, &mut [&mut a]);
        assert_eq!((list.ids, list.room), (a_at, 6));
        assert_eq!((list.after, list.count), (0, 0));
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
    }
}
