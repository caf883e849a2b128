// SPDX-License-Identifier: GPL-2.0

//! Decodes every structure from any bytes. Accepts exactly what the documentation
//! allows; encoding gives the same bytes again; older callers with shorter structures
//! and newer ones with longer structures get the promised results.
//!
//! The oracle reads the documented offsets and does not use `Fields`.

#![no_main]

use std::fmt::Debug;

use addrconf_abi::{
    AddrEntry, AssignRequest, CheckRequest, CountsRequest, DefineRequest, FindRequest, GrantQuery,
    GrantRequest, JoinRequest, LeftoverEntry, ListRequest, NarrowHeader, QueryRequest,
    ReleaseRequest, RuleEntry, RuleQuery, SetRulesRequest, SocketEntry, SocketsRequest,
    TrafficRequest, UndefineRequest, UpdateRequest, VersionReply, WatchRequest, Wire, WireError,
    MAX_STRUCT,
};
use libfuzzer_sys::fuzz_target;

/// A structure as it is documented.
struct Layout {
    size: usize,
    first_version: usize,
    /// Whether the fields are valid. Gets exactly `size` bytes.
    valid: fn(&[u8]) -> bool,
    /// Turns bytes into the form in which the same meaning is encoded.
    normalise: fn(&mut [u8]),
}

fn set_word(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// Normalises a truth value: any value but zero counts as one.
fn truth(bytes: &mut [u8], at: usize) {
    let value = u32::from(word(bytes, at) != 0);
    set_word(bytes, at, value);
}

/// Normalises a query: two words say that an association is exclusive, and one of them has
/// unused bits for the future. The last eight bytes are reserved.
fn query(bytes: &mut [u8]) {
    truth(bytes, 96);
    let flags = word(bytes, 120) & 57 | word(bytes, 96);
    set_word(bytes, 96, flags & 1);
    set_word(bytes, 120, flags);
    bytes[144..152].fill(0);
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn target(bytes: &[u8]) -> bool {
    let value = u64::from_ne_bytes(bytes[8..16].try_into().expect("eight bytes"));
    match word(bytes, 0) {
        1 => value < 1 << 31,
        2 => value != 0 && value < 1 << 31,
        3 => true,
        4 => value == 0,
        _ => false,
    }
}

fn name(bytes: &[u8]) -> bool {
    let text: Vec<u8> = bytes.iter().copied().take_while(|&b| b != 0).collect();
    let plain = |b: &u8| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    text.len() < 32
        && text.iter().all(plain)
        && !text.starts_with(b".")
        && !text.starts_with(b"-")
        && bytes[text.len()..].iter().all(|&b| b == 0)
}

fn entry(bytes: &[u8]) -> bool {
    let family = u16::from_ne_bytes([bytes[0], bytes[1]]);
    bytes[3..8].iter().all(|&b| b == 0)
        && match family {
            2 => bytes[2] <= 32 && bytes[12..24].iter().all(|&b| b == 0),
            10 => bytes[2] <= 128,
            _ => false,
        }
}

/// Normalises the obstacle at an offset: one of an unknown kind is all zeros, and a missing
/// descriptor is -1.
fn obstacle(bytes: &mut [u8], at: usize) {
    if !(1..=12).contains(&word(bytes, at)) {
        bytes[at..at + 12].fill(0);
    } else if word(bytes, at + 8) > i32::MAX as u32 {
        set_word(bytes, at + 8, u32::MAX);
    }
}

/// A network of the host's loopback at an offset, or none: an address, a length, and zeros.
fn host_loopback(bytes: &[u8], at: usize) -> bool {
    let field: [u8; 8] = bytes[at..at + 8].try_into().expect("eight bytes");
    let [a, b, c, d, len, 0, 0, 0] = field else {
        return false;
    };
    // All zeros mean none. A network of fewer bits is not within the loopback.
    if !(8..=32).contains(&len) {
        return field == [0; 8];
    }
    let (first, size) = (
        u64::from(u32::from_be_bytes([a, b, c, d])),
        1_u64 << (32 - len),
    );
    let meets = |from: u64, to: u64| first <= to && from < first + size;
    a == 127
        && first % size == 0
        && !meets(0x7f00_0001, 0x7f00_0001)
        && !meets(0x7f40_0000, 0x7f7f_ffff)
}

/// A rule: each field is zero unless its flag is set, and a descriptor is not negative.
fn rule(bytes: &[u8]) -> bool {
    let flags = word(bytes, 4);
    let fields = [(1, 8..12), (2, 12..16), (4, 16..20), (8, 20..32)];
    flags < 16
        && word(bytes, 8) < 1 << 31
        && fields
            .into_iter()
            .all(|(flag, field)| flags & flag != 0 || bytes[field].iter().all(|&b| b == 0))
}

/// A descriptor at an offset, which is zero unless its flag is set.
fn proof(bytes: &[u8], at: usize) -> bool {
    match word(bytes, 4) & 256 {
        0 => word(bytes, at) == 0,
        _ => word(bytes, at) < 1 << 31,
    }
}

/// Normalises a question: a refusal of an unknown kind is none, and there is a source only with
/// its flag.
fn question(bytes: &mut [u8]) {
    if !(1..=26).contains(&u16::from_ne_bytes([bytes[20], bytes[21]])) {
        bytes[20..22].fill(0);
    }
    let flags = word(bytes, 56) & 1;
    set_word(bytes, 56, flags);
    if flags == 0 {
        bytes[40..56].fill(0);
    }
}

fn check<T: Wire + PartialEq + Debug>(layout: &Layout, bytes: &[u8]) {
    let Layout { size, .. } = *layout;
    let decoded = T::decode(bytes);
    let mut known = bytes.to_vec();
    known.resize(size.max(bytes.len()), 0);
    let expected = if bytes.len() < layout.first_version {
        Err(WireError::TooShort)
    } else if bytes.len() > MAX_STRUCT || known[size..].iter().any(|&b| b != 0) {
        Err(WireError::TooLong)
    } else if !(layout.valid)(&known[..size]) {
        Err(WireError::BadField)
    } else {
        Ok(())
    };
    assert_eq!(decoded.as_ref().map(drop).map_err(|&e| e), expected);
    let Ok(value) = decoded else { return };

    let mut buffer = [0xff; MAX_STRUCT];
    let written = value.encode(&mut buffer).to_vec();
    (layout.normalise)(&mut known);
    assert_eq!(
        written,
        known[..size],
        "encoding gives back what was decoded"
    );
    assert_eq!(T::decode(&written).as_ref(), Ok(&value));
    // A newer caller that uses no new field.
    written_longer(&written, &value);
    // An older caller: fields that it does not send are as zero.
    for len in layout.first_version..size {
        let mut cut = written[..len].to_vec();
        let short = T::decode(&cut);
        cut.resize(size, 0);
        assert_eq!(short, T::decode(&cut), "cut off at {len}");
    }
}

fn written_longer<T: Wire + PartialEq + Debug>(written: &[u8], value: &T) {
    let mut longer = written.to_vec();
    longer.resize(MAX_STRUCT, 0);
    assert_eq!(T::decode(&longer).as_ref(), Ok(value));
    longer.push(0);
    assert_eq!(T::decode(&longer), Err(WireError::TooLong));
}

fuzz_target!(|bytes: &[u8]| {
    let normal = |size, first_version, valid, normalise| Layout {
        size,
        first_version,
        valid,
        normalise,
    };
    let layout = |size, first_version, valid| normal(size, first_version, valid, |_| ());
    check::<AddrEntry>(&layout(24, 24, entry), bytes);
    let assign = |b: &[u8]| {
        target(b)
            && word(b, 4) & !303 == 0
            && proof(b, 28)
            && word(b, 92) == 0
            && name(&b[32..64])
            && word(b, 72) < 3
            && host_loopback(b, 96)
    };
    check::<AssignRequest>(&normal(104, 72, assign, |b| obstacle(b, 80)), bytes);
    let release = |b: &[u8]| target(b) && word(b, 4) < if word(b, 0) < 3 { 1 } else { 2 };
    check::<ReleaseRequest>(&layout(24, 24, release), bytes);
    let asks = |b: &[u8]| {
        let reserved = word(b, 4) | word(b, 108) | word(b, 124) | word(b, 164);
        target(b) && reserved == 0 && name(&b[64..96]) && word(b, 100) < 3 && host_loopback(b, 152)
    };
    check::<QueryRequest>(&normal(168, 96, asks, query), bytes);
    let list = |b: &[u8]| word(b, 20) == 0;
    check::<ListRequest>(&normal(32, 32, list, |b| truth(b, 28)), bytes);
    check::<VersionReply>(&layout(16, 16, |_| true), bytes);
    let update =
        |b: &[u8]| target(b) && matches!(word(b, 4), 0 | 4) && matches!(word(b, 28), 1..=3);
    check::<UpdateRequest>(&layout(40, 40, update), bytes);
    let narrow = |b: &[u8]| word(b, 4) <= 1 && name(&b[8..40]);
    check::<NarrowHeader>(&layout(40, 40, narrow), bytes);
    check::<LeftoverEntry>(&layout(32, 32, entry), bytes);
    let define = |b: &[u8]| {
        word(b, 12) & !41 == 0
            && name(&b[16..48])
            && b[16] != 0
            && word(b, 48) < 3
            && host_loopback(b, 64)
    };
    check::<DefineRequest>(&layout(72, 64, define), bytes);
    check::<UndefineRequest>(&layout(16, 16, |_| true), bytes);
    check::<FindRequest>(&layout(40, 40, |b| name(&b[..32]) && b[0] != 0), bytes);
    let join = |b: &[u8]| target(b) && word(b, 0) < 3 && word(b, 4) & !270 == 0 && proof(b, 36);
    check::<JoinRequest>(&normal(40, 40, join, |b| obstacle(b, 24)), bytes);
    check::<RuleEntry>(&layout(40, 40, rule), bytes);
    check::<SetRulesRequest>(&layout(24, 24, |_| true), bytes);
    check::<RuleQuery>(&layout(80, 80, |b| rule(&b[24..64])), bytes);
    check::<GrantRequest>(&layout(16, 16, |_| true), bytes);
    check::<GrantQuery>(&layout(24, 24, |_| true), bytes);
    check::<WatchRequest>(&layout(16, 16, |b| word(b, 12) < 2), bytes);
    let counts = |b: &[u8]| target(b) && word(b, 4) == 0;
    check::<CountsRequest>(&normal(192, 160, counts, |b| b[120..160].fill(0)), bytes);
    let asked = |b: &[u8]| {
        let operation = matches!(word(b, 4), 1 | 3);
        target(b) && operation && word(b, 16) < 1 << 31 && word(b, 60) == 0
    };
    check::<CheckRequest>(&normal(64, 64, asked, question), bytes);
    check::<SocketsRequest>(&layout(16, 16, |_| true), bytes);
    check::<SocketEntry>(&layout(16, 16, |_| true), bytes);
    let traffic = |b: &[u8]| word(b, 0) < 3;
    check::<TrafficRequest>(&normal(8, 8, traffic, |b| truth(b, 4)), bytes);
});
