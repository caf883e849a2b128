// SPDX-License-Identifier: GPL-2.0

//! A file whose content arrives when a test says so. The kernel reads it from a process
//! of the test with 9P2000.L (`include/net/9p/9p.h`), the simplest of the protocols for
//! files that other programs provide.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::{env, mem, process, thread};

use crate::child::{Channel, Child};
use crate::sys::memory::Mapped;
use crate::sys::mount::{mount, unmount};
use crate::sys::watch::poll_many;

/// Bytes in the file: a page.
const SIZE: u32 = 4096;

// Types of requests. The type of the reply is one more.
const ERROR: u8 = 6;
const OPEN: u8 = 12;
const ATTRIBUTES: u8 = 24;
const VERSION: u8 = 100;
const ATTACH: u8 = 104;
const FLUSH: u8 = 108;
const WALK: u8 = 110;
const READ: u8 = 116;
const CLUNK: u8 = 120;

/// The file, in a file system of its own. Both are removed when this is dropped.
#[derive(Debug)]
pub struct SlowFile {
    directory: PathBuf,
    asked: Channel,
    go: Channel,
    _server: Child,
}

impl SlowFile {
    /// Mounts a file system with the file.
    pub fn new() -> Self {
        let (asked, go) = (Channel::new(), Channel::new());
        let (ours, theirs) = UnixStream::pair().expect("socketpair");
        let server = Child::spawn(|| Server::new(&ours, &asked).run(&go).expect("9P"));
        let directory = env::temp_dir().join(format!("slow-{}", process::id()));
        fs::create_dir(&directory).expect("a directory");
        let fd = theirs.as_raw_fd();
        let options = format!("trans=fd,rfdno={fd},wfdno={fd},version=9p2000.L,access=any");
        let options = CString::new(options).expect("no NUL");
        mount(c"9p", &c_path(&directory), &options).expect("mount");
        Self {
            directory,
            asked,
            go,
            _server: server,
        }
    }

    /// Maps the file into memory.
    pub fn map(&self) -> Mapped {
        let file = File::open(self.directory.join("file")).expect("open");
        Mapped::of(file.as_fd(), SIZE as usize).expect("mmap")
    }

    /// Waits until the kernel asks for the content.
    pub fn await_question(&self) {
        self.asked.await_line();
    }

    /// Lets the content arrive, from now on.
    pub fn answer(&self) {
        self.go.send("");
    }
}

impl Drop for SlowFile {
    fn drop(&mut self) {
        // Otherwise a process could wait for the content without end.
        self.answer();
        let unmounted = unmount(&c_path(&self.directory));
        let gone = unmounted.and_then(|()| fs::remove_dir(&self.directory));
        if !thread::panicking() {
            gone.expect("unmount");
        }
    }
}

fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().expect("text")).expect("no NUL")
}

/// The server that provides the file. Every name in its only directory is that of the
/// file.
struct Server<'a> {
    kernel: &'a UnixStream,
    asked: &'a Channel,
    /// Fids of the kernel that refer to the file. All others refer to the directory.
    files: HashSet<u32>,
    /// Tags of reads that wait for the content.
    waiting: Vec<u16>,
}

impl<'a> Server<'a> {
    fn new(kernel: &'a UnixStream, asked: &'a Channel) -> Self {
        Self {
            kernel,
            asked,
            files: HashSet::new(),
            waiting: Vec::new(),
        }
    }

    /// Answers requests until killed. Holds reads back until a line is in `go`.
    fn run(mut self, go: &Channel) -> io::Result<()> {
        let kernel = self.kernel.as_fd();
        while !poll_many(&[kernel, go.reader()], -1)?[1] {
            self.answer_one()?;
        }
        loop {
            for tag in mem::take(&mut self.waiting) {
                self.send_content(tag)?;
            }
            self.answer_one()?;
        }
    }

    /// Answers a request. It consists of its length, type and tag, and a body.
    fn answer_one(&mut self) -> io::Result<()> {
        let mut kernel = self.kernel;
        let mut header = [0; 7];
        kernel.read_exact(&mut header)?;
        let mut body = vec![0; number(&header) as usize - header.len()];
        kernel.read_exact(&mut body)?;
        let (kind, tag) = (header[4], u16::from_le_bytes([header[5], header[6]]));
        let answer = match kind {
            // The kernel's size of messages and version are accepted unchanged.
            VERSION => body,
            ATTACH => self.identity(number(&body)).to_vec(),
            WALK => self.walk(number(&body), number(&body[4..]), body[8]),
            ATTRIBUTES => self.attributes(number(&body)),
            OPEN => [&self.identity(number(&body))[..], &[0; 4]].concat(),
            READ => {
                self.waiting.push(tag);
                self.asked.send("");
                return Ok(());
            }
            FLUSH => {
                let given_up = u16::from_le_bytes([body[0], body[1]]);
                self.waiting.retain(|tag| *tag != given_up);
                Vec::new()
            }
            CLUNK => {
                self.files.remove(&number(&body));
                Vec::new()
            }
            _ => return self.send(ERROR, tag, &libc::EOPNOTSUPP.to_le_bytes()),
        };
        self.send(kind, tag, &answer)
    }

    fn send(&self, kind: u8, tag: u16, body: &[u8]) -> io::Result<()> {
        let len = 7 + body.len() as u32;
        let header = [&len.to_le_bytes()[..], &[kind + 1], &tag.to_le_bytes()].concat();
        let mut kernel = self.kernel;
        kernel.write_all(&[&header, body].concat())
    }

    fn send_content(&self, tag: u16) -> io::Result<()> {
        let content = [&SIZE.to_le_bytes()[..], &[b'.'; SIZE as usize]].concat();
        self.send(READ, tag, &content)
    }

    /// Makes fid `to` refer to what is `names` levels below fid `from`.
    fn walk(&mut self, from: u32, to: u32, names: u8) -> Vec<u8> {
        if names > 0 || self.files.contains(&from) {
            self.files.insert(to);
        }
        let path = self.identity(to).repeat(names.into());
        [&[names, 0][..], &path].concat()
    }

    /// The qid of a fid: type, version and number of the file.
    fn identity(&self, file: u32) -> [u8; 13] {
        let mut identity = [0; 13];
        if self.files.contains(&file) {
            identity[5] = 1;
        } else {
            // QTDIR, a directory.
            identity[0] = 0x80;
        }
        identity
    }

    fn attributes(&self, file: u32) -> Vec<u8> {
        let (mode, size) = if self.files.contains(&file) {
            (libc::S_IFREG | 0o444, u64::from(SIZE))
        } else {
            (libc::S_IFDIR | 0o555, 0)
        };
        // The mask of basic attributes and the qid; then mode, owner and group.
        let mut bytes = 0x7ff_u64.to_le_bytes().to_vec();
        bytes.extend(self.identity(file));
        bytes.extend([mode, 0, 0].into_iter().flat_map(u32::to_le_bytes));
        // Links, device, size, block size, blocks; then four times, and versions.
        let numbers = [1, 0, size, u64::from(SIZE), 1];
        let numbers = numbers.into_iter().chain([0; 10]);
        bytes.extend(numbers.flat_map(u64::to_le_bytes));
        bytes
    }
}

/// The little-endian number at the beginning of `bytes`.
fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}
