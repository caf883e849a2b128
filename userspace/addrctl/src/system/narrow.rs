// SPDX-License-Identifier: GPL-2.0

//! Narrowing the association of the calling process: `lsm_set_self_attr(2)`.

use addrconf_abi::{LSM_ATTR_CURRENT, LSM_ID_ADDRCONF};
use rustix::io::Errno;

/// The number of `lsm_set_self_attr(2)`. Recent system calls have the same distance
/// from each other on every architecture (`scripts/syscall.tbl`: 434 and 460).
const SYS_LSM_SET_SELF_ATTR: libc::c_long = libc::SYS_pidfd_open + (460 - 434);

/// Bytes of `struct lsm_ctx` before `ctx` (`include/uapi/linux/lsm.h`).
const LSM_CTX: usize = 32;

/// Narrows the association of this process to what `context` says.
pub fn narrow(context: &[u8]) -> Result<(), Errno> {
    let arg = lsm_ctx(context);
    let size = u32::try_from(arg.len()).map_err(|_| Errno::TOOBIG)?;
    // SAFETY: the kernel reads `size` bytes at the pointer, which are all of `arg`, and
    // writes nothing. `arg` outlives the call.
    let answer = unsafe {
        libc::syscall(
            SYS_LSM_SET_SELF_ATTR,
            libc::c_ulong::from(LSM_ATTR_CURRENT),
            arg.as_ptr(),
            libc::c_ulong::from(size),
            0 as libc::c_ulong,
        )
    };
    if answer == 0 {
        return Ok(());
    }
    // `syscall` has just set errno.
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}

/// `struct lsm_ctx`: u64 id, flags, len of the whole, `ctx_len`, then `ctx`.
fn lsm_ctx(context: &[u8]) -> Vec<u8> {
    let ctx_len = context.len() as u64;
    let len = LSM_CTX as u64 + ctx_len;
    let mut bytes = [LSM_ID_ADDRCONF, 0, len, ctx_len]
        .map(u64::to_ne_bytes)
        .concat();
    bytes.extend_from_slice(context);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_stands_behind_the_header_of_lsm_ctx() {
        let bytes = lsm_ctx(&[7; 64]);
        let field = |at: usize| u64::from_ne_bytes(bytes[at..][..8].try_into().unwrap());
        assert_eq!([field(0), field(8), field(16), field(24)], [114, 0, 96, 64]);
        assert_eq!(bytes[LSM_CTX..], [7; 64]);
        assert_eq!(bytes.len(), 96);
    }

    #[test]
    fn more_than_a_page_or_nothing_at_all_is_refused() {
        // Every kernel refuses these: the call, the LSM or an association of the test is
        // missing, or the context is malformed.
        assert!(narrow(&[]).is_err());
        assert!(narrow(&[0; 70_000]).is_err());
    }
}
