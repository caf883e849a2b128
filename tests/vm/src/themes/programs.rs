// SPDX-License-Identifier: GPL-2.0

//! Unmodified programs, with their defaults.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::addr::{Addr, HOST4, HOST6, ONE, TWO};
use crate::child::eventually;
use crate::registry::{behaviour, everywhere, Test};
use crate::server::{nobody_answers, source_seen};
use crate::sock::{Proto::Tcp, Sock};

use super::addrctl::ADDRCTL;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("two_nginx_share_port_80", || {
            let dirs = ["one", "two"].map(Directory::new);
            let _one = tenant(ONE, &nginx(&dirs[0], "one"));
            let _two = tenant(TWO, &nginx(&dirs[1], "two"));
            for (addrs, page) in [(ONE, "page one"), (TWO, "page two")] {
                for addr in addrs {
                    eventually("a page", || {
                        fetch(addr, 80).is_some_and(|text| text.contains(page))
                    });
                }
            }
            nowhere_else();
        }),
        behaviour("two_python_servers_share_port_80", || {
            let dirs = ["python-one", "python-two"].map(Directory::new);
            let serve = |set: &[&str], word: &str, dir: &Directory| {
                dir.write(word, word);
                let command = ["python3", "-m", "http.server", "--directory", &dir.0, "80"];
                tenant(&set[..1], &command.map(str::to_owned))
            };
            let _one = serve(ONE, "python-one", &dirs[0]);
            let _two = serve(TWO, "python-two", &dirs[1]);
            for (set, word) in [(ONE, "python-one"), (TWO, "python-two")] {
                eventually("a page", || {
                    fetch(set[0], 80).is_some_and(|text| text.contains(word))
                });
            }
            nowhere_else();
        }),
        behaviour("two_redis_share_a_port", || {
            let serve = |set: &[&str], nr: &str| {
                let command = [
                    "redis-server",
                    "--port",
                    "6379",
                    "--bind",
                    set[0],
                    set[1],
                    "--save",
                    "",
                    "--maxclients",
                    nr,
                    "--protected-mode",
                    "no",
                ];
                tenant(set, &command.map(str::to_owned))
            };
            let _one = serve(ONE, "101");
            let _two = serve(TWO, "102");
            for (set, nr) in [(ONE, "101"), (TWO, "102")] {
                for addr in set {
                    eventually("an answer", || {
                        redis_maxclients(addr).as_deref() == Some(nr)
                    });
                }
            }
        }),
        behaviour("redis_cannot_bind_to_another_tenants_address", || {
            let output = Command::new(ADDRCTL)
                .args(["run", "--addr", &ONE.join(","), "--", "redis-server"])
                .args(["--port", "6379", "--bind", TWO[0], "--save", ""])
                .output()
                .expect("addrctl");
            assert!(!output.status.success());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("Cannot assign requested address"), "{text}");
        }),
        behaviour("curl_comes_from_the_set", || {
            for (host, url, from) in [
                (HOST4, format!("http://{HOST4}"), ONE[0]),
                (HOST6, format!("http://[{HOST6}]"), ONE[1]),
            ] {
                let seen = source_seen(Tcp, host, &[], |to| {
                    let url = format!("{url}:{}/", to.port());
                    // The server does not answer. It is enough that curl connects.
                    let args = ["curl", "-g", "-s", "--max-time", "2", &url];
                    let mut asking = tenant(ONE, &args.map(str::to_owned));
                    asking.0.wait().expect("curl");
                });
                assert_eq!(seen.ip(), crate::addr::ip(from));
            }
        }),
        everywhere("an_unassociated_nginx_answers_at_every_address", || {
            let dir = Directory::new("host");
            let _server = Program::start(&nginx(&dir, "host"));
            for addr in ["10.0.0.1", HOST4, "127.0.0.1", HOST6, "::1"] {
                eventually("a page", || {
                    fetch(addr, 80).is_some_and(|text| text.contains("page host"))
                });
            }
        }),
        everywhere("two_unassociated_nginx_do_not_share_a_port", || {
            let dirs = ["first", "second"].map(Directory::new);
            let _first = Program::start(&nginx(&dirs[0], "first"));
            eventually("a page", || fetch(HOST4, 80).is_some());
            let command = nginx(&dirs[1], "second");
            let second = Command::new(&command[0]).args(&command[1..]).output();
            let second = second.expect("nginx");
            assert!(!second.status.success());
            let text = String::from_utf8_lossy(&second.stderr).into_owned();
            assert!(text.contains("Address already in use"), "{text}");
        }),
    ]
}

/// A running program, which is killed when this is dropped. The runner kills the
/// processes that it leaves behind.
pub(super) struct Program(Child);

impl Program {
    pub(super) fn start(command: &[String]) -> Self {
        let child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap_or_else(|e| panic!("{}: {e}", command[0])))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program as a tenant.
fn tenant(set: &[&str], command: &[String]) -> Program {
    tenant_with(&[], set, command)
}

/// Starts a program as a tenant, with options of addrctl.
pub(super) fn tenant_with(options: &[&str], set: &[&str], command: &[String]) -> Program {
    let set = set.join(",");
    let run = [&[ADDRCTL, "run", "--addr", &set], options, &["--"]].concat();
    let run: Vec<String> = run.into_iter().map(str::to_owned).collect();
    Program::start(&[&run[..], command].concat())
}

/// A directory for a program, which is removed when this is dropped.
pub(super) struct Directory(String);

impl Directory {
    pub(super) fn new(name: &str) -> Self {
        let dir = format!("/tmp/addrconf-vmtests-{}-{name}", std::process::id());
        fs::create_dir_all(&dir).expect("mkdir");
        Self(dir)
    }

    fn write(&self, file: &str, text: &str) -> String {
        let path = format!("{}/{file}", self.0);
        fs::write(&path, text).expect("write");
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The command of an nginx that listens on every address, with a page that contains
/// `name`.
pub(super) fn nginx(dir: &Directory, name: &str) -> Vec<String> {
    dir.write("index.html", &format!("page {name}\n"));
    let dir_name = &dir.0;
    let config = format!(
        "daemon off;\nworker_processes 2;\npid {dir_name}/pid;\nerror_log stderr;\nuser root;\n\
         events {{}}\nhttp {{\n  access_log off;\n\
           server {{\n    listen 80;\n    listen [::]:80;\n    root {dir_name};\n  }}\n}}\n"
    );
    let file = dir.write("nginx.conf", &config);
    ["nginx", "-e", "stderr", "-c", &file]
        .map(str::to_owned)
        .into()
}

/// The command of a redis that listens on loopback, and is identified by `limit`.
pub(super) fn redis(limit: &str) -> Vec<String> {
    let command = [
        "redis-server",
        "--port",
        "6379",
        "--bind",
        "127.0.0.1",
        "::1",
        "--save",
        "",
        "--maxclients",
        limit,
    ];
    command.map(str::to_owned).into()
}

/// A page of a web server; `None` if it does not answer.
pub(super) fn fetch(addr: &str, port: u16) -> Option<String> {
    converse(addr, port, "GET / HTTP/1.0\r\n\r\n", |_| false)
}

/// The `maxclients` setting of the redis at an address, which identifies it.
pub(super) fn redis_maxclients(addr: &str) -> Option<String> {
    let text = converse(addr, 6379, "CONFIG GET maxclients\r\n", |text| {
        text.matches("\r\n").count() >= 5
    })?;
    text.lines().nth(4).map(str::to_owned)
}

/// Sends `say`, and reads until `enough` returns true or the end.
fn converse(addr: &str, port: u16, say: &str, enough: impl Fn(&str) -> bool) -> Option<String> {
    use std::io::Write;
    let to = Addr::from((addr, port)).internet();
    let mut stream = TcpStream::connect(to).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(say.as_bytes()).ok()?;
    let mut text = String::new();
    let mut chunk = [0; 4096];
    while !enough(&text) {
        match stream.read(&mut chunk).ok()? {
            0 => break,
            n => text += &String::from_utf8_lossy(&chunk[..n]),
        }
    }
    Some(text)
}

/// Panics if a server answers on port 80 outside the tenants' addresses.
fn nowhere_else() {
    for addr in [HOST4, HOST6, "127.0.0.1", "::1"] {
        nobody_answers(Tcp, (addr, 80));
    }
    // The host can bind to the port on its own address.
    Sock::v4(Tcp)
        .bind((HOST4, 80))
        .expect("port 80 of the host");
}
