// SPDX-License-Identifier: GPL-2.0

//! `doctor`: nothing about a healthy machine, and each fault with what mends it.

use caps::Capability;
use rustix::io::Errno;
use serde_json::Value;

use super::{addrctl, nginx, run};
use crate::system::{Credentials, State};
use crate::testing::{tcp, Fake};

/// A machine with an exclusive association, of process 812, and nothing wrong.
fn machine() -> Fake {
    let fake = nginx();
    fake.state().local = Some(vec!["10.0.0.1".parse().unwrap()]);
    fake.state().security_modules = Some("capability,landlock,addrconf".to_owned());
    fake.state().nameservers = vec!["192.0.2.53".parse().unwrap()];
    let user = Credentials {
        uid: 33,
        is_root: false,
        capabilities: [Capability::CAP_NET_BIND_SERVICE].into(),
    };
    fake.state().credentials.insert(812, user);
    addrctl(&fake, "define shop 10.0.0.1 --exclusive").unwrap();
    addrctl(&fake, "assign 812 --to shop").unwrap();
    assert_eq!(run(&fake, "doctor").1, "");
    addrctl(&fake, "doctor").unwrap();
    fake
}

/// The checks that found something, of the output for programs; and the output for people.
#[track_caller]
fn found(fake: &Fake) -> (Vec<String>, String) {
    let (result, json) = run(fake, "doctor --json");
    let document: Value = serde_json::from_str(&json).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let names = findings
        .iter()
        .map(|f| f["check"].as_str().unwrap().to_owned());
    let names: Vec<_> = names.collect();
    let error = result.expect_err("a finding");
    assert_eq!(error.exit_code(), 7);
    let s = if names.len() == 1 { "" } else { "s" };
    let says = format!("cannot vouch for the machine: {} finding{s}", names.len());
    assert_eq!(error.to_string(), says);
    (names, run(fake, "doctor").1)
}

/// That a machine with one fault has one finding, which says this.
#[track_caller]
fn says(fake: &Fake, check: &str, text: &str) {
    let (names, printed) = found(fake);
    assert_eq!(names, [check], "{printed}");
    assert_eq!(printed, text);
}

#[test]
fn a_healthy_machine_has_no_finding() {
    let fake = machine();
    let json = addrctl(&fake, "doctor --json").unwrap();
    assert!(json.contains("\"findings\": []"), "{json}");
    // What cannot be read is no fault.
    fake.state().security_modules = None;
    fake.state().local = None;
    fake.state().credentials.clear();
    fake.state().nameservers.clear();
    assert_eq!(addrctl(&fake, "doctor").unwrap(), "");
}

#[test]
fn a_kernel_without_the_gate_is_named() {
    let fake = machine();
    fake.state().security_modules = Some("capability,addrconfig".to_owned());
    says(
        &fake,
        "gate",
        "machine: addrconf is not among the kernel's security modules (capability,addrconfig)\n  \
         start the kernel with lsm=capability,addrconfig,addrconf; one that still does not list it \
         in /sys/kernel/security/lsm was built without CONFIG_SECURITY_ADDRCONF\n",
    );
}

#[test]
fn the_place_of_the_gate_among_security_modules_is_no_fault() {
    let fake = machine();
    for modules in [
        "addrconf",
        "capability,addrconf,landlock,yama,apparmor,bpf",
        "lockdown,capability,landlock,yama,apparmor,bpf,addrconf",
        "capability,bpf,selinux,addrconf,ima,evm",
        "capability,smack,addrconf",
    ] {
        fake.state().security_modules = Some(modules.to_owned());
        assert_eq!(addrctl(&fake, "doctor").unwrap(), "", "{modules}");
    }
}

#[test]
fn a_module_that_is_not_there_is_a_finding_and_a_missing_right_an_error() {
    let fake = machine();
    fake.state().no_device = Some(Errno::NOENT);
    says(
        &fake,
        "module",
        "machine: the addrconf module is not loaded (no /dev/addrconf)\n  run `modprobe addrconf` \
         or `insmod addrconf.ko`\n",
    );
    fake.state().hidden_device = true;
    assert!(found(&fake).1.contains("PrivateDevices=yes hides it"));
    fake.state().no_device = Some(Errno::ACCESS);
    let error = addrctl(&fake, "doctor").unwrap_err();
    assert_eq!(error.exit_code(), 4);
}

#[test]
fn an_older_module_is_named() {
    let fake = machine();
    fake.state().module = Some(8);
    says(
        &fake,
        "version",
        "machine: the module has version 8 of the interface, addrctl has 10: some commands do not \
         work\n  install the module of this version\n",
    );
}

#[test]
fn policy_files_have_no_fault_and_are_in_force() {
    let fake = machine();
    let write = |name: &str, text: &str| {
        let path = format!("/etc/addrconf/{name}.toml").into();
        fake.state().policies.insert(path, text.to_owned());
    };
    write("shop", "addresses = [\"10.0.0.1\"]\nexclusive = true\n");
    assert_eq!(addrctl(&fake, "doctor").unwrap(), "");
    write("blog", "addresses = [\"10.0.0.2\"]\n");
    says(
        &fake,
        "policy-differs",
        "machine: it is not as the files in /etc/addrconf say: `addrctl apply` would define blog \
         10.0.0.2\n  `addrctl apply`, or `systemctl restart addrconf.service`\n",
    );
    write("blog", "adresses = []\n");
    let (names, printed) = found(&fake);
    assert_eq!(names, ["policy-fault"]);
    assert!(printed.contains("/etc/addrconf/blog.toml:1:1"), "{printed}");
}

#[test]
fn addresses_are_there_and_up() {
    let fake = machine();
    fake.state().down = vec!["10.0.0.1".parse().unwrap()];
    says(
        &fake,
        "interface-down",
        "association 1 (shop): its address 10.0.0.1 is on eth0, which is down\n  `ip link set eth0 \
         up`\n",
    );
    fake.state().local = Some(Vec::new());
    says(
        &fake,
        "address-absent",
        "association 1 (shop): no interface has its address 10.0.0.1\n  `ip address add 10.0.0.1 \
         dev INTERFACE`\n",
    );
}

#[test]
fn exclusive_addresses_are_that_of_one() {
    let fake = machine();
    addrctl(&fake, "define blog 10.0.0.1 --exclusive --force").unwrap();
    says(
        &fake,
        "exclusive-shared",
        "association 1 (shop): it and association 2 are both exclusive and have 10.0.0.1\n  take it \
         from one of them: `addrctl remove --association 2 10.0.0.1`\n",
    );
}

/// Adds a TCP listener that a process holds.
fn listener(fake: &Fake, local: &str, pid: i32) {
    let socket = tcp(local, State::Listening, 7);
    fake.state().sockets.push((socket, vec![pid]));
}

#[test]
fn a_service_of_the_host_at_an_exclusive_address_is_named() {
    let fake = machine();
    listener(&fake, "10.0.0.1:3306", 813);
    says(
        &fake,
        "host-listener",
        "association 1 (shop): process 813 (nginx), which is in no association, listens at \
         10.0.0.1:3306\n  let it listen at an address of its own, or put it into the association\n",
    );
}

#[test]
fn sockets_that_are_left_have_holders() {
    let fake = machine();
    {
        let mut state = fake.state();
        let shop = state.associations.get_mut(&1).unwrap();
        shop.lingering = 100;
        shop.defined = false;
        shop.pids.clear();
    }
    let mend = "\n  it ends when they are closed: restart those that hold them, or put them back \
                with `addrctl assign`; `addrctl sockets` lists them\n";
    let unseen = "association 1 (shop): it has no process, and 1 socket, which no process shows";
    says(&fake, "sockets-left", &format!("{unseen}{mend}"));
    listener(&fake, "10.0.0.1:80", 812);
    fake.state().group("/system.slice/nginx.service", &[812]);
    let held =
        "association 1 (shop): it has no process, and 1 socket, held by process 812 (nginx) \
                of nginx.service";
    says(&fake, "sockets-left", &format!("{held}{mend}"));
}

#[test]
fn a_resolver_on_the_machines_loopback_is_out_of_reach_unless_the_terms_say_so() {
    let fake = machine();
    fake.state().nameservers = vec!["127.0.0.53".parse().unwrap()];
    let (names, printed) = found(&fake);
    assert_eq!(names, ["resolver"]);
    assert!(
        printed.contains("/etc/resolv.conf names 127.0.0.53 alone"),
        "{printed}"
    );
    fake.state().nameservers.push("192.0.2.53".parse().unwrap());
    assert_eq!(addrctl(&fake, "doctor").unwrap(), "");
    fake.state().nameservers.pop();
    addrctl(&fake, "release shop").unwrap();
    addrctl(&fake, "undefine shop").unwrap();
    addrctl(&fake, "define shop 10.0.0.1 --host-loopback 127.0.0.53").unwrap();
    assert_eq!(addrctl(&fake, "doctor").unwrap(), "");
}

#[test]
fn members_with_more_rights_than_a_tenant_may_have_are_named() {
    let fake = machine();
    let capabilities = [Capability::CAP_CHOWN, Capability::CAP_NET_ADMIN].into();
    let rights = Credentials {
        uid: 33,
        is_root: false,
        capabilities,
    };
    fake.state().credentials.insert(812, rights.clone());
    says(
        &fake,
        "capabilities",
        "association 1 (shop): CAP_NET_ADMIN, CAP_CHOWN for process 812 (nginx)\n  withhold them: \
         `addrctl run --user USER`, or CapabilityBoundingSet= and AmbientCapabilities= in its \
         unit\n",
    );
    // What a user 0 has is not said beside it.
    let root = Credentials {
        is_root: true,
        ..rights
    };
    fake.state().credentials.insert(812, root);
    says(
        &fake,
        "root",
        "association 1 (shop): user 0 runs process 812 (nginx)\n  start it as another user: \
         `addrctl run --user USER`, or User= in its unit\n",
    );
}
