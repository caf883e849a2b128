// SPDX-License-Identifier: GPL-2.0

//! Unmodified servers in three tenants, each with two addresses of each family. All are
//! on the same ports, and listen as they do by default.

use std::process::Command;

use crate::addr::{HOST4, HOST6, PAIRS, THIRD_PAIR};
use crate::child::{eventually, spawn_tenant, Channel, Child};
use crate::registry::{behaviour, Test};
use crate::server::{ask, nobody_answers};
use crate::sock::Proto::Tcp;

use super::programs::{fetch, nginx, redis, redis_maxclients, tenant_with, Directory, Program};

/// Name and set of each tenant.
const TENANTS: [(&str, &[&str]); 3] = [("one", PAIRS[0]), ("two", PAIRS[1]), ("three", THIRD_PAIR)];

/// A dual-stack server with three workers that share a port.
const ASYNCIO: &str = r#"
import asyncio, os, socket, sys

async def hello(reader, writer):
    writer.write(sys.argv[1].encode())
    await writer.drain()
    writer.close()

async def main(sock):
    async with await asyncio.start_server(hello, sock=sock) as server:
        await server.serve_forever()

for _ in range(3):
    if os.fork() == 0:
        asyncio.run(main(socket.create_server(
            ("", 8000), family=socket.AF_INET6, dualstack_ipv6=True, reuse_port=True)))
os.wait()
"#;

pub fn tests() -> Vec<Test> {
    vec![
        behaviour("three_nginx_and_one_of_the_host_have_port_80", || {
            let host_dir = Directory::new("host");
            let _host = Program::start(&nginx(&host_dir, "host"));
            let running = TENANTS.map(|(name, set)| {
                let dir = Directory::new(name);
                let program = tenant_with(&["--exclusive"], set, &nginx(&dir, name));
                (dir, program)
            });
            for (name, set) in TENANTS {
                pages(set, name);
            }
            pages(&[HOST4, HOST6, "127.0.0.1", "::1"], "host");
            let listeners = Command::new("ss").args(["-Hltn"]).output().expect("ss");
            let listeners = String::from_utf8_lossy(&listeners.stdout).into_owned();
            let wildcards = listeners.lines().filter(|l| l.contains(" 0.0.0.0:80 "));
            assert_eq!(wildcards.count(), 4, "{listeners}");
            drop(running);
        }),
        behaviour("three_redis_have_a_private_port_on_loopback", || {
            let host = Program::start(&redis("100"));
            let (up, go) = (Channel::new(), Channel::new());
            let tenants: Vec<Child> = (0..3)
                .map(|nr| {
                    spawn_tenant(TENANTS[nr].1, || {
                        let limit = (101 + nr).to_string();
                        let server = Program::start(&redis(&limit));
                        is_redis(&limit);
                        up.send("");
                        // Again, when all tenants have a redis.
                        go.receive();
                        is_redis(&limit);
                        drop(server);
                    })
                })
                .collect();
            for _ in &tenants {
                up.receive();
            }
            is_redis("100");
            for (_, set) in TENANTS {
                for addr in set {
                    nobody_answers(Tcp, (*addr, 6379));
                }
            }
            for _ in &tenants {
                go.send("");
            }
            tenants.into_iter().for_each(Child::succeeded);
            drop(host);
        }),
        behaviour("three_asyncio_servers_with_workers_have_one_port", || {
            let _servers = TENANTS.map(|(name, set)| {
                let command = ["python3", "-c", ASYNCIO, name];
                tenant_with(&[], set, &command.map(str::to_owned))
            });
            for (name, set) in TENANTS {
                for addr in set {
                    let answer = || ask(Tcp, (*addr, 8000));
                    eventually("an answer", || answer().is_ok());
                    for _ in 0..6 {
                        assert_eq!(answer().expect("no answer"), name, "{addr}");
                    }
                }
            }
            for addr in [HOST4, HOST6, "127.0.0.1", "::1"] {
                nobody_answers(Tcp, (addr, 8000));
            }
        }),
    ]
}

/// Waits for a web server's page at each of its addresses.
fn pages(set: &[&str], name: &str) {
    let page = format!("page {name}\n");
    for addr in set {
        eventually(&format!("page {name} at {addr}"), || {
            fetch(addr, 80).is_some_and(|text| text.ends_with(&page))
        });
    }
}

/// Waits until the redis with this limit answers on loopback.
fn is_redis(limit: &str) {
    for addr in ["127.0.0.1", "::1"] {
        eventually(&format!("redis {limit} at {addr}"), || {
            redis_maxclients(addr).as_deref() == Some(limit)
        });
    }
}
