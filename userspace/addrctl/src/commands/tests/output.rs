// SPDX-License-Identifier: GPL-2.0

//! Tests of the output: what is compared here is what users rely on.

use addrconf_abi::{Name, SourceChoice, Terms, ABI_VERSION};

use super::schema;
use crate::client::{Association, Leftover};
use crate::commands::list::Listed;
use crate::commands::show::Shown;
use crate::output::{Answer, View};

fn web() -> Association {
    let mut terms = Terms::DEFAULT;
    terms.name = Name::new("web").unwrap();
    terms.exclusive = true;
    terms.allow_raw = true;
    terms.source = SourceChoice::Random;
    terms.loopback = Some([127, 64, 0, 2].into());
    Association {
        abi: ABI_VERSION,
        id: 1,
        terms,
        addresses: "10.0.0.0/24,10.0.1.1,2001:db8::1".parse().unwrap(),
        pids: vec![812, 813],
        process_count: 2,
        task_count: 9,
        socket_count: 17,
        defined: false,
        granted_to: Some(1000),
        leftovers: vec![Leftover {
            addr: [10, 0, 2, 1].into(),
            connection_count: 3,
        }],
    }
}

fn large() -> Association {
    Association {
        abi: 1,
        id: 12,
        terms: Terms::default(),
        addresses: "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6"
            .parse()
            .unwrap(),
        pids: vec![],
        process_count: 70_000,
        task_count: 70_001,
        socket_count: 0,
        defined: false,
        granted_to: None,
        leftovers: vec![],
    }
}

fn listed(associations: &[Association]) -> Listed {
    Listed {
        associations: associations.iter().map(View::new).collect(),
    }
}

/// What is shown of an association with a process of this name, and others without.
fn shown(association: &Association, pid: i32, comm: &str) -> Shown {
    let comm = |of| (of == pid).then(|| comm.to_owned());
    Shown {
        association: View::with_processes(association, comm),
    }
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_table_is_aligned() {
    assert_eq!(
        text(|out| listed(&[web(), large()]).table(out)),
        "\
ID  NAME  ADDRESSES                                       EXCLUSIVE  SOURCE  LOOPBACK    PROCESSES  TASKS  SOCKETS
 1  web   10.0.0.0/24,10.0.1.1,2001:db8::1                yes        random  127.64.0.2          2      9       17
12  -     10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4 and 2 more  -          -       -               70000  70001        -
note: association 1 (web) still has 3 connections on 10.0.2.1, which left its set; `addrctl replace --reset` ends them
"
    );
}

#[test]
fn an_empty_table_is_its_heading() {
    assert_eq!(
        text(|out| listed(&[]).table(out)),
        "ID  NAME  ADDRESSES  EXCLUSIVE  SOURCE  LOOPBACK  PROCESSES  TASKS  SOCKETS\n"
    );
}

#[test]
fn show_names_primaries_and_commands_and_keeps_them_off_the_terminal() {
    let shown = shown(&web(), 812, "nginx\u{1b}[2J");
    assert_eq!(
        text(|out| shown.table(out)),
        "\
association  1
name         web
addresses    10.0.0.0/24
             10.0.1.1 (primary)
             2001:db8::1 (primary)
defined      no
exclusive    yes
source       random
loopback     127.64.0.2
reaches      -
on refusal   errno
allows       raw
granted to   user 1000
processes    812 (nginx\\u{1b}[2J)
             813
tasks        9
sockets      17
leftovers    10.0.2.1 (3 connections)
"
    );
}

#[test]
fn show_says_how_many_processes_it_leaves_out() {
    let mut large = large();
    large.pids = vec![4];
    let text = text(|out| shown(&large, 4, "sh").table(out));
    assert!(text.contains("processes    4 (sh)\n             and 69999 more\n"));
}

#[test]
fn the_json_of_list_is_stable() {
    let mut nameless = large();
    nameless.addresses = "2001:db8::/64".parse().unwrap();
    let printed = text(|out| listed(&[web(), nameless]).json(out));
    schema::check("list", &serde_json::from_str(&printed).unwrap());
    assert_eq!(
        printed,
        r#"{
  "version": 1,
  "associations": [
    {
      "id": 1,
      "name": "web",
      "defined": false,
      "addresses": [
        "10.0.0.0/24",
        "10.0.1.1",
        "2001:db8::1"
      ],
      "primary": {
        "ipv4": "10.0.1.1",
        "ipv6": "2001:db8::1"
      },
      "exclusive": true,
      "source": "random",
      "loopback": "127.64.0.2",
      "host_loopback": null,
      "on_refusal": "errno",
      "allow": [
        "raw"
      ],
      "granted_to": 1000,
      "process_count": 2,
      "task_count": 9,
      "socket_count": 17,
      "leftovers": [
        {
          "address": "10.0.2.1",
          "connection_count": 3
        }
      ]
    },
    {
      "id": 12,
      "name": null,
      "defined": null,
      "addresses": [
        "2001:db8::/64"
      ],
      "primary": {
        "ipv4": null,
        "ipv6": null
      },
      "exclusive": null,
      "source": null,
      "loopback": null,
      "host_loopback": null,
      "on_refusal": null,
      "allow": null,
      "granted_to": null,
      "process_count": 70000,
      "task_count": 70001,
      "socket_count": null,
      "leftovers": null
    }
  ]
}
"#
    );
}

#[test]
fn the_json_of_show_is_stable() {
    let shown = shown(&web(), 812, "ng\"inx");
    let printed = text(|out| shown.json(out));
    schema::check("show", &serde_json::from_str(&printed).unwrap());
    assert_eq!(
        printed,
        r#"{
  "version": 1,
  "association": {
    "id": 1,
    "name": "web",
    "defined": false,
    "addresses": [
      "10.0.0.0/24",
      "10.0.1.1",
      "2001:db8::1"
    ],
    "primary": {
      "ipv4": "10.0.1.1",
      "ipv6": "2001:db8::1"
    },
    "exclusive": true,
    "source": "random",
    "loopback": "127.64.0.2",
    "host_loopback": null,
    "on_refusal": "errno",
    "allow": [
      "raw"
    ],
    "granted_to": 1000,
    "process_count": 2,
    "task_count": 9,
    "socket_count": 17,
    "leftovers": [
      {
        "address": "10.0.2.1",
        "connection_count": 3
      }
    ],
    "processes": [
      {
        "pid": 812,
        "command": "ng\"inx"
      },
      {
        "pid": 813,
        "command": null
      }
    ]
  }
}
"#
    );
}
