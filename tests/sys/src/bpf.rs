// SPDX-License-Identifier: GPL-2.0

//! `bpf(2)`: programs made of hand-written instructions, maps and links.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::check;

/// Room for every version of union bpf_attr. Unused bytes stay zero.
const ATTR_ROOM: usize = 144;

// enum bpf_cmd
const MAP_CREATE: libc::c_long = 0;
const MAP_UPDATE_ELEM: libc::c_long = 2;
const PROG_LOAD: libc::c_long = 5;
const PROG_ATTACH: libc::c_long = 8;
const LINK_CREATE: libc::c_long = 28;

/// One instruction. Loading the address of a map takes two.
pub type Insn = u64;

/// An instruction, from its opcode, registers, offset and constant.
pub const fn insn(code: u8, dst: u8, src: u8, offset: i16, constant: i32) -> Insn {
    let offset = offset as u16 as u64;
    let constant = constant as u32 as u64;
    code as u64 | (dst as u64) << 8 | (src as u64) << 12 | offset << 16 | constant << 32
}

/// `dst = constant`
pub const fn set(dst: u8, constant: i32) -> Insn {
    insn(0xb7, dst, 0, 0, constant)
}

/// `dst = src`
pub const fn copy(dst: u8, src: u8) -> Insn {
    insn(0xbf, dst, src, 0, 0)
}

/// `dst += constant`
pub const fn add(dst: u8, constant: i32) -> Insn {
    insn(0x07, dst, 0, 0, constant)
}

/// `dst = *(u32 *)(src + offset)`
pub const fn load(dst: u8, src: u8, offset: i16) -> Insn {
    insn(0x61, dst, src, offset, 0)
}

/// `*(u32 *)(dst + offset) = src`
pub const fn store(dst: u8, offset: i16, src: u8) -> Insn {
    insn(0x63, dst, src, offset, 0)
}

/// `*(u32 *)(dst + offset) = constant`
pub const fn store_constant(dst: u8, offset: i16, constant: i32) -> Insn {
    insn(0x62, dst, 0, offset, constant)
}

/// Skips `count` instructions if `dst` is `constant`.
pub const fn skip_if(dst: u8, constant: i32, count: i16) -> Insn {
    insn(0x15, dst, 0, count, constant)
}

/// Skips `count` instructions if `dst` is not `constant`.
pub const fn skip_unless(dst: u8, constant: i32, count: i16) -> Insn {
    insn(0x55, dst, 0, count, constant)
}

/// Calls the helper with this number in `include/uapi/linux/bpf.h`.
pub const fn call(helper: i32) -> Insn {
    insn(0x85, 0, 0, 0, helper)
}

/// Ends the program.
pub const EXIT: Insn = insn(0x95, 0, 0, 0, 0);

/// `dst =` the address of a map, in two instructions.
pub fn map_address(dst: u8, map: BorrowedFd<'_>) -> [Insn; 2] {
    [insn(0x18, dst, 1, 0, map.as_raw_fd()), 0]
}

/// A union bpf_attr with these fields, each an offset and bytes.
fn attr(fields: &[(usize, &[u8])]) -> [u8; ATTR_ROOM] {
    let mut attr = [0; ATTR_ROOM];
    for (offset, bytes) in fields {
        attr[*offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    attr
}

/// Calls `bpf()`. Every address in `attr` must point to memory that suits `command`.
fn bpf(command: libc::c_long, attr: &mut [u8; ATTR_ROOM]) -> io::Result<libc::c_long> {
    // SAFETY: the type of `attr` guarantees its size. Every caller in this file
    // guarantees that the addresses in it point to memory that lives through the call.
    check(unsafe { libc::syscall(libc::SYS_bpf, command, attr.as_mut_ptr(), ATTR_ROOM) })
}

fn owned(fd: libc::c_long) -> OwnedFd {
    // SAFETY: every caller passes the result of a command for which the kernel made a
    // new descriptor, so nothing owns it yet.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

fn descriptor(fd: BorrowedFd<'_>) -> [u8; 4] {
    fd.as_raw_fd().to_ne_bytes()
}

/// Loads a program of a type, to be attached where `attach` says. Prints the log of the
/// verifier to standard error if it rejects the program.
pub fn program(kind: u32, attach: u32, code: &[Insn]) -> io::Result<OwnedFd> {
    const LOG_ROOM: usize = 64 * 1024;
    let mut log = vec![0_u8; LOG_ROOM];
    let mut attr = attr(&[
        (0, &kind.to_ne_bytes()),
        (4, &(code.len() as u32).to_ne_bytes()),
        (8, &(code.as_ptr() as u64).to_ne_bytes()),
        (16, &(c"GPL".as_ptr() as u64).to_ne_bytes()),
        (24, &1_u32.to_ne_bytes()),
        (28, &(LOG_ROOM as u32).to_ne_bytes()),
        (32, &(log.as_mut_ptr() as u64).to_ne_bytes()),
        (68, &attach.to_ne_bytes()),
    ]);
    let loaded = bpf(PROG_LOAD, &mut attr);
    if loaded.is_err() {
        let end = log.iter().position(|&b| b == 0).unwrap_or(0);
        eprint!("{}", String::from_utf8_lossy(&log[..end]));
    }
    loaded.map(owned)
}

/// Makes a map with keys of four bytes.
pub fn map(kind: u32, value_size: u32, entries: u32) -> io::Result<OwnedFd> {
    let mut attr = attr(&[
        (0, &kind.to_ne_bytes()),
        (4, &4_u32.to_ne_bytes()),
        (8, &value_size.to_ne_bytes()),
        (12, &entries.to_ne_bytes()),
    ]);
    bpf(MAP_CREATE, &mut attr).map(owned)
}

/// Puts a socket into a map whose values have eight bytes.
pub fn put_socket(map: BorrowedFd<'_>, key: u32, sock: BorrowedFd<'_>) -> io::Result<()> {
    let value = sock.as_raw_fd() as u64;
    let mut attr = attr(&[
        (0, &descriptor(map)),
        (8, &(std::ptr::addr_of!(key) as u64).to_ne_bytes()),
        (16, &(std::ptr::addr_of!(value) as u64).to_ne_bytes()),
    ]);
    bpf(MAP_UPDATE_ELEM, &mut attr).map(drop)
}

/// Attaches a program to a map of sockets, for the lifetime of the map.
pub fn attach(program: BorrowedFd<'_>, map: BorrowedFd<'_>, attach: u32) -> io::Result<()> {
    let mut attr = attr(&[
        (0, &descriptor(map)),
        (4, &descriptor(program)),
        (8, &attach.to_ne_bytes()),
    ]);
    bpf(PROG_ATTACH, &mut attr).map(drop)
}

/// Attaches a program to a control group or network namespace, for the lifetime of the
/// descriptor that it returns.
pub fn link(program: BorrowedFd<'_>, to: BorrowedFd<'_>, attach: u32) -> io::Result<OwnedFd> {
    let mut attr = attr(&[
        (0, &descriptor(program)),
        (4, &descriptor(to)),
        (8, &attach.to_ne_bytes()),
    ]);
    bpf(LINK_CREATE, &mut attr).map(owned)
}

/// Calls any command with an attribute of zeros, in which every pointer is null.
pub fn with_zeroes(command: i32) -> io::Result<i32> {
    bpf(command.into(), &mut [0; ATTR_ROOM]).map(|ret| ret as i32)
}
