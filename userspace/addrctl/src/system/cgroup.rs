// SPDX-License-Identifier: GPL-2.0

//! Control groups of version 2: directories, which may be named before they are there.

use std::fs;
use std::io;
use std::iter;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Where the control groups are.
pub const ROOT: &str = "/sys/fs/cgroup";

/// Where those of version 2 are if the machine has hierarchies of version 1 beside them.
const UNIFIED: &str = "/sys/fs/cgroup/unified";

/// The type of their file system (`CGROUP2_SUPER_MAGIC`, `include/uapi/linux/magic.h`).
const CGROUP2_SUPER_MAGIC: i64 = 0x6367_7270;

/// The inode number of the root of the hierarchy. A container sees another group as its root.
const ROOT_INODE: u64 = 1;

/// What `/proc/PID/ns/cgroup` links to in the initial cgroup namespace (`CGROUP_NS_INIT_INO`,
/// `include/uapi/linux/nsfs.h`).
const INITIAL_NAMESPACE: &str = "cgroup:[4026531835]";

/// A control group that somebody named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    /// Its path as in `/proc/PID/cgroup`: it begins with a slash, and `/` is the root.
    pub path: PathBuf,
    /// Whether it is there now.
    pub is_there: bool,
}

/// The directory that `path` means: one at or below [`ROOT`], or else one below `root`, as
/// `/proc/PID/cgroup` writes it.
pub fn directory(root: &Path, path: &Path) -> PathBuf {
    if path.starts_with(ROOT) {
        return path.to_owned();
    }
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The path as in `/proc/PID/cgroup` of the directory `below` the root.
pub fn path_of(below: &Path) -> PathBuf {
    iter::once(Component::RootDir)
        .chain(below.components())
        .collect()
}

/// Finds a control group by what a person wrote. It need not be there, unless `..` is in the path.
///
/// # Errors
///
/// `ENOTDIR`: it is no directory; `EOPNOTSUPP`: it is no control group of version 2; else those
/// of open(2).
pub(super) fn find(path: &Path) -> Result<Cgroup, Errno> {
    let root = root();
    let dir = directory(&root, path);
    let leads_back = dir.components().any(|part| part == Component::ParentDir);
    let real = fs::canonicalize(&dir).map_err(errno);
    let (dir, is_there) = match real.and_then(|dir| inode(&dir).map(|_| dir)) {
        Ok(dir) => (dir, true),
        Err(Errno::NOENT | Errno::NODEV) if !leads_back => {
            inode(&root)?;
            (dir, false)
        }
        Err(cause) => return Err(cause),
    };
    let below = dir.strip_prefix(&root).map_err(|_| Errno::OPNOTSUPP)?;
    Ok(Cgroup {
        path: path_of(below),
        is_there,
    })
}

/// The unit of systemd that a process is in, of its `/proc/PID/cgroup`: the innermost group with
/// such a name.
pub(super) fn unit(text: &str) -> Option<String> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    let is_unit = |name: &&str| {
        let end = name.rsplit_once('.').map(|(_, end)| end);
        end.is_some_and(|end| ["service", "scope", "socket", "slice"].contains(&end))
    };
    path.rsplit('/').find(is_unit).map(str::to_owned)
}

/// Whether control groups have the paths here that the kernel tells: not so in a container.
pub(super) fn paths_are_real() -> bool {
    let namespace = fs::read_link("/proc/self/ns/cgroup");
    let in_initial = namespace.map_or(true, |name| name == Path::new(INITIAL_NAMESPACE));
    in_initial && inode(&root()).map_or(true, |number| number == ROOT_INODE)
}

/// The paths of the control group with this path and of all below it, as far as they can be read.
pub(super) fn tree(path: &Path) -> Vec<PathBuf> {
    let root = root();
    let top = find(path).ok().filter(|found| found.is_there);
    let mut found: Vec<_> = top.into_iter().map(|top| top.path).collect();
    let mut next = 0;
    while let Some(above) = found.get(next).cloned() {
        let entries = fs::read_dir(directory(&root, &above));
        let entries = entries.into_iter().flatten().flatten();
        let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        found.extend(dirs.map(|dir| above.join(dir.file_name())));
        next += 1;
    }
    found
}

/// The processes in the control group with this path; 0 for one of another pid namespace.
///
/// # Errors
///
/// `EOPNOTSUPP` for a threaded one, those of open(2) and read(2).
pub(super) fn processes(path: &Path) -> Result<Vec<i32>, Errno> {
    let file = directory(&root(), path).join("cgroup.procs");
    let text = fs::read_to_string(file).map_err(errno)?;
    let pids = text.lines().filter_map(|line| line.parse().ok());
    Ok(pids.collect())
}

/// The root of the hierarchy of version 2.
fn root() -> PathBuf {
    let unified = Path::new(UNIFIED);
    match inode(Path::new(ROOT)).is_err() && inode(unified).is_ok() {
        true => unified.to_owned(),
        false => ROOT.into(),
    }
}

/// The inode number of a control group. `EOPNOTSUPP` for another directory.
fn inode(dir: &Path) -> Result<u64, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(dir, flags, Mode::empty())?;
    match rustix::fs::fstatfs(&fd)?.f_type as i64 == CGROUP2_SUPER_MAGIC {
        true => Ok(rustix::fs::fstat(&fd)?.st_ino),
        false => Err(Errno::OPNOTSUPP),
    }
}

fn errno(cause: io::Error) -> Errno {
    Errno::from_io_error(&cause).unwrap_or(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_of_the_file_system_or_one_of_proc() {
        let dir = |path: &str| directory(Path::new(ROOT), Path::new(path));
        let nginx = Path::new("/sys/fs/cgroup/system.slice/nginx.service");
        for path in [
            "/sys/fs/cgroup/system.slice/nginx.service",
            "/system.slice/nginx.service",
            "system.slice/nginx.service",
        ] {
            assert_eq!(dir(path), nginx, "{path}");
        }
        assert_eq!(dir("/"), Path::new(ROOT));
        assert_eq!(dir("/sys/fs/cgroup"), Path::new(ROOT));
        // A name that begins alike is another one.
        assert_eq!(
            dir("/sys/fs/cgroup2"),
            Path::new("/sys/fs/cgroup/sys/fs/cgroup2")
        );
        let unified = directory(Path::new(UNIFIED), Path::new("a"));
        assert_eq!(unified, Path::new("/sys/fs/cgroup/unified/a"));
    }

    #[test]
    fn a_path_begins_with_a_slash_and_has_no_other_at_its_end() {
        for (below, path) in [
            ("", "/"),
            ("a.slice/", "/a.slice"),
            ("./a.slice//b.service/.", "/a.slice/b.service"),
        ] {
            let dir = directory(Path::new(ROOT), Path::new(below));
            let found = path_of(dir.strip_prefix(ROOT).unwrap());
            assert_eq!(found.to_str(), Some(path));
        }
    }

    #[test]
    fn what_is_no_control_group_is_told_apart() {
        assert_eq!(inode(Path::new("/proc")), Err(Errno::OPNOTSUPP));
        assert_eq!(inode(Path::new("/proc/self/stat")), Err(Errno::NOTDIR));
        assert_eq!(inode(Path::new("/nonexistent")), Err(Errno::NOENT));
        assert!(find(Path::new("/sys/fs/cgroup/../../../proc")).is_err());
        assert!(find(Path::new("/sys/fs/cgroup/nonexistent/../nowhere")).is_err());
    }

    #[test]
    fn the_innermost_unit_counts() {
        let unit = |text: &str| super::unit(text);
        let nginx = "1:name=x:/\n0::/shop.slice/nginx.service/worker\n";
        assert_eq!(unit(nginx).as_deref(), Some("nginx.service"));
        for other in ["0::/\n", "1:cpu:/a.service\n", ""] {
            assert_eq!(unit(other), None);
        }
    }

    #[test]
    fn the_tree_of_the_machine_begins_with_its_root() {
        // Not every machine that runs this test has control groups of version 2.
        if let Ok(root) = find(Path::new("/")) {
            assert_eq!((root.path.to_str(), root.is_there), (Some("/"), true));
            let tree = tree(Path::new("/"));
            assert_eq!(tree.first(), Some(&root.path));
            assert!(processes(&root.path).is_ok());
            let absent = find(Path::new("sys/none.slice/")).unwrap();
            assert_eq!(absent.path, Path::new("/sys/none.slice"));
            assert!(!absent.is_there);
            let other = tree.get(1).and_then(|path| find(path).ok());
            assert!(other.is_none_or(|found| found.path == tree[1]));
        }
    }
}
