// SPDX-License-Identifier: GPL-2.0

//! Sessions of a customer's users: what `su`, `cron` and `sshd` start for a user lands in the
//! association that a rule about the user names.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::child::eventually;
use crate::client::Device;
use crate::program::{answer, arguments, rules, user_rule, Programs, Shops, BLOG, FREE, SHOP};
use crate::registry::{behaviour, everywhere, Test};

/// Two users of the guest, with what they are to be found in.
const USERS: [(&str, u32, &str); 2] = [("shop", 4400, SHOP), ("blog", 4401, BLOG)];

/// A way to a session: what a program prints in a session of a user.
type Session = fn(&Programs, &str) -> String;

const SESSIONS: [(&str, Session); 3] = [("su", by_su), ("sshd", by_sshd), ("cron", by_cron)];

pub fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (what, session) in SESSIONS {
        tests.extend([
            behaviour(
                format!("sessions_by_{what}_are_in_the_associations_of_their_users"),
                move || {
                    let (shops, programs) = (Shops::new(), Programs::new());
                    rules(&[
                        user_rule(USERS[0].1, &shops.shop),
                        user_rule(USERS[1].1, &shops.blog),
                    ]);
                    for (user, _, where_) in USERS {
                        assert_eq!(session(&programs, user), where_, "{user}");
                    }
                    assert_eq!(session(&programs, "user"), FREE);
                    eventually("the end of all sessions", || {
                        shops.shop.describe().tasks + shops.blog.describe().tasks == 0
                    });
                },
            ),
            everywhere(
                format!("sessions_by_{what}_are_free_without_rules"),
                move || {
                    if let Ok(device) = Device::try_open() {
                        device.set_rules(&[], 0).expect("no rules");
                    }
                    let programs = Programs::new();
                    for (user, ..) in USERS {
                        assert_eq!(session(&programs, user), FREE, "{user}");
                    }
                },
            ),
        ]);
    }
    tests
}

/// The line for a shell that runs a program of the test.
fn line(programs: &Programs) -> String {
    let path = programs.path("one");
    if !Path::new(&path).exists() {
        programs.copy("one");
    }
    format!("{path} {}", arguments().join(" "))
}

fn by_su(programs: &Programs, user: &str) -> String {
    answer(Command::new("su").args([user, "-c", &line(programs)]))
}

/// A server that is killed when this is dropped.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|e| panic!("{command:?}: {e}")))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn by_sshd(programs: &Programs, user: &str) -> String {
    let [key, host_key] = ["key", "host-key"].map(|name| {
        let path = programs.path(name);
        if !Path::new(&path).exists() {
            let args = ["-q", "-t", "ed25519", "-N", "", "-f", &path];
            assert!(Command::new("ssh-keygen")
                .args(args)
                .status()
                .expect("ssh-keygen")
                .success());
        }
        path
    });
    // Only root may write there: the privilege separation of sshd asks for it.
    fs::create_dir_all("/run/sshd").expect("mkdir");
    let config = programs.path("sshd_config");
    let text = format!(
        "Port 2222\nListenAddress 127.0.0.1\nHostKey {host_key}\nUsePAM yes\nStrictModes no\n\
         AuthorizedKeysFile {key}.pub\nPidFile none\n"
    );
    fs::write(&config, text).expect("write");
    let _sshd = Daemon::start(Command::new("/usr/sbin/sshd").args(["-D", "-e", "-f", &config]));
    eventually("sshd", || {
        std::net::TcpStream::connect("127.0.0.1:2222").is_ok()
    });
    let mut ssh = Command::new("ssh");
    ssh.args(["-q", "-i", &key, "-p", "2222"]);
    for option in [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "BatchMode=yes",
    ] {
        ssh.args(["-o", option]);
    }
    answer(ssh.args([&format!("{user}@127.0.0.1"), &line(programs)]))
}

fn by_cron(programs: &Programs, user: &str) -> String {
    let out = programs.path(&format!("cron-{user}"));
    fs::write(&out, "").expect("write");
    fs::set_permissions(&out, fs::Permissions::from_mode(0o666)).expect("chmod");
    let table = "/etc/cron.d/sessions";
    fs::create_dir_all("/etc/cron.d").expect("mkdir");
    fs::create_dir_all("/var/spool/cron/crontabs").expect("mkdir");
    let entry = format!("* * * * * {user} {} > {out}\n", line(programs));
    fs::write(table, entry).expect("write");
    fs::set_permissions(table, fs::Permissions::from_mode(0o644)).expect("chmod");
    // Cron works at the beginning of a minute: there is no need to wait for one.
    let set = "date -s \"$(date '+%Y-%m-%d %H:%M'):57\"";
    let dated = Command::new("sh")
        .args(["-c", set])
        .stdout(Stdio::null())
        .status();
    assert!(dated.expect("date").success());
    let _cron = Daemon::start(Command::new("/usr/sbin/cron").arg("-f"));
    let read = || fs::read_to_string(&out).expect("read").trim().to_owned();
    eventually("cron", || !read().is_empty());
    let _ = fs::remove_file(table);
    read()
}
