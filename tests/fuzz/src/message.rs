// SPDX-License-Identifier: GPL-2.0

//! Payloads. Each one names its sender, its time and its destination, so that
//! the receiver can check whether it may have received it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::pool;
use crate::socket;
use crate::sys::clock::now;
use crate::world::{Counter, Tenant, World};

const MAGIC: &[u8; 8] = b"ADDRCFUZ";
/// Bytes of a header.
pub const SIZE: usize = 40;
/// How many nanoseconds a packet may take from reading the clock to delivery.
pub fn grace(world: World) -> u64 {
    2_000_000_000 * (1 + world.pace())
}

/// The header of a payload.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// The sending tenant; 0 for the host and the machine next door.
    pub sender: Tenant,
    /// When it was made, in nanoseconds of the monotonic clock.
    pub time: u64,
    /// The destination, if it is certain.
    pub to: Option<IpAddr>,
    /// Whether it was sent on a connection.
    pub stream: bool,
}

impl Message {
    /// A message with the present time.
    pub fn new(sender: Tenant, to: Option<IpAddr>, stream: bool) -> Self {
        Self {
            sender,
            time: now(),
            to,
            stream,
        }
    }

    /// Its bytes, padded to `len`.
    pub fn bytes(&self, len: usize) -> Vec<u8> {
        let to = match self.to {
            Some(IpAddr::V4(a)) => a.to_ipv6_mapped(),
            Some(IpAddr::V6(a)) => a,
            None => Ipv6Addr::UNSPECIFIED,
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.sender.to_ne_bytes());
        bytes.extend(u32::from(self.stream).to_ne_bytes());
        bytes.extend(self.time.to_ne_bytes());
        bytes.extend(to.octets());
        bytes.resize(len.max(SIZE), b'.');
        bytes
    }

    /// Reads a message from the beginning of `bytes`.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < SIZE || !bytes.starts_with(MAGIC) {
            return None;
        }
        let word = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        let mut to = [0; 16];
        to.copy_from_slice(&bytes[24..40]);
        let to = IpAddr::from(to).to_canonical();
        Some(Self {
            sender: word(8),
            stream: word(12) != 0,
            time: u64::from(word(16)) | u64::from(word(20)) << 32,
            to: (!to.is_unspecified()).then_some(to),
        })
    }
}

/// Whether a tenant had this address between the time of the message and the end
/// of its grace, or, for a connection, at any time.
fn may_have(world: World, tenant: Tenant, addr: IpAddr, message: &Message, stream: bool) -> bool {
    match pool::index_of(addr) {
        Some(index) if stream => world.ever_had(index, tenant),
        Some(index) => world.had(index, tenant, message.time, message.time + grace(world)),
        None => false,
    }
}

/// How a message was received, for a report.
pub struct Way {
    /// The descriptor.
    pub fd: i32,
    /// The flags of the call.
    pub flags: i32,
    /// When the call began, in nanoseconds.
    pub began: u64,
}

/// Checks a message that a tenant received. `local`: the address at which it
/// arrived, if known.
pub fn check_received(
    world: World,
    tenant: Tenant,
    message: &Message,
    local: Option<IpAddr>,
    stream: bool,
    way: &Way,
) {
    world.count(Counter::Messages);
    if message.sender == 0 {
        world.count(Counter::Probes);
    }
    let time = message.time;
    if !world.applies(tenant, time) || (message.sender != 0 && !world.applies(message.sender, time))
    {
        return;
    }
    let own = message.sender == tenant;
    // The address at which it arrived, or else the destination it names. What a
    // tenant names is not used: a corked socket ignores the address of a message.
    let to = message.to.filter(|_| message.sender == 0);
    if let Some(addr) = local.or(to) {
        let addr = addr.to_canonical();
        let wrong = if pool::is_loopback(addr) {
            // The host reaches dedicated loopback addresses, but no private one.
            !own && (pool::is_private(addr) || message.sender != 0)
        } else if pool::index_of(addr).is_some() || pool::is_dark(addr) {
            // A corked socket may have sent it long after its time.
            let since = pool::index_of(addr)
                .is_some_and(|index| world.had(index, tenant, message.time, now()));
            !since && !may_have(world, tenant, addr, message, stream)
        } else {
            // The destination that it names may be a group, for example, and proves
            // nothing. The address at which it arrived does, and so does the
            // destination of questions to the host's services, which are only sent
            // there.
            let arrived = Some(addr) == local.map(|l| l.to_canonical());
            let asked = message.sender == 0 && addr == pool::HOST4;
            !own && (arrived || asked) && !addr.is_unspecified()
        };
        if wrong {
            let facts = format_args!(
                "it received {message:?} at {local:?} (stream {stream}), but what is sent to \
                 {addr} is not for it; the present owner is {:?}; received in a call since {} ns with \
                 flags {:x} on socket {}; {}",
                pool::index_of(addr).map(|i| world.owner(i)),
                way.began,
                way.flags,
                socket::describe(way.fd),
                world.about(tenant),
            );
            world.violation(Counter::MessageViolations, tenant, facts);
        }
    }
}

/// Where a packet was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// On the host, else next door.
    pub host: bool,
    /// The interface's index.
    pub interface: i32,
    /// Its type, `ARPHRD_*`.
    pub hardware: u16,
    /// The packet's protocol.
    pub protocol: u8,
    /// `PACKET_*`: the direction and the kind of destination.
    pub direction: u8,
}

impl Seen {
    /// `ARPHRD_LOOPBACK`.
    const LOOPBACK: u16 = 772;

    /// Whether it was seen on the host's loopback interface.
    fn is_private(self) -> bool {
        self.host && self.hardware == Self::LOOPBACK
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.host { "host" } else { "peer" };
        write!(
            f,
            "protocol {} on interface {} of the {place}, of type {}, direction {}",
            self.protocol, self.interface, self.hardware, self.direction
        )
    }
}

/// Checks a message of a tenant in a packet with this source and destination.
pub fn check_sent(
    world: World,
    message: &Message,
    (source, to): (IpAddr, IpAddr),
    stream: bool,
    seen: Seen,
) {
    world.count(Counter::Packets);
    if !world.applies(message.sender, message.time) {
        return;
    }
    // A connection that was asked for at a loopback address is answered from that
    // address. An IPv4-mapped address belongs to no tenant.
    let loops = pool::is_loopback(source) || pool::is_loopback(to);
    let has = |addr| {
        may_have(world, message.sender, addr, message, stream)
            || pool::index_of(addr).is_some_and(|i| world.owner(i) == message.sender)
    };
    let fine = if source != source.to_canonical() || (loops && !seen.is_private()) {
        false
    } else if pool::is_private(source) {
        stream || pool::is_private(to) || has(to)
    } else if pool::is_loopback(source) {
        let of_host = to == pool::RESOLVER && pool::reaches_resolver(message.sender);
        stream || to == source || of_host
    } else {
        has(source)
    };
    if !fine {
        let facts = format_args!(
            "it sent {message:?} from {source} to {to} (stream {stream}), which it may not; \
             seen: {seen}; {}",
            world.about(message.sender)
        );
        world.violation(Counter::PacketViolations, message.sender, facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for to in [None, Some(pool::PEER4.into()), Some(pool::PEER6.into())] {
            let message = Message {
                sender: 7,
                time: 1 << 40 | 5,
                to,
                stream: true,
            };
            let read = Message::read(&message.bytes(100)).expect("a message");
            assert_eq!(
                (read.sender, read.time, read.to, read.stream),
                (7, 1 << 40 | 5, to, true)
            );
        }
    }

    #[test]
    fn other_bytes_are_no_message() {
        assert!(Message::read(&[0; 100]).is_none());
        let bytes = Message {
            sender: 1,
            time: 1,
            to: None,
            stream: false,
        }
        .bytes(0);
        assert!(Message::read(&bytes[..SIZE - 1]).is_none());
    }
}
