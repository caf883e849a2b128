// SPDX-License-Identifier: GPL-2.0

//! What is hardly meant: refused, or noted.

use super::refusals::refused;
use super::{addrctl, nginx};
use crate::testing::Fake;

/// A kernel with addresses, in which addrctl runs in process 812.
fn machine() -> Fake {
    let fake = nginx();
    let local = ["127.0.0.1", "10.0.0.1", "2001:db8::1"];
    fake.state().local = Some(local.map(|addr| addr.parse().unwrap()).to_vec());
    fake.state().ancestors = vec![812, 1];
    fake.state().processes.insert(1, "init".to_owned());
    fake
}

#[test]
fn the_first_process_and_ones_own_shell_are_not_associated_by_mistake() {
    for (pid, words) in [
        (
            "1",
            "cannot associate process 1 (init): it starts everything else on the machine",
        ),
        ("812", "addrctl itself runs in it"),
    ] {
        let fake = machine();
        refused(&fake, &format!("assign {pid} 10.0.0.1"), 1, words);
        assert!(fake.state().associations.is_empty());
        addrctl(&fake, &format!("assign {pid} 10.0.0.1 --force")).unwrap();
        assert_eq!(fake.state().associations.len(), 1);
    }
    addrctl(&machine(), "assign 813 10.0.0.1").unwrap();
}

#[test]
fn addresses_that_the_machine_does_not_have_are_noted() {
    let fake = machine();
    addrctl(&fake, "define shop 10.0.0.1,2001:db8::/64").unwrap();
    assert!(fake.state().notes.is_empty());
    addrctl(
        &fake,
        "assign 813 10.0.0.1,10.0.0.2,10.9.0.0/24 --name mail",
    )
    .unwrap();
    let notes = fake.state().notes.clone();
    let words = "no interface here has an address of 10.0.0.2,10.9.0.0/24: nothing arrives";
    assert!(notes[0].starts_with(words), "{notes:?}");

    let listed = addrctl(&fake, "list").unwrap();
    let note = "note: association 2 (mail) has 10.9.0.0/24, of which the machine has no address\n";
    assert!(listed.ends_with(note), "{listed}");
    let shown = addrctl(&fake, "show mail").unwrap();
    assert!(
        shown.ends_with("absent       10.0.0.2\n             10.9.0.0/24\n"),
        "{shown}"
    );
    let json = addrctl(&fake, "list --json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["associations"][0]["absent"], serde_json::json!([]));
    let absent = serde_json::json!(["10.0.0.2", "10.9.0.0/24"]);
    assert_eq!(json["associations"][1]["absent"], absent);
}
