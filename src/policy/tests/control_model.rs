// SPDX-License-Identifier: GPL-2.0

//! The sources that control messages ask for, checked against a model of how the
//! kernel reads them: `for_each_cmsghdr()`, `CMSG_OK()` and `__cmsg_nxthdr()`
//! (`include/linux/socket.h`), `ip_cmsg_send()` and `ip6_datagram_send_ctl()`.

use super::super::sources_allowed;
use super::control::*;
use super::naive::message::{kernel, Reading};
use super::*;

/// Whether the association may use this source.
fn fine(o: &Owned, source: &IpAddr) -> bool {
    source.to_canonical().is_unspecified() || o.naively_owns(*source)
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let v6_kind = || prop_oneof![Just(IPV6_PKTINFO), Just(IPV6_2292PKTINFO)];
    prop_oneof![
        3 => any_ip().prop_map(|a| match a {
            IpAddr::V4(a) => pktinfo_v4(a),
            IpAddr::V6(a) => pktinfo_v6(IPV6_PKTINFO, a),
        }),
        2 => (any_ip(), v6_kind()).prop_map(|(a, kind)| match a {
            IpAddr::V4(a) => pktinfo_v6(kind, a.to_ipv6_mapped()),
            IpAddr::V6(a) => pktinfo_v6(kind, a),
        }),
        // Of every length, too short and too long ones included.
        1 => (v6_kind(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(kind, data)| message(SOL_IPV6, kind, &data)),
        1 => prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|data| message(SOL_IP, IP_PKTINFO, &data)),
        2 => (0_i32..60, 0_i32..60, prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(level, kind, data)| message(level, kind, &data)),
    ]
}

/// A sequence of messages, some of them broken: a length that does not match the
/// message, another byte anywhere, the end cut off.
fn any_control() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![
        4 => Just(None),
        2 => (0_u64..200).prop_map(Some),
        1 => (0_u64..20).prop_map(|n| Some(u64::MAX - n)),
        1 => any::<u64>().prop_map(Some),
    ];
    let messages = prop::collection::vec((any_message(), length), 0..6).prop_map(|messages| {
        let with_length = |(mut message, length): (Vec<u8>, Option<u64>)| {
            if let Some(length) = length {
                message[..8].copy_from_slice(&length.to_ne_bytes());
            }
            message
        };
        messages
            .into_iter()
            .flat_map(with_length)
            .collect::<Vec<u8>>()
    });
    let broken = prop::option::of((any::<prop::sample::Index>(), any::<u8>()));
    (messages, broken, 0_usize..8).prop_map(|(mut bytes, broken, cut)| {
        if let (Some((at, byte)), false) = (broken, bytes.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        bytes
    })
}

fn check(o: &Owned, bytes: &[u8]) -> Result<(), TestCaseError> {
    let allowed = sources_allowed(&o.owner(), bytes);
    match kernel(bytes) {
        Reading::Sources(sources) => {
            prop_assert_eq!(allowed, sources.iter().all(|s| fine(o, s)), "{:?}", sources);
        }
        // Nothing is sent, but a foreign source that was read before must be refused.
        Reading::Refused(before) => {
            prop_assert!(!allowed || before.iter().all(|s| fine(o, s)), "{before:?}");
        }
    }
    Ok(())
}

#[test]
fn the_model_reads_what_the_kernel_would() {
    let v4 = pktinfo_v4(Ipv4Addr::new(10, 0, 0, 2));
    let v6 = pktinfo_v6(IPV6_PKTINFO, Ipv6Addr::LOCALHOST);
    let both = [v4.clone(), v6.clone()].concat();
    let sources = vec![ip("10.0.0.2"), ip("::1")];
    assert_eq!(kernel(&both), Reading::Sources(sources));
    let first = vec![ip("10.0.0.2")];
    assert_eq!(
        kernel(&both[..both.len() - 8]),
        Reading::Refused(first.clone())
    );
    // Less than a header remains.
    assert_eq!(kernel(&both[..32 + 15]), Reading::Sources(first));
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn what_the_kernel_will_read_as_a_source_is_checked(
        o in any_owned(),
        bytes in any_control(),
    ) {
        check(&o, &bytes)?;
    }

    #[test]
    fn no_bytes_make_the_parser_panic_or_miss_a_source(
        o in any_owned(),
        bytes in prop::collection::vec(any::<u8>(), 0..130),
        len in 0_u64..130,
    ) {
        check(&o, &bytes)?;
        let mut bytes = bytes;
        if let Some(first) = bytes.get_mut(..8) {
            first.copy_from_slice(&len.to_ne_bytes());
            check(&o, &bytes)?;
        }
    }

    #[test]
    fn a_foreign_source_is_found_wherever_it_stands(
        before in prop::collection::vec(any_message(), 0..4),
        after in prop::collection::vec(any_message(), 0..4),
        which in 0_usize..3,
    ) {
        let o = owned("10.0.0.1");
        let foreign = Ipv4Addr::new(192, 0, 2, 1);
        let message = match which {
            0 => pktinfo_v4(foreign),
            1 => pktinfo_v6(IPV6_PKTINFO, foreign.to_ipv6_mapped()),
            _ => pktinfo_v6(IPV6_2292PKTINFO, Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9)),
        };
        let bytes = [before.concat(), message, after.concat()].concat();
        prop_assert!(!sources_allowed(&o.owner(), &bytes));
    }
}
