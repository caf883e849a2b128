// SPDX-License-Identifier: GPL-2.0

//! What a request costs the whole machine, server and client together: unmodified nginx
//! and redis, and an echo of datagrams. The servers run without an association, beside
//! one, associated, and in network namespaces; the client always runs outside.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::process::{Child as Process, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use addrconf_abi::{AddrEntry, Target};
use addrconf_test_client::Device;
use addrconf_test_sys::child::Child;
use addrconf_test_sys::clock::now;

/// Connections, or datagrams, that wait for their answers at the same time.
const AT_ONCE: usize = 20;
/// Requests in the shorter and in the longer of the two runs, whose difference counts: it
/// has neither the client's start nor the first connections.
const RUNS: [usize; 2] = [1_000, 6_000];
const HTTP: u16 = 8080;
const REDIS: u16 = 6379;
const ECHO: u16 = 7;

/// Where a server runs.
struct Setting {
    name: &'static str,
    /// Words before the server's command.
    prefix: Vec<String>,
    addr: Ipv4Addr,
}

impl Setting {
    fn new(name: &'static str, addr: Ipv4Addr, prefix: &str) -> Self {
        Self {
            name,
            addr,
            prefix: prefix.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

/// Measures servers at `host`, and in the namespaces that are given as a name and an
/// address. `configuration` is nginx's.
pub fn run(configuration: &str, host: Ipv4Addr, namespaces: &[(String, Ipv4Addr)]) {
    let measure = |setting: &Setting| measure(configuration, setting);
    // Before there is an association: afterwards hooks stay in force for a while.
    measure(&Setting::new("unassociated", host, ""));
    for (name, addr) in namespaces {
        let prefix = format!("ip netns exec {name} ");
        let name: &'static str = name.clone().leak();
        measure(&Setting::new(name, *addr, &prefix));
    }
    let prefix = format!("addrctl run --addr {host} --");
    measure(&Setting::new("associated", host, &prefix));
    let _other = another_association();
    measure(&Setting::new("beside one", host, ""));
}

/// An association of a process that sleeps, with an address that nobody uses.
fn another_association() -> Child {
    let child = Child::spawn(|| loop {
        std::thread::park();
    });
    let set = [AddrEntry::host(Ipv4Addr::new(11, 0, 0, 1).into())];
    let device = Device::open().expect("the device");
    device
        .assign(Target::Pid(child.pid()), &set, "")
        .expect("assign");
    child
}

fn measure(configuration: &str, setting: &Setting) {
    let report = |program: &str, load: &dyn Fn(usize)| {
        let [few, many] = RUNS.map(|requests| {
            let start = now();
            load(requests);
            now() - start
        });
        let cost = many.saturating_sub(few) / (RUNS[1] - RUNS[0]) as u64;
        println!("{program}\t{}\t{cost}", setting.name);
    };
    let at = |port| SocketAddrV4::new(setting.addr, port);

    let server = Server::start(setting, &["nginx", "-c", configuration], at(HTTP));
    let length = answer_length(at(HTTP));
    report("nginx, kept alive", &|n| kept(at(HTTP), length, n));
    report("nginx, connecting", &|n| fresh(at(HTTP), n));
    drop(server);

    let redis = "redis-server --save --appendonly no --protected-mode no --port 6379";
    let mut words: Vec<&str> = redis.split(' ').collect();
    // An empty list of times at which it saves.
    words.insert(2, "");
    let server = Server::start(setting, &words, at(REDIS));
    report("redis, GET", &|n| redis_benchmark(setting.addr, n));
    drop(server);

    let own = std::env::current_exe().expect("this program");
    let own = own.to_str().expect("a path in UTF-8");
    let server = Server::spawn(setting, &[own, "echo"]);
    let client = UdpSocket::bind("0.0.0.0:0").expect("bind");
    client.connect(at(ECHO)).expect("connect");
    until_it_answers(|| echoes(&client));
    report("UDP echo", &|n| echoed(&client, n));
    drop(server);
}

/// A running server, which ends with this.
struct Server(Process);

impl Server {
    fn spawn(setting: &Setting, command: &[&str]) -> Self {
        let mut words = setting
            .prefix
            .iter()
            .map(String::as_str)
            .chain(command.iter().copied());
        let program = words.next().expect("a command");
        let child = Command::new(program)
            .args(words)
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap_or_else(|e| panic!("{program}: {e}")))
    }

    fn start(setting: &Setting, command: &[&str], at: SocketAddrV4) -> Self {
        let server = Self::spawn(setting, command);
        until_it_answers(|| TcpStream::connect(at).is_ok());
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("kill");
        self.0.wait().expect("wait");
    }
}

fn until_it_answers(answers: impl Fn() -> bool) {
    for _ in 0..600 {
        if answers() {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("the server does not answer");
}

const KEEP: &[u8] = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
const CLOSE: &[u8] = b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";

/// The length of an answer on a connection that is kept.
fn answer_length(at: SocketAddrV4) -> usize {
    let mut stream = TcpStream::connect(at).expect("connect");
    stream.write_all(KEEP).expect("a request");
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "nginx has the page");
    length
}

fn kept(at: SocketAddrV4, length: usize, requests: usize) {
    let connect = || TcpStream::connect(at).expect("connect");
    let mut streams: Vec<TcpStream> = (0..AT_ONCE).map(|_| connect()).collect();
    let mut answer = vec![0; length];
    for _ in 0..requests / AT_ONCE {
        for stream in &mut streams {
            stream.write_all(KEEP).expect("a request");
        }
        for stream in &mut streams {
            stream.read_exact(&mut answer).expect("an answer");
        }
    }
}

fn fresh(at: SocketAddrV4, requests: usize) {
    let mut answer = Vec::new();
    for _ in 0..requests {
        let mut stream = TcpStream::connect(at).expect("connect");
        stream.write_all(CLOSE).expect("a request");
        answer.clear();
        stream.read_to_end(&mut answer).expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

fn redis_benchmark(addr: Ipv4Addr, requests: usize) {
    let (clients, requests) = (AT_ONCE.to_string(), requests.to_string());
    let status = Command::new("redis-benchmark")
        .args(["-h", &addr.to_string(), "-p", &REDIS.to_string()])
        .args(["-c", &clients, "-n", &requests, "-t", "get", "-q"])
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("redis-benchmark").success());
}

fn echoes(client: &UdpSocket) -> bool {
    client
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("a limit");
    let answered = client.send(b"x").is_ok() && client.recv(&mut [0; 8]).is_ok();
    client.set_read_timeout(None).expect("no limit");
    answered
}

fn echoed(client: &UdpSocket, requests: usize) {
    for _ in 0..requests / AT_ONCE {
        for _ in 0..AT_ONCE {
            client.send(b"x").expect("send");
        }
        for _ in 0..AT_ONCE {
            client.recv(&mut [0; 8]).expect("an echo");
        }
    }
}

/// The server that sends each datagram back.
pub fn echo() {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, ECHO)).expect("bind");
    let mut data = [0; 2048];
    loop {
        // An error of an earlier datagram, whose sender is gone.
        let Ok((length, from)) = socket.recv_from(&mut data) else {
            continue;
        };
        let _ = socket.send_to(&data[..length], from);
    }
}
