// SPDX-License-Identifier: GPL-2.0

//! The processes that hold sockets, as `/proc` tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The processes that hold these sockets.
pub fn holders(inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<i32>> {
    let mut holders = BTreeMap::<_, BTreeSet<_>>::new();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        for file in files.into_iter().flatten().flatten() {
            let link = fs::read_link(file.path()).ok();
            let inode = link.and_then(|link| inode(link.to_str()?));
            if let Some(inode) = inode.filter(|inode| inodes.contains(inode)) {
                holders.entry(inode).or_default().insert(pid);
            }
        }
    }
    holders
}

/// The inode number of a socket, of a link in `/proc/PID/fd`.
fn inode(link: &str) -> Option<u64> {
    let number = link.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_socket() {
        assert_eq!(inode("socket:[20817]"), Some(20817));
        for other in ["pipe:[20817]", "/dev/null", "socket:[]"] {
            assert_eq!(inode(other), None);
        }
    }
}
