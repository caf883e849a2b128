// SPDX-License-Identifier: GPL-2.0

//! Executing a program that a rule names, where that is not simple: the execution fails, the
//! process holds what a member must not have, rules change meanwhile.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use addrconf_abi::Target;
use libc::{EACCES, ENOENT, ENOEXEC, EPERM, F_SETFD};

use crate::addr::{ANY4, HOST4, ONE, TWO};
use crate::child::{in_child, Channel};
use crate::client::{errno, this_process, Device};
use crate::probe::verdicts;
use crate::program::{
    answer, arguments, program_rule, rules_about, whereabouts, Programs, Shops, BLOG, FREE, SHOP,
};
use crate::registry::{behaviour, everywhere, Test};
use crate::server::ask;
use crate::sock::{Proto, Sock};
use crate::sys::descriptor::fcntl;
use crate::sys::program::execute;

/// How often rules are exchanged at least while programs are executed.
const CHANGES: usize = 200;
/// How many programs are executed at least meanwhile.
const EXECUTIONS: usize = 20;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("an_execution_that_fails_leaves_the_process_free", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let no_program = programs.script("no-program", "\x7f\x01\x02 is no program");
            let no_interpreter = programs.script("no-interpreter", "#!/does/not/exist\n");
            let not_executable = programs.copy("not-executable");
            fs::set_permissions(&not_executable, fs::Permissions::from_mode(0o644)).expect("chmod");
            let good = programs.copy("good");
            let all = [&*no_program, &*no_interpreter, &*not_executable, &*good];
            rules_about(&all, |fds| {
                fds.iter()
                    .map(|&fd| program_rule(fd, &shops.shop))
                    .collect()
            });
            in_child(|| {
                for (path, expected) in [
                    (&no_program, ENOEXEC),
                    (&no_interpreter, ENOENT),
                    (&not_executable, EACCES),
                ] {
                    assert_eq!(execute(path).raw_os_error(), Some(expected), "{path}");
                    assert_eq!(verdicts(&[ONE[0], TWO[0]]), FREE, "{path}");
                }
                assert_eq!(errno(Device::open().query(this_process())), ENOENT);
                // What was chosen for those that failed counts no more.
                let other = programs.copy("other");
                assert_eq!(whereabouts(&other), FREE);
                assert_eq!(whereabouts(&good), SHOP);
            });
        }),
        behaviour(
            "a_program_is_not_executed_with_a_packet_socket_open",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let one = programs.copy("one");
                rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
                in_child(|| {
                    let error = with_packet_socket(false).exec_probe(&one);
                    assert_eq!(error.raw_os_error(), Some(EPERM));
                    assert_eq!(verdicts(&[ONE[0], TWO[0]]), FREE);
                });
            },
        ),
        everywhere("a_program_that_no_rule_names_is_executed_with_one", || {
            let programs = Programs::new();
            let one = programs.copy("one");
            let out = Channel::new();
            in_child(|| {
                let mut packet = with_packet_socket(false);
                packet.out = Some(&out);
                panic!("{}", packet.exec_probe(&one));
            });
            assert_eq!(out.receive(), FREE);
        }),
        behaviour("a_packet_socket_that_closes_is_not_in_the_way", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let one = programs.copy("one");
            rules_about(&[&one], |fds| vec![program_rule(fds[0], &shops.shop)]);
            let out = Channel::new();
            in_child(|| {
                let mut packet = with_packet_socket(true);
                packet.out = Some(&out);
                panic!("{}", packet.exec_probe(&one));
            });
            assert_eq!(out.receive(), SHOP);
        }),
        behaviour(
            "an_inherited_listener_serves_the_associations_addresses",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let sleep = programs.path("sleep");
                fs::copy("/bin/sleep", &sleep).expect("copy");
                rules_about(&[&sleep], |fds| vec![program_rule(fds[0], &shops.shop)]);
                let listener = Sock::serving(Proto::Tcp, (ANY4, 8080));
                inherit(&listener);
                let mut child = Command::new(&sleep).arg("1000").spawn().expect("sleep");
                let found = Device::open().query(Target::Pid(child.id() as i32));
                assert_eq!(found.expect("query").id, shops.shop.id);
                // The kernel accepts for it.
                let connect = |to| Sock::v4(Proto::Tcp).connect((to, 8080));
                connect(ONE[0]).expect("connect");
                for to in [TWO[0], HOST4, "127.0.0.1"] {
                    assert_eq!(errno(connect(to)), libc::ECONNREFUSED, "{to}");
                }
                child.kill().expect("kill");
                child.wait().expect("wait");
            },
        ),
        behaviour("an_inherited_socket_outside_the_set_is_of_no_use", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let python = programs.path("python");
            fs::copy("/usr/bin/python3", &python).expect("copy");
            let host = Sock::serving(Proto::Udp, (HOST4, 5353));
            inherit(&host);
            let send = format!(
                "import socket\n\
                 s = socket.socket(fileno={})\n\
                 try:\n    s.sendto(b'x', ('{HOST4}', 5353)); print('sent')\n\
                 except OSError as e:\n    print(e.errno)\n",
                host.number()
            );
            let try_it = || answer(Command::new(&python).args(["-c", &send]));
            assert_eq!(try_it(), "sent");
            rules_about(&[&python], |fds| vec![program_rule(fds[0], &shops.shop)]);
            assert_eq!(try_it(), libc::EADDRNOTAVAIL.to_string());
        }),
        behaviour(
            "rules_are_exchanged_as_a_whole_while_programs_are_executed",
            || {
                let (shops, programs) = (Shops::new(), Programs::new());
                let one = programs.copy("one");
                let put = |into: &crate::defined::Defined| {
                    rules_about(&[&one], |fds| vec![program_rule(fds[0], into)]);
                };
                put(&shops.shop);
                let (done, executed) = (AtomicBool::new(false), AtomicUsize::new(0));
                let seen = thread::scope(|scope| {
                    let asking: Vec<_> = (0..2)
                        .map(|_| {
                            scope.spawn(|| {
                                let mut seen = Vec::new();
                                while !done.load(Ordering::Relaxed) {
                                    seen.push(whereabouts(&one));
                                    executed.fetch_add(1, Ordering::Relaxed);
                                }
                                seen
                            })
                        })
                        .collect();
                    let mut nr = 0;
                    while nr < CHANGES || executed.load(Ordering::Relaxed) < EXECUTIONS {
                        put([&shops.shop, &shops.blog][nr % 2]);
                        thread::yield_now();
                        nr += 1;
                    }
                    done.store(true, Ordering::Relaxed);
                    asking
                        .into_iter()
                        .flat_map(|a| a.join().expect("a thread"))
                        .collect::<Vec<_>>()
                });
                let odd: Vec<_> = seen.iter().filter(|w| **w != SHOP && **w != BLOG).collect();
                assert!(odd.is_empty(), "{odd:?} of {}", seen.len());
            },
        ),
        behaviour("an_association_is_released_while_programs_enter_it", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let sleep = programs.path("sleep");
            fs::copy("/bin/sleep", &sleep).expect("copy");
            rules_about(&[&sleep], |fds| vec![program_rule(fds[0], &shops.shop)]);
            let done = AtomicBool::new(false);
            let device = Device::open();
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let _ = device.release(Target::Association(shops.shop.id));
                        thread::yield_now();
                    }
                });
                for _ in 0..50 {
                    let slept = Command::new(&sleep).arg("0").status().expect("sleep");
                    assert!(slept.success(), "{slept}");
                }
                done.store(true, Ordering::Relaxed);
            });
            let slept = Command::new(&sleep).arg("0").status().expect("sleep");
            assert!(slept.success());
            crate::child::eventually("the end of all tasks", || shops.shop.describe().tasks == 0);
        }),
        behaviour("what_is_taken_in_serves_beside_another", || {
            let (shops, programs) = (Shops::new(), Programs::new());
            let [one, two] = ["one", "two"].map(|name| {
                let path = programs.path(name);
                fs::copy("/usr/bin/python3", &path).expect("copy");
                path
            });
            rules_about(&[&one, &two], |fds| {
                vec![
                    program_rule(fds[0], &shops.shop),
                    program_rule(fds[1], &shops.blog),
                ]
            });
            let serve = |path: &str, word: &str| {
                let code = format!(
                    "import socket\n\
                     s = socket.create_server(('', 80))\n\
                     while True:\n    c, _ = s.accept(); c.sendall(b'{word}'); c.close()\n"
                );
                Command::new(path)
                    .args(["-c", &code])
                    .spawn()
                    .expect("python")
            };
            let mut servers = [serve(&one, "shop"), serve(&two, "blog")];
            for (at, word) in [(ONE[0], "shop"), (TWO[0], "blog")] {
                crate::child::eventually("an answer", || {
                    ask(Proto::Tcp, (at, 80)).is_ok_and(|answer| answer == word)
                });
            }
            for server in &mut servers {
                server.kill().expect("kill");
                server.wait().expect("wait");
            }
        }),
    ]
}

/// A process that has a packet socket, and is about to execute a program.
struct WithPacketSocket<'a> {
    _sock: Sock,
    out: Option<&'a Channel>,
}

impl WithPacketSocket<'_> {
    fn exec_probe(&self, path: &str) -> io::Error {
        let mut command = Command::new(path);
        command.args(arguments());
        if let Some(out) = self.out {
            command.stdout(out.sender());
        }
        command.exec()
    }
}

fn with_packet_socket<'a>(closes: bool) -> WithPacketSocket<'a> {
    let sock = Sock::new(libc::AF_PACKET, libc::SOCK_RAW, 0).expect("a packet socket");
    if !closes {
        inherit(&sock);
    }
    WithPacketSocket {
        _sock: sock,
        out: None,
    }
}

/// Makes a socket stay open in programs that are executed.
fn inherit(sock: &Sock) {
    fcntl(sock.number(), F_SETFD, 0).expect("F_SETFD");
}
