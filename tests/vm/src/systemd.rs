// SPDX-License-Identifier: GPL-2.0

//! A systemd for a test: the first process of a pid namespace, with the machine's network and a
//! control group of its own.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::child::eventually;
use crate::program::answer;

/// Where its units are.
const UNITS: &str = "/etc/systemd/system";

/// What becomes systemd, with its control group as the only argument. A container is what systemd
/// takes this for.
const BOOT: &str = r#"
echo $$ > "$1"/cgroup.procs || exit
exec unshare --mount --pid --cgroup --ipc --uts --fork --kill-child sh -c '
mount -t proc proc /proc &&
umount /sys/fs/cgroup &&
mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
mount -t tmpfs tmpfs /run &&
export container=other &&
exec /usr/lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=no
'
"#;

/// A running systemd. It is killed with all its processes when this is dropped.
pub struct Systemd {
    namespace: Child,
    pid: String,
    group: String,
}

impl Systemd {
    /// Starts one that knows these units, by name and text.
    pub fn with(units: &[(&str, &str)]) -> Self {
        fs::create_dir_all(UNITS).expect("mkdir");
        let target = ("test.target", "[Unit]\nDescription=Test\n");
        for (name, text) in [&[target], units].concat() {
            fs::write(format!("{UNITS}/{name}"), text).expect("write");
        }
        let group = format!("machine-{}", std::process::id());
        let dir = format!("/sys/fs/cgroup/{group}");
        fs::create_dir_all(&dir).expect("a control group");
        let namespace = Command::new("sh")
            .args(["-c", BOOT, "sh", &dir])
            .stdin(Stdio::null())
            .spawn()
            .expect("sh");
        let parent = namespace.id().to_string();
        let mut systemd = Self {
            namespace,
            pid: String::new(),
            group,
        };
        eventually("systemd", || {
            systemd.pid = answer(Command::new("pgrep").args(["-P", &parent, "-x", "systemd"]));
            !systemd.pid.is_empty()
        });
        eventually("systemd that answers", || {
            systemd.ctl(&["is-system-running"]) == "running"
        });
        systemd
    }

    /// What `systemctl` prints.
    pub fn ctl(&self, args: &[&str]) -> String {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid, "-m", "-p", "-C", "systemctl"]);
        answer(command.args(args))
    }

    /// The control group of a service, as in `/proc/PID/cgroup` of the machine.
    pub fn group_of(&self, service: &str) -> String {
        format!("/{}/system.slice/{service}", self.group)
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = self.namespace.kill();
        let _ = self.namespace.wait();
        let dir = format!("/sys/fs/cgroup/{}", self.group);
        let all = [&dir, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"];
        // Its processes leave the groups as they end.
        eventually("the end of all processes", || {
            Command::new("find")
                .args(all)
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        });
        let _ = fs::remove_dir_all(UNITS);
    }
}
