// SPDX-License-Identifier: GPL-2.0

//! How instructions are counted: guest time in nanoseconds, one for each under QEMU's
//! `-icount shift=0`.

/// The smallest of several results.
pub fn least(times: u32, mut measure: impl FnMut() -> u64) -> u64 {
    (0..times).map(|_| measure()).min().unwrap_or(0)
}

/// The middle one of several results.
pub fn median(mut results: Vec<u64>) -> u64 {
    results.sort_unstable();
    results.get(results.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_the_least_the_smallest() {
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![]), 0);
        let mut results = [7, 3, 5].into_iter();
        assert_eq!(least(3, || results.next().unwrap()), 3);
    }
}
