// SPDX-License-Identifier: GPL-2.0

//! A file whose content comes when a test says so. The kernel asks a process of
//! the test's for it by 9P2000.L (`include/net/9p/9p.h`), the plainest of the
//! protocols by which it has others provide files.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::{env, mem, process, thread};

use crate::child::{Channel, Child};
use crate::sys::file::{mount, unmount, Mapped};
use crate::sys::process::poll_many;

/// Bytes in the file: a page.
const SIZE: u32 = 4096;

// Kinds of questions. The number of an answer is one more.
const ERROR: u8 = 6;
const OPEN: u8 = 12;
const ATTRIBUTES: u8 = 24;
const VERSION: u8 = 100;
const ATTACH: u8 = 104;
const FLUSH: u8 = 108;
const WALK: u8 = 110;
const READ: u8 = 116;
const CLUNK: u8 = 120;

/// The file, in a file system of its own. Both are gone when dropped.
#[derive(Debug)]
pub struct SlowFile {
    directory: PathBuf,
    asked: Channel,
    go: Channel,
    _server: Child,
}

impl SlowFile {
    /// Makes it.
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

    /// Its content as memory.
    pub fn map(&self) -> Mapped {
        let file = File::open(self.directory.join("file")).expect("open");
        Mapped::of(file.as_fd(), SIZE as usize).expect("mmap")
    }

    /// Waits until the kernel asks for its content.
    pub fn await_question(&self) {
        self.asked.await_line();
    }

    /// Has its content come, from now on.
    pub fn answer(&self) {
        self.go.send("");
    }
}

impl Drop for SlowFile {
    fn drop(&mut self) {
        // Nobody is to wait for it for ever.
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

/// The process that has the file. All names in its only directory are the
/// file's.
struct Server<'a> {
    kernel: &'a UnixStream,
    asked: &'a Channel,
    /// Which of the numbers that the kernel gave are the file, not the directory.
    files: HashSet<u32>,
    /// Who waits for its content.
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

    /// Answers until killed. The content comes when `go` says so.
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

    /// Answers a question: its length in all, kind, tag, and what it is about.
    fn answer_one(&mut self) -> io::Result<()> {
        let mut kernel = self.kernel;
        let mut header = [0; 7];
        kernel.read_exact(&mut header)?;
        let mut body = vec![0; number(&header) as usize - header.len()];
        kernel.read_exact(&mut body)?;
        let (kind, tag) = (header[4], u16::from_le_bytes([header[5], header[6]]));
        let answer = match kind {
            // Size of messages and name of the version suit as they are.
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

    /// Gives what is `names` below `from` the number `to`.
    fn walk(&mut self, from: u32, to: u32, names: u8) -> Vec<u8> {
        if names > 0 || self.files.contains(&from) {
            self.files.insert(to);
        }
        let path = self.identity(to).repeat(names.into());
        [&[names, 0][..], &path].concat()
    }

    /// Kind, version and number of a file.
    fn identity(&self, file: u32) -> [u8; 13] {
        let mut identity = [0; 13];
        if self.files.contains(&file) {
            identity[5] = 1;
        } else {
            // A directory.
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
        // The basic ones; then mode, owner and group.
        let mut bytes = 0x7ff_u64.to_le_bytes().to_vec();
        bytes.extend(self.identity(file));
        bytes.extend([mode, 0, 0].into_iter().flat_map(u32::to_le_bytes));
        // Links, device, size, size of a block, blocks; four times, and versions.
        let numbers = [1, 0, size, u64::from(SIZE), 1];
        let numbers = numbers.into_iter().chain([0; 10]);
        bytes.extend(numbers.flat_map(u64::to_le_bytes));
        bytes
    }
}

/// The number that some bytes begin with.
fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}
