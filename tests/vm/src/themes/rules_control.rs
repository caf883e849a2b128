// SPDX-License-Identifier: GPL-2.0

//! The control calls about rules.

use std::io;
use std::os::fd::AsRawFd;

use addrconf_abi::{RuleEntry, Target, MAX_RULES};
use libc::{E2BIG, EACCES, EBADF, EBUSY, EINVAL, ENOENT, EPERM, ESTALE, EXDEV};

use crate::addr::ONE;
use crate::child::{eventually, in_child};
use crate::client::{associate, errno, Device};
use crate::program::{group_rule, open, program_rule, rules, user_rule, Programs, Shops};
use crate::registry::{behaviour, Test};
use crate::server::idle;
use crate::sys::namespace::unshare;

const GROUP: &str = "/system.slice/nginx.service";

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("rules_are_told_in_their_order", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let device = Device::open();
            let (empty, _) = device.rule(0).expect("no rule");
            assert_eq!((empty.count, empty.rule), (0, RuleEntry::default()));
            assert_ne!(empty.generation, 0);
            let one = programs.copy("one");
            let file = open(&one);
            let new = [
                program_rule(file.as_raw_fd(), &shops.shop),
                RuleEntry {
                    uid: Some(0),
                    gid: Some(7),
                    ..group_rule(GROUP, &shops.blog)
                },
            ];
            let generation = device.set_rules(&new, empty.generation).expect("set rules");
            assert_ne!(generation, empty.generation);
            let (first, [path, _]) = device.rule(0).expect("the first");
            assert_eq!(path, one);
            assert_eq!((first.count, first.generation), (2, generation));
            assert!(first.rule.exe.is_some() && first.rule.uid.is_none());
            let (second, paths) = device.rule(1).expect("the second");
            assert_eq!(paths, ["", GROUP].map(str::to_owned));
            let id = second.rule.id;
            let cgroup = second.rule.cgroup;
            let told = cgroup.map(|text| (text.at, text.len as usize));
            assert_eq!(told, Some((0, GROUP.len())));
            assert_eq!(
                second.rule,
                RuleEntry {
                    id,
                    cgroup,
                    ..new[1]
                }
            );
            assert_ne!(id, first.rule.id);
            assert_eq!(device.rule(2).expect("none").0.rule, RuleEntry::default());
            // Others keep their ids, in whatever order.
            let kept = [id, first.rule.id].map(RuleEntry::kept);
            device.set_rules(&kept, generation).expect("set rules");
            let now = [0, 1].map(|place| device.rule(place).expect("a rule").0.rule.id);
            assert_eq!(now, [id, first.rule.id]);
        }),
        behaviour("rules_that_make_no_sense_change_nothing", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let device = Device::open();
            let good = user_rule(1, &shops.shop);
            let generation = device.set_rules(&[good], 0).expect("set rules");
            let id = device.rule(0).expect("a rule").0.rule.id;
            let of_nobody = idle(ONE);
            let anonymous = device
                .query(Target::Pid(of_nobody.pid()))
                .expect("query")
                .id;
            let directory = open(&programs.path("."));
            let about = |fd| program_rule(fd, &shops.shop);
            let into = |association| RuleEntry {
                association,
                ..good
            };
            let group = |path| group_rule(path, &shops.shop);
            let cases: [(&str, Vec<RuleEntry>, i32); 15] = [
                ("the root of control groups", vec![group("/")], EINVAL),
                (
                    "a control group without a slash",
                    vec![group("shop")],
                    EINVAL,
                ),
                (
                    "a slash behind a control group",
                    vec![group("/shop/")],
                    EINVAL,
                ),
                ("a NUL in a control group", vec![group("/shop\0")], EINVAL),
                (
                    "names nothing",
                    vec![RuleEntry { uid: None, ..good }],
                    EINVAL,
                ),
                (
                    "an id that is not there",
                    vec![RuleEntry::kept(id + 100)],
                    ENOENT,
                ),
                (
                    "an id twice",
                    vec![RuleEntry::kept(id), RuleEntry::kept(id)],
                    EINVAL,
                ),
                ("kept and changed", vec![RuleEntry { id, ..good }], EINVAL),
                ("no association", vec![into(1 << 30)], ENOENT),
                (
                    "no association of so many bits",
                    vec![into(1 << 40)],
                    ENOENT,
                ),
                ("association 0", vec![into(0)], ENOENT),
                ("an anonymous association", vec![into(anonymous)], ENOENT),
                ("no descriptor", vec![about(1_000_000)], EBADF),
                ("a directory", vec![about(directory.as_raw_fd())], EACCES),
                ("too many", vec![good; MAX_RULES as usize + 1], E2BIG),
            ];
            for (what, rules, expected) in cases {
                assert_eq!(errno(device.set_rules(&rules, 0)), expected, "{what}");
                // Also behind one that is right.
                let behind = [vec![good], rules].concat();
                assert_eq!(errno(device.set_rules(&behind, 0)), expected, "{what}");
            }
            assert_eq!(errno(device.set_rules(&[], generation + 1)), ESTALE);
            let (now, _) = device.rule(0).expect("a rule");
            assert_eq!(
                (now.count, now.generation, now.rule.id),
                (1, generation, id)
            );
            let most = vec![good; MAX_RULES as usize];
            device
                .set_rules(&most, generation)
                .expect("as many as there may be");
        }),
        behaviour("rules_are_for_administrators_outside", || {
            let shops = Shops::new();
            let rule = user_rule(1, &shops.shop);
            in_child(|| {
                let device = Device::open();
                associate(ONE);
                assert_eq!(errno(device.set_rules(&[rule], 0)), EPERM);
                assert_eq!(errno(device.rule(0)), EPERM);
            });
            in_child(|| {
                let device = Device::open();
                crate::sys::user::become_user(4321).expect("setuid");
                assert_eq!(errno(device.set_rules(&[rule], 0)), EPERM);
                assert_eq!(errno(device.rule(0)), EPERM);
            });
            assert_eq!(Device::open().rule(0).expect("no rule").0.count, 0);
        }),
        behaviour("a_program_is_named_in_the_machines_mount_namespace", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            let set = || -> io::Result<u64> {
                let file = open(&one);
                let rule = program_rule(file.as_raw_fd(), &shops.shop);
                Device::open().set_rules(&[rule], 0)
            };
            in_child(|| {
                unshare(libc::CLONE_NEWNS).expect("unshare");
                assert_eq!(errno(set()), EXDEV);
            });
            set().expect("set rules");
        }),
        behaviour("an_association_that_a_rule_names_is_not_undefined", || {
            let shops = Shops::new();
            let rule = user_rule(1, &shops.shop);
            rules(&[rule]);
            let device = Device::open();
            assert_eq!(errno(device.undefine(shops.shop.id)), EBUSY);
            device.undefine(shops.blog.id).expect("undefine");
            rules(&[]);
            device.undefine(shops.shop.id).expect("undefine");
            eventually("the end of both", || device.ids().is_empty());
        }),
        behaviour("the_end_of_all_associations_ends_the_rules", || {
            let shops = Shops::new();
            let rule = user_rule(1, &shops.shop);
            rules(&[rule]);
            let device = Device::open();
            device.release(Target::All).expect("release");
            assert_eq!(device.rule(0).expect("no rule").0.count, 0);
            eventually("the end of both", || device.ids().is_empty());
        }),
    ]
}
