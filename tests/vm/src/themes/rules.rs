// SPDX-License-Identifier: GPL-2.0

//! Which tasks a rule takes in: by program, user, group and control group.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use addrconf_abi::RuleEntry;

use crate::addr::TWO;
use crate::child::in_child;
use crate::client::{associate, Device};
use crate::program::{
    answer, arguments, group_rule, program_rule, rules, rules_about, user_rule, whereabouts,
    Programs, Shops, BLOG, FREE, SHOP,
};
use crate::registry::{behaviour, everywhere, Test};

/// A user and a group that own nothing.
const USER: u32 = 4321;
const GROUP: u32 = 4322;

pub fn tests() -> Vec<Test> {
    vec![
        everywhere("a_program_without_rules_is_free", || {
            let programs = Programs::new();
            assert_eq!(whereabouts(&programs.copy("one")), FREE);
        }),
        behaviour(
            "a_program_that_a_rule_names_runs_in_its_association",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let [one, other] = ["one", "other"].map(|name| programs.copy(name));
                rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
                assert_eq!(whereabouts(&one), SHOP);
                assert_eq!(whereabouts(&other), FREE);
                rules(&[]);
                assert_eq!(whereabouts(&one), FREE);
            },
        ),
        behaviour(
            "a_renamed_a_linked_and_a_replaced_program_are_the_same",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let one = programs.copy("one");
                rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
                let linked = programs.path("linked");
                fs::hard_link(&one, &linked).expect("link");
                let symbolic = programs.path("symbolic");
                std::os::unix::fs::symlink(&one, &symbolic).expect("symlink");
                assert_eq!(whereabouts(&linked), SHOP);
                assert_eq!(whereabouts(&symbolic), SHOP);
                let renamed = programs.path("renamed");
                fs::rename(&one, &renamed).expect("rename");
                assert_eq!(whereabouts(&renamed), SHOP);
                assert_eq!(whereabouts(&programs.copy("another")), FREE);
                // As a package manager does.
                let new = programs.copy("new");
                assert_eq!(whereabouts(&new), FREE);
                fs::rename(&new, &one).expect("rename");
                assert_eq!(whereabouts(&one), SHOP);
                let (_, [path, _]) = Device::open().rule(0).expect("a rule");
                assert_eq!(path, one);
            },
        ),
        behaviour("a_script_is_known_by_its_file_or_its_interpreter", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let own = programs.copy("interpreter");
            let [probe, shop, blog] = arguments();
            let script = programs.script("script", &format!("#!{own} {probe}\n"));
            let ask = || answer(Command::new(&script).args([shop, blog]));
            // The interpreter also gets the path of the script, as an address.
            let script_is = |where_: &str| {
                let told = ask();
                assert!(
                    told.ends_with(where_) || told.is_empty(),
                    "{told:?} for {where_}"
                );
            };
            rules_about(&[&script], |fds| vec![program_rule(fds[0], &shops.shop)]);
            script_is(SHOP);
            assert_eq!(whereabouts(&own), FREE);
            rules_about(&[&own], |fds| vec![program_rule(fds[0], &shops.shop)]);
            script_is(SHOP);
            assert_eq!(whereabouts(&own), SHOP);
            // The script comes first, whatever the order of the rules.
            rules_about(&[&own, &script], |fds| {
                vec![
                    program_rule(fds[0], &shops.shop),
                    program_rule(fds[1], &shops.blog),
                ]
            });
            script_is(BLOG);
        }),
        behaviour(
            "a_program_of_a_user_or_group_that_a_rule_names_is_taken_in",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let one = programs.copy("one");
                let ask = |user: u32, group: u32| {
                    answer(Command::new(&one).args(arguments()).uid(user).gid(group))
                };
                let by_user = user_rule(USER, &shops.shop);
                rules(&[by_user]);
                assert_eq!(ask(USER, GROUP), SHOP);
                assert_eq!(ask(USER + 1, GROUP), FREE);
                assert_eq!(ask(0, USER), FREE);
                rules(&[RuleEntry {
                    gid: Some(GROUP),
                    association: shops.blog.id,
                    ..RuleEntry::default()
                }]);
                assert_eq!(ask(USER, GROUP), BLOG);
                assert_eq!(ask(GROUP, 0), FREE);
                // Both must apply.
                rules(&[RuleEntry {
                    gid: Some(GROUP),
                    ..by_user
                }]);
                assert_eq!(ask(USER, GROUP), SHOP);
                assert_eq!(ask(USER, 0), FREE);
                assert_eq!(ask(0, GROUP), FREE);
            },
        ),
        behaviour("a_set_user_id_program_counts_as_its_callers", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            fs::set_permissions(&one, fs::Permissions::from_mode(0o4755)).expect("chmod");
            rules(&[user_rule(USER, &shops.shop)]);
            let asked = answer(
                Command::new(&one)
                    .args(arguments())
                    .arg(crate::probe::USER)
                    .uid(USER),
            );
            assert_eq!(asked, format!("{SHOP} 0"));
        }),
        behaviour("a_program_in_a_control_group_or_below_is_taken_in", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            const GROUP: &str = "/rules";
            let group = format!("/sys/fs/cgroup{GROUP}");
            // The rule comes first, as that of a service that is not running.
            rules(&[group_rule(GROUP, &shops.shop)]);
            let [below, beside] = [format!("{group}/below"), format!("{group}-beside")];
            for group in [&below, &beside] {
                fs::create_dir_all(group).expect("control groups");
            }
            let within = |group: &str| {
                let script = format!("echo 0 > {group}/cgroup.procs && exec \"$@\"");
                let mut command = Command::new("sh");
                answer(command.args(["-c", &script, "sh", &one]).args(arguments()))
            };
            assert_eq!(within(&group), SHOP);
            assert_eq!(within(&below), SHOP);
            assert_eq!(within(&beside), FREE);
            assert_eq!(within("/sys/fs/cgroup"), FREE);
            for group in [below, beside, group] {
                crate::child::eventually("an empty control group", || {
                    fs::remove_dir(&group).is_ok()
                });
            }
        }),
        behaviour("the_first_rule_that_applies_wins", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            for (first, second, where_) in [
                (&shops.shop, &shops.blog, SHOP),
                (&shops.blog, &shops.shop, BLOG),
            ] {
                rules_about(&[&one], |fds| {
                    let never = RuleEntry {
                        uid: Some(USER),
                        ..program_rule(fds[0], second)
                    };
                    vec![
                        never,
                        program_rule(fds[0], first),
                        program_rule(fds[0], second),
                    ]
                });
                assert_eq!(whereabouts(&one), where_);
            }
        }),
        behaviour("a_member_stays_where_it_is", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
            in_child(|| {
                shops.blog.enter();
                assert_eq!(whereabouts(&one), BLOG);
            });
            in_child(|| {
                associate(TWO);
                assert_eq!(whereabouts(&one), BLOG);
            });
        }),
        behaviour("a_program_that_another_thread_executes_is_taken_in", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
            let out = crate::child::Channel::new();
            in_child(|| {
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| thread::sleep(std::time::Duration::from_secs(60)));
                    }
                    let mut command = Command::new(&one);
                    command.args(arguments()).stdout(out.sender());
                    let executed = scope.spawn(move || panic!("{}", command.exec()));
                    executed.join().expect("exec");
                });
            });
            assert_eq!(out.receive(), SHOP);
        }),
        behaviour(
            "children_of_a_program_that_was_taken_in_are_members",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let (shell, one) = (programs.path("shell"), programs.copy("one"));
                fs::copy("/bin/sh", &shell).expect("copy");
                rules_about(&[&shell], |fds| vec![program_rule(fds[0], &shops.shop)]);
                let script = "\"$@\"; exit $?";
                let mut command = Command::new(&shell);
                let asked = answer(command.args(["-c", script, "sh", &one]).args(arguments()));
                assert_eq!(asked, SHOP);
            },
        ),
    ]
}
