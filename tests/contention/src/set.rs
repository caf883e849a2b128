// SPDX-License-Identifier: GPL-2.0

//! The addresses of an association: `struct acf_set`, which the gate searches
//! (`acf_find_v4()` in `security/addrconf/known.h`). A set does not change; an update puts
//! another one in its place.

use std::sync::atomic::Ordering::Relaxed;

use addrconf_policy::{merge, Range};

use crate::meter::{Access, Meter};
use crate::word::Word;

/// IPv4 addresses.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Set<M> {
    /// `v4_count`, in the line of `struct acf_set`.
    count: Word<M>,
    v4: Vec<Range<u32>>,
}

impl<M: Meter> Set<M> {
    /// A set of these addresses.
    pub fn new(addrs: impl IntoIterator<Item = u32>) -> Self {
        let mut v4: Vec<_> = addrs.into_iter().map(|a| Range::new(a, a)).collect();
        let kept = merge(&mut v4);
        v4.truncate(kept);
        Self {
            count: Word::new(v4.len()),
            v4,
        }
    }

    /// Whether it has an address.
    #[inline]
    pub fn has(&self, addr: u32) -> bool {
        let count = self.count.load(Relaxed);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.range(middle).last() < addr {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low < count && self.range(low).first() <= addr
    }

    fn range(&self, number: usize) -> &Range<u32> {
        let range = &self.v4[number];
        M::note(Access::Read, std::ptr::from_ref(range).addr());
        range
    }

    pub(crate) fn ranges(&self) -> &[Range<u32>] {
        &self.v4
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use addrconf_policy::SetView;

    use super::*;
    use crate::meter::Quiet;

    #[test]
    fn the_gate_and_the_policy_find_the_same_addresses() {
        for count in [0, 1, 2, 7, 1024] {
            // Some of them touch, so ranges are merged.
            let set = Set::<Quiet>::new((0..count).map(|n| 1000 + n + n / 3));
            let view = SetView::new(set.ranges(), &[], None, None);
            for addr in 990..1000 + 2 * count {
                let policy = view.contains(IpAddr::V4(Ipv4Addr::from_bits(addr)));
                assert_eq!(set.has(addr), policy, "{addr} of {count}");
            }
        }
    }
}
