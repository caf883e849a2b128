// SPDX-License-Identifier: GPL-2.0

//! A user without privilege that has a grant, and tries to get more: other sets and terms, other
//! processes, and associations that it did not make.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::process::{Child, Command};

use addrconf_abi::{AddrEntry, Change, Name, SourceChoice, Target, Terms};
use addrconf_test_client::{Assignment, Device};

use crate::ops;
use crate::pool;
use crate::rng::Rng;
use crate::sys::user::set_traceable;
use crate::world::{Counter, World};

/// The users that get grants.
pub const USERS: [u32; 2] = [4401, 4402];

/// What a user may be granted, in any combination. No two touch, and no tenant has them.
pub fn grantable(uid: u32) -> [AddrEntry; 4] {
    let net = (uid % 100) as u8;
    let v4 = |nr, prefix_len| AddrEntry {
        addr: Ipv4Addr::new(10, 77, net, nr).into(),
        prefix_len,
    };
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 77, net.into(), 0, 0, 0, 0);
    [
        v4(0, 30),
        v4(8, 30),
        v4(16, 32),
        AddrEntry {
            addr: v6.into(),
            prefix_len: 64,
        },
    ]
}

/// Those that the bits of `which` name.
pub fn granted(uid: u32, which: usize) -> Vec<AddrEntry> {
    let all = grantable(uid).into_iter().enumerate();
    let named = all.filter(|(nr, _)| which >> nr & 1 != 0);
    named.map(|(_, entry)| entry).collect()
}

/// Whether each of these addresses is in a grant.
pub fn covers(grant: &[AddrEntry], set: &[AddrEntry]) -> bool {
    set.iter()
        .all(|entry| grant.iter().any(|granted| granted.covers(entry)))
}

/// A user, what it knows, and what it believes to be granted.
struct User {
    world: World,
    uid: u32,
    rng: Rng,
    device: Device,
    grant: Vec<AddrEntry>,
    subjects: [Child; 2],
    ids: Vec<u64>,
}

/// The life of a user: `words` are its id, a seed, the bits of its grant, and ids of
/// associations.
pub fn live(words: &[String]) {
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    let (uid, seed, which) = (number(0), number(1), number(2));
    let (Some(uid), Some(seed), Some(which)) = (uid, seed, which) else {
        return;
    };
    let uid = uid as u32;
    // The program was executed by root.
    set_traceable(true).expect("prctl");
    let Ok(device) = Device::open() else { return };
    let subject = || Command::new("sleep").arg("1000").spawn().expect("sleep");
    let mut user = User {
        world: World::open(),
        uid,
        rng: Rng::new(seed),
        device,
        grant: granted(uid, which as usize),
        subjects: [subject(), subject()],
        ids: words[3..].iter().flat_map(|id| id.parse()).collect(),
    };
    for _ in 0..40 {
        user.act();
    }
    for mut subject in user.subjects {
        let _ = subject.kill();
        let _ = subject.wait();
    }
}

impl User {
    /// Makes one call, whose success is a violation unless the grant permits it.
    fn act(&mut self) {
        let (permitted, done, what) = match self.rng.below(8) {
            0..=2 => self.assign(),
            3 => self.update(),
            4 => self.join(),
            5 => self.release(),
            6 => self.look(),
            _ => self.administer(),
        };
        if !done {
            return;
        }
        self.world.count(Counter::Granted);
        if !permitted {
            let (uid, grant) = (self.uid, &self.grant);
            let facts = format_args!("user {uid} with the grant {grant:?} did: {what}");
            self.world.violation(Counter::GrantViolations, 0, facts);
        }
    }

    /// Entries of the user's grant, beside it, around it, of another user or of a tenant.
    fn set(&mut self) -> Vec<AddrEntry> {
        let mut all = Vec::new();
        for _ in 0..=self.rng.below(3) {
            let own = self.rng.percent(85);
            let uid = if own { self.uid } else { self.rng.pick(&USERS) };
            let AddrEntry { addr, prefix_len } = self.rng.pick(&grantable(uid));
            let longest = if addr.is_ipv4() { 32 } else { 128 };
            let entry = match self.rng.below(10) {
                0 => pool::entry(self.rng.below(pool::SIZE)),
                1 => AddrEntry::host(pool::HOST4.into()),
                // Twice as large.
                2 => AddrEntry {
                    addr,
                    prefix_len: prefix_len - 1,
                },
                3 => AddrEntry::host(next(addr, prefix_len)),
                4 | 5 => AddrEntry {
                    addr,
                    prefix_len: longest,
                },
                _ => AddrEntry { addr, prefix_len },
            };
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
        all
    }

    fn assign(&mut self) -> (bool, bool, String) {
        let set = self.set();
        let (pid, own, proof) = self.process();
        let mut terms = Terms {
            source: self.rng.pick(&[SourceChoice::Route, SourceChoice::Random]),
            ..Terms::DEFAULT
        };
        let mut tree = false;
        match self.rng.below(20) {
            0 => terms.exclusive = true,
            1 => terms.allow_raw = true,
            2 => terms.loopback = Some([127, 64, 9, 9].into()),
            3 => terms.name = Name::new("user").expect("a name"),
            4 => tree = true,
            _ => {}
        }
        let plain = Terms {
            source: terms.source,
            ..Terms::DEFAULT
        };
        let permitted = own && !tree && terms == plain && covers(&self.grant, &set);
        let assignment = Assignment {
            tree,
            proof: proof.as_ref().map(AsRawFd::as_raw_fd),
            ..Assignment::on(terms)
        };
        let target = Target::Pid(pid);
        let done = self.device.assign_with(target, &set, &assignment).is_ok();
        (permitted, done, format!("assign {pid} {set:?} {terms:?}"))
    }

    /// A process, whether it is the user's own and the memory proves it, and the memory.
    fn process(&mut self) -> (i32, bool, Option<File>) {
        let pids = [0, 1].map(|nr| self.subjects[nr].id() as i32);
        let memory = |pid| File::open(format!("/proc/{pid}/mem")).ok();
        let pid = self.rng.pick(&pids);
        match self.rng.below(8) {
            0 => {
                let noted = self.world.noted_pid(self.rng.below(64));
                let pid = self.rng.pick(&[1, 2, noted]);
                (pid, false, memory(pids[0]))
            }
            1 => (pid, false, None),
            2 => (pids[0], false, memory(pids[1])),
            _ => (pid, true, memory(pid)),
        }
    }

    /// An association, and whether the user made it.
    fn association(&mut self) -> (u64, bool) {
        let own = self.device.ids().unwrap_or_default();
        let id = match self.rng.percent(70) && !own.is_empty() {
            true => self.rng.pick(&own),
            false if self.ids.is_empty() => 1,
            false => self.rng.pick(&self.ids),
        };
        (id, own.contains(&id))
    }

    fn update(&mut self) -> (bool, bool, String) {
        let (id, own) = self.association();
        let set = self.set();
        let change = self
            .rng
            .pick(&[Change::Add, Change::Remove, Change::Replace]);
        let target = Target::Association(id);
        let reset = self.rng.percent(30);
        let done = self.device.update(target, change, &set, reset).is_ok();
        let within = change == Change::Remove || covers(&self.grant, &set);
        (own && within, done, format!("{change:?} {id} {set:?}"))
    }

    fn join(&mut self) -> (bool, bool, String) {
        let (id, is_own) = self.association();
        let (pid, own, memory) = self.process();
        let proof = memory.as_ref().map(AsRawFd::as_raw_fd);
        let done = self.device.join_shown(Target::Pid(pid), id, proof).is_ok();
        let permitted = is_own && own && !self.grant.is_empty();
        (permitted, done, format!("join {pid} {id}"))
    }

    fn release(&mut self) -> (bool, bool, String) {
        let (target, own) = match self.rng.below(4) {
            0 => (Target::All, false),
            1 => {
                let (pid, _, _) = self.process();
                let own = self.subjects.iter().any(|s| s.id() as i32 == pid);
                (Target::Pid(pid), own)
            }
            _ => {
                let (id, own) = self.association();
                (Target::Association(id), own)
            }
        };
        let done = self.device.release(target).is_ok();
        let permitted = own && !self.grant.is_empty();
        (permitted, done, format!("release {target:?}"))
    }

    /// The calls that change nothing tell of no association that others made.
    fn look(&mut self) -> (bool, bool, String) {
        let (id, _) = self.association();
        let (pid, _, _) = self.process();
        for target in [Target::Association(id), Target::Pid(pid)] {
            if let Ok(found) = self.device.query(target) {
                let own = found.granted_to == Some(self.uid) && !self.grant.is_empty();
                return (own, true, format!("query {target:?}: {found:?}"));
            }
        }
        match self.device.granted(0) {
            Ok(Some(told)) => {
                let own = told.uid == self.uid && told.addrs == self.grant;
                (own, true, format!("grants: {told:?}"))
            }
            _ => (true, false, String::new()),
        }
    }

    /// Calls that no grant permits.
    fn administer(&mut self) -> (bool, bool, String) {
        let set = self.set();
        let (id, _) = self.association();
        let nr = self.rng.below(7);
        let done = match nr {
            0 => self.device.grant(self.uid, &set).is_ok(),
            1 => self.device.grant(USERS[0], &[]).is_ok(),
            2 => self.device.define("user", &set, &Terms::DEFAULT).is_ok(),
            3 => self.device.undefine(id).is_ok(),
            4 => self.device.find("t1").is_ok(),
            5 => self.device.set_rules(&[], 0).is_ok(),
            _ => {
                let (number, mut bytes) = ops::malformed(&mut self.rng);
                self.device.call_bytes(number, &mut bytes).is_ok()
            }
        };
        (false, done, format!("the call {nr} of an administrator"))
    }
}

/// The first address behind an entry.
fn next(addr: IpAddr, prefix_len: u8) -> IpAddr {
    match addr {
        IpAddr::V4(addr) => Ipv4Addr::from_bits(addr.to_bits() + (1 << (32 - prefix_len))).into(),
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() + (1 << (128 - prefix_len))).into(),
    }
}
