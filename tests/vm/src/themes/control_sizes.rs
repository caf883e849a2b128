// SPDX-License-Identifier: GPL-2.0

//! Control calls with structures of other sizes and at unmapped addresses, and calls
//! that do not exist.

use addrconf_abi::{Command, ListRequest, QueryRequest, Target, VersionReply, Wire, MAX_STRUCT};
use libc::{E2BIG, EFAULT, EINVAL, ENOTTY};

use crate::addr::ONE;
use crate::client::{errno, Device};
use crate::registry::{behaviour, Test};
use crate::server::idle;

use super::control_malformed::encoded;

const COMMANDS: [Command; 6] = [
    Command::Version,
    Command::Assign,
    Command::Release,
    Command::Query,
    Command::List,
    Command::Update,
];

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("structures_of_any_size_are_judged_alike", sizes),
        behaviour("structures_that_are_nowhere_fault", || {
            for command in COMMANDS {
                for address in [0, u64::MAX - 4095, 1 << 63] {
                    let result = Device::open().call_nowhere(command.number(), address);
                    assert_eq!(errno(result), EFAULT, "{command:?}");
                }
            }
        }),
        behaviour("unknown_calls_are_not_for_this_device", || {
            let version = Command::Version.number();
            let assign = Command::Assign.number();
            let unknown = [
                version | 0x7f,
                version ^ 1 << 8,
                version & !(1 << 31),
                assign & !(3 << 30),
                // TCGETS
                0x5401,
            ];
            for number in unknown {
                let result = Device::open().call_bytes(number, &mut [0; MAX_STRUCT]);
                assert_eq!(errno(result), ENOTTY, "{number:#x}");
            }
        }),
    ]
}

/// The ioctl number of a command, with a structure of another size.
fn sized(command: Command, size: usize) -> u32 {
    command.number() & !(0x3fff << 16) | (size as u32) << 16
}

fn sizes() {
    let child = idle(ONE);
    let target = Target::Pid(child.pid());
    let calls = [
        (
            Command::Query,
            encoded(&QueryRequest::about(target)),
            QueryRequest::MIN_SIZE,
        ),
        (
            Command::List,
            encoded(&ListRequest::default()),
            ListRequest::MIN_SIZE,
        ),
    ];
    let device = Device::open();
    for (command, bytes, least) in calls {
        let call = |size: usize, last: u8| {
            let mut bytes = bytes.clone();
            bytes.resize(size.max(1), 0);
            if last != 0 {
                bytes[size - 1] = last;
            }
            errno(device.call_bytes(sized(command, size), &mut bytes))
        };
        let size = bytes.len();
        assert_eq!(call(size, 0), 0, "{command:?}");
        assert_eq!(call(size + 8, 0), 0, "{command:?}, longer");
        assert_eq!(call(MAX_STRUCT, 0), 0, "{command:?}, longest");
        assert_eq!(call(least, 0), 0, "{command:?}, of the first version");
        assert_eq!(call(least - 1, 0), EINVAL, "{command:?}, too short");
        assert_eq!(call(0, 0), EINVAL, "{command:?}, empty");
        assert_eq!(call(MAX_STRUCT + 1, 0), E2BIG, "{command:?}, too long");
        assert_eq!(call(0x3fff, 0), E2BIG, "{command:?}, far too long");
        assert_eq!(call(size + 8, 1), E2BIG, "{command:?}, unknown field");
    }
    // The version command reads nothing, and fills a structure of any size.
    for size in [0, 1, VersionReply::SIZE - 1, VersionReply::SIZE, MAX_STRUCT] {
        let mut bytes = [0xee; MAX_STRUCT];
        let result = device.call_bytes(sized(Command::Version, size), &mut bytes);
        assert_eq!(errno(result), 0, "version of {size} bytes");
        let written = size.min(VersionReply::SIZE);
        assert!(
            bytes[written..].iter().all(|&b| b == 0xee),
            "version of {size} bytes wrote beyond {written}"
        );
    }
}
