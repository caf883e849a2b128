// SPDX-License-Identifier: GPL-2.0

//! An index from addresses to numbers (keys), read under RCU. The same key may have a prefix
//! more than once.
//!
//! C file: `src/sys/c/index.c`

use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::ptr::NonNull;

use kernel::prelude::*;
use kernel::sync::{rcu, Arc};

use super::raw;

/// How many keys [`Index::each`] looks up at once.
const CHUNK: usize = 16;

/// An index.
///
/// # Invariants
///
/// The pointer is that of an index that `new` made and that is not destroyed.
pub(crate) struct Index(NonNull<raw::acf_index>);

// SAFETY: The kernel lets any thread destroy an index.
unsafe impl Send for Index {}
// SAFETY: The C file locks an index itself, and readers use RCU.
unsafe impl Sync for Index {}

/// The bytes of an address, IPv4-mapped if it is IPv4, and how many bits are before those of the
/// IPv4 address.
fn mapped(addr: IpAddr) -> ([u8; 16], u8) {
    match addr.to_canonical() {
        IpAddr::V4(a) => (a.to_ipv6_mapped().octets(), 96),
        IpAddr::V6(a) => (a.octets(), 0),
    }
}

impl Index {
    /// An empty index. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The caller may sleep.
        let index = unsafe { raw::acf_helper_index_new() };
        // INVARIANT: Made above; only `drop` destroys it.
        NonNull::new(index).map(Self).ok_or(ENOMEM)
    }

    /// Looks up the keys that have `addr`, those that `room` is for. Context: any but hard
    /// interrupts, never sleeps.
    pub(crate) fn find(&self, addr: IpAddr, room: &mut Room<'_>) {
        let to = mapped(addr).0;
        let free = &mut room.keys[room.filled..];
        let len = u32::try_from(free.len()).unwrap_or(u32::MAX);
        // SAFETY: By the type invariants the index is there. `to` has sixteen bytes, and `free` has
        // room for `len` keys, which nobody else uses.
        let found = unsafe {
            raw::acf_helper_index_find(
                self.0.as_ptr(),
                to.as_ptr(),
                free.as_mut_ptr().cast(),
                len,
                room.skip,
            )
        };
        // INVARIANT: The helper initialised that many, from the first on.
        room.filled += found as usize;
    }

    /// Calls `visit` with each key that has `addr`, with some more than once, until it fails. It
    /// must not sleep. Context: any but hard interrupts.
    pub(crate) fn each<E>(
        &self,
        addr: IpAddr,
        mut visit: impl FnMut(u32) -> core::result::Result<(), E>,
    ) -> core::result::Result<(), E> {
        let mut keys = [MaybeUninit::uninit(); CHUNK];
        let mut skip = 0;
        // One section, or keys could be missed between two look-ups.
        let _guard = rcu::read_lock();
        loop {
            let mut room = Room::new(&mut keys, skip);
            self.find(addr, &mut room);
            let found = room.found();
            found.iter().try_for_each(|&key| visit(key))?;
            if found.len() < CHUNK {
                return Ok(());
            }
            skip += CHUNK as u32;
        }
    }
}

impl Drop for Index {
    /// Context: process, may sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants the index is there, and it is not used again. Entries
        // refer to it, so none is left.
        unsafe { raw::acf_helper_index_destroy(self.0.as_ptr()) };
    }
}

/// Where a look-up puts keys: those after the first `skip`.
///
/// # Invariants
///
/// The first `filled` of `keys` are initialised.
pub(crate) struct Room<'a> {
    keys: &'a mut [MaybeUninit<u32>],
    filled: usize,
    skip: u32,
}

impl<'a> Room<'a> {
    /// Room for as many keys, after the first `skip`, as `keys` has elements.
    pub(crate) fn new(keys: &'a mut [MaybeUninit<u32>], skip: u32) -> Self {
        // INVARIANT: None is initialised.
        Self {
            keys,
            filled: 0,
            skip,
        }
    }

    /// Stores a key that is the only one.
    pub(crate) fn only(&mut self, key: u32) {
        if self.skip == 0 && self.filled == 0 {
            if let Some(first) = self.keys.first_mut() {
                first.write(key);
                // INVARIANT: The first is initialised.
                self.filled = 1;
            }
        }
    }

    /// What was stored.
    pub(crate) fn found(&self) -> &[u32] {
        // SAFETY: By the type invariants these are initialised. `MaybeUninit<u32>` has the layout
        // of `u32`.
        unsafe { core::slice::from_raw_parts(self.keys.as_ptr().cast(), self.filled) }
    }
}

/// Entries of an index, which are there as long as this lives.
///
/// # Invariants
///
/// Each pointer is that of an entry of `index`, which this alone removes.
pub(crate) struct Entries {
    index: Arc<Index>,
    entries: KVec<NonNull<raw::acf_index_entry>>,
}

// SAFETY: Any thread may remove an entry, and this is the only one to do so.
unsafe impl Send for Entries {}
// SAFETY: Nothing can be done with a shared reference.
unsafe impl Sync for Entries {}

impl Entries {
    /// No entries yet, but memory to remember `room` of them. `ENOMEM`.
    /// Context: process, may sleep.
    pub(crate) fn new(index: Arc<Index>, room: usize) -> Result<Self> {
        let entries = KVec::with_capacity(room, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: There is none.
        Ok(Self { index, entries })
    }

    /// Adds `key` for the addresses that have the first `len` bits of `addr`; the other bits are
    /// zero. `ENOMEM`. Context: process, may sleep.
    pub(crate) fn add(&mut self, addr: IpAddr, len: u8, key: u32) -> Result {
        self.entries.reserve(1, GFP_KERNEL_ACCOUNT)?;
        let (bytes, before) = mapped(addr);
        let index = self.index.0.as_ptr();
        // SAFETY: By the type invariants of `Index` it is there. `bytes` has sixteen bytes.
        let entry =
            unsafe { raw::acf_helper_index_insert(index, bytes.as_ptr(), before + len, key) };
        let entry = NonNull::new(entry).ok_or(ENOMEM)?;
        // INVARIANT: It was inserted above. There is room for it.
        let _ = self.entries.push_within_capacity(entry);
        Ok(())
    }
}

impl Drop for Entries {
    /// Context: any but hard interrupts, never sleeps.
    fn drop(&mut self) {
        for entry in &self.entries {
            // SAFETY: By the type invariants the entry is in `index`, which is there, and nothing
            // else removes it.
            unsafe { raw::acf_helper_index_remove(self.index.0.as_ptr(), entry.as_ptr()) };
        }
    }
}
