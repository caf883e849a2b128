// SPDX-License-Identifier: GPL-2.0

//! Users of customers, whom rules know by their uid: logins, user managers, cron.

use std::fs;

use crate::command::{answer, done, eventually};
use crate::customer::{association, BLOG, FREE, SHOP};
use crate::machine;
use crate::report::Report;

/// A user of shop.
const USER: &str = "shop-user";
const UID: &str = "4410";

/// The unit of its manager, which systemd starts with the machine once the user lingers.
pub const MANAGER: &str = "user@4410.service";
const HOME: &str = "/home/shop-user";

/// The key of the administrator, with which the tests log in.
const KEY: &str = "/root/.ssh/id_ed25519";

pub fn tests(report: &mut Report) {
    report.test("a_login_is_confined", || {
        fs::create_dir_all(format!("{HOME}/.ssh")).expect("mkdir");
        fs::create_dir_all("/root/.ssh").expect("mkdir");
        done(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY]);
        for home in [HOME, "/root"] {
            fs::create_dir_all(format!("{home}/.ssh")).expect("mkdir");
            fs::copy(format!("{KEY}.pub"), format!("{home}/.ssh/authorized_keys")).expect("copy");
        }
        done(&["chown", "-R", USER, &format!("{HOME}/.ssh")]);
        assert_eq!(login(USER), SHOP.whereabouts);
        // Users without a rule are free.
        assert_eq!(login("root"), FREE);
    });
    report.test("a_login_forwards_nothing", || {
        let loopback = association(BLOG.name)["loopback"].clone();
        let to = format!("{}:80", loopback.as_str().expect("a loopback"));
        // Forwarding is done in no association.
        let answered = forwarded("root", &to);
        assert!(answered.contains(&BLOG.page()), "{answered}");
        assert_eq!(forwarded(USER, &to), "");
    });
    report.test("a_user_manager_and_its_units_are_confined", || {
        done(&["loginctl", "enable-linger", USER]);
        user_manager_is_confined();
        let runtime = format!("XDG_RUNTIME_DIR=/run/user/{UID}");
        let start = [
            "runuser",
            "-u",
            USER,
            "--",
            "env",
            &runtime,
            "systemd-run",
            "--user",
        ];
        let how = ["--quiet", "--wait", "--pipe", "--collect", "whereabouts"];
        assert_eq!(done(&[&start[..], &how].concat()), SHOP.whereabouts);
    });
    report.test("what_cron_starts_is_confined", || {
        let tab = "PATH=/usr/local/bin:/usr/bin:/bin\n\
                   * * * * * shop-user whereabouts > /tmp/cron-shop.new && mv /tmp/cron-shop.new /tmp/cron-shop\n\
                   * * * * * user whereabouts > /tmp/cron-free.new && mv /tmp/cron-free.new /tmp/cron-free\n";
        fs::create_dir_all("/etc/cron.d").expect("mkdir");
        fs::write("/etc/cron.d/customers", tab).expect("write");
        for (name, expected) in [("shop", SHOP.whereabouts), ("free", FREE)] {
            let path = format!("/tmp/cron-{name}");
            eventually("answer of what cron starts", || fs::exists(&path).is_ok_and(|is| is));
            assert_eq!(fs::read_to_string(&path).expect("the answer").trim(), expected);
        }
        fs::remove_file("/etc/cron.d/customers").expect("rm");
    });
}

/// Checks that the manager is in the association of shop, once it runs.
pub fn user_manager_is_confined() {
    eventually("user manager", || machine::state(MANAGER) == "active");
    let pid = machine::property(MANAGER, "MainPID");
    let shown = done(&["addrctl", "show", &pid]);
    assert!(shown.contains(SHOP.name), "{shown}");
}

/// What `whereabouts` prints in a login of a user.
fn login(user: &str) -> String {
    ssh(&format!("{user}@127.0.0.1 /usr/local/bin/whereabouts"))
}

/// The page that a web server at a place sends to the sshd of a user's login.
fn forwarded(user: &str, to: &str) -> String {
    ssh(&format!("-W {to} {user}@127.0.0.1"))
}

/// What ssh prints with these words, for a request of a page on its standard input.
fn ssh(words: &str) -> String {
    let options = "-o StrictHostKeyChecking=no -o BatchMode=yes";
    // nginx answers nobody who closes at once.
    let request = r"{ printf 'GET /page.php HTTP/1.0\r\n\r\n'; sleep 15; }";
    answer(&["sh", "-c", &format!("{request} | ssh {options} {words}")])
}
